"""Values that are gone or do not fit: null_mismatch, overflow."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side
from parity.selftest.bed import Bed, Column
from parity.selftest.fault import EVERYTHING, Changes, Fault, ImpossibleError, Seeded
from parity.selftest.faults.picking import Edits, changed, either, span

__all__ = ["FAULTS", "emptied"]


def emptied(bed: Bed, rng: Random, side: Side, places: list[int]) -> tuple[Edits, str] | None:
    """Some values of rows gone.

    Raises:
        ImpossibleError: no column may be NULL.
    """
    columns = [column for column in bed.columns if column.nullable[side]]
    if not columns:
        raise ImpossibleError("no compared column may be NULL")
    chosen = rng.sample(columns, min(len(columns), rng.choice([1, 1, 1, 2, 3])))
    edits: Edits = {}
    for place in places:
        row = bed.values[side][place]
        new = {column.name: None for column in chosen if row[column.name] is not None}
        if new:
            edits[place] = new
    if not edits:
        return None
    return edits, f"{', '.join(one.name for one in chosen)} NULL in {len(edits)} rows"


def _null_mismatch(bed: Bed, rng: Random) -> Seeded | None:
    side, line = either(rng), rng.choice(bed.lines)
    if rng.random() < 0.5:
        places = rng.sample(list(line.places), min(len(line.places), rng.randint(1, 5)))
    else:
        places = list(span(rng, line.places, min(3, len(line.places))))
    found = emptied(bed, rng, side, places)
    if found is None:
        return None
    edits, told = found
    changes = Changes(side=side, edits=edits)
    return Seeded(side=side, changes=[changes], told=f"{line.name}: {told}")


def _overflow(bed: Bed, rng: Random) -> Seeded | None:
    side = either(rng)
    column = rng.choice(bed.numbers) if bed.numbers else None
    if column is None:
        raise ImpossibleError("has no number")
    sizes = _sizes(bed, side, column)
    powers = [power for power in range(1, 19) if min(sizes) < 10**power <= max(sizes)]
    if not powers or (column.decimals(side) is None and column.field.tolerance.exact):
        return None
    power, decimals = rng.choice(powers), column.decimals(side)
    decimals = 8 if decimals is None else decimals
    gone = column.nullable[side] and rng.random() < 0.5
    largest = Decimal(10) ** power - Decimal(1).scaleb(-decimals)
    edits = _clipped(bed, side, column, largest, gone)
    over = {place: new for place, new in edits.items() if _size(bed, side, column, place) > largest}
    if changed(bed, side, edits) != over.keys():
        return None  # the type's decimals would change other rows too
    told = f"{column.name} as numeric({power + decimals},{decimals}): {len(over)} rows "
    return Seeded(
        side=side,
        changes=[
            Changes(
                side=side,
                edits=over,
                types={column.name: f"numeric({power + decimals},{decimals})"},
            )
        ],
        told=told + ("became NULL" if gone else "were cut to the largest value"),
    )


def _size(bed: Bed, side: Side, column: Column, place: int) -> Decimal:
    value = bed.values[side][place][column.name]
    return Decimal(0) if value is None else abs(Decimal(str(value)))


def _sizes(bed: Bed, side: Side, column: Column) -> list[Decimal]:
    return [_size(bed, side, column, place) for place in range(len(bed.keys))]


def _clipped(bed: Bed, side: Side, column: Column, largest: Decimal, gone: bool) -> Edits:
    edits: Edits = {}
    unit = Decimal(1).scaleb(largest.as_tuple().exponent)  # type: ignore[arg-type]
    for place, row in enumerate(bed.values[side]):
        value = row[column.name]
        if value is None:
            continue
        exact = Decimal(str(value))
        new: Any
        if abs(exact) > largest:
            new = None if gone else largest.copy_sign(exact)
        else:
            new = exact.quantize(unit)
        if new is None or new != exact:
            edits[place] = {column.name: _as(value, new)}
    return edits


def _as(like: Any, value: Decimal | None) -> Any:
    return float(value) if isinstance(like, float) and value is not None else value


FAULTS = (
    Fault(cause=Cause.NULL_MISMATCH, kinds=EVERYTHING, seed=_null_mismatch),
    Fault(cause=Cause.OVERFLOW, kinds=frozenset({Kind.INDICATORS}), seed=_overflow),
)
