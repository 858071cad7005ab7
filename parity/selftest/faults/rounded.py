"""Numbers kept with fewer decimals: rounding, half up, half even and truncated."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from random import Random
from typing import Any

from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side
from parity.selftest.bed import Bed, Column
from parity.selftest.fault import EVERYTHING, Changes, Fault, ImpossibleError, Seeded
from parity.selftest.faults.picking import (
    Edits,
    change,
    changed,
    either,
    long_enough,
    named,
    some,
    span,
    supported,
)

__all__ = ["FAULTS", "SHARE", "rounding"]

LEAST = 10
# Where few values of a stretch have the decimals that are lost, nobody can tell a rounding of one
# side from digits that were added on the other.
SHARE = 0.5
SIZES, BIG = 3, 0.2  # what the cells of a symbol's column lose, in units of the last decimal
MODES = {"half up": ROUND_HALF_UP, "half even": ROUND_HALF_EVEN, "cut off": ROUND_DOWN}


def rounding(
    bed: Bed, rng: Random, side: Side, places: Sequence[int], least: int = LEAST
) -> tuple[Edits, str] | None:
    """Fewer decimals; only of symbols in which at least so many rows change beyond tolerance.

    Raises:
        ImpossibleError: no column has decimals.
    """
    columns = _columns(bed, rng, side)
    most = min(_most(column, side) for column in columns)
    decimals = rng.choice(_decimals(bed, most))
    word = rng.choice(list(MODES))
    unit = Decimal(1).scaleb(-decimals)

    def make(value: Any) -> Decimal:
        return Decimal(str(value)).quantize(unit, MODES[word])

    edits = change(bed, side, places, dict.fromkeys(columns, make))
    if edits:
        edits = _telling(bed, side, edits, columns, decimals)
        edits = supported(bed, edits, changed(bed, side, edits), least, SHARE)
    if not edits:
        return None
    names = ", ".join(column.name for column in columns)
    return edits, f"{names} to {decimals} decimals, {word}, {len(edits)} rows"


def _telling(bed: Bed, side: Side, edits: Edits, columns: Sequence[Column], decimals: int) -> Edits:
    """The edits of symbols in which each column loses digits of several sizes.

    Where all of them lose the same, nobody can tell a rounding from a constant that was added.
    """
    unit, out = Decimal(1).scaleb(-decimals), Edits()
    for line in bed.lines:
        mine = {place: edits[place] for place in line.places if place in edits}
        if all(_several(bed, side, mine, column, unit) for column in columns):
            out |= mine
    return out


def _several(bed: Bed, side: Side, edits: Edits, column: Column, unit: Decimal) -> bool:
    """Whether the losses that other causes' undo cannot hide have three sizes, one of them big."""
    hidden = float(column.field.tolerance.abs) + 2 * column.field.unit(side)
    lost = set()
    for place, new in edits.items():
        if column.name in new:
            delta = float(bed.values[side][place][column.name]) - float(new[column.name])
            if abs(delta) > hidden:
                lost.add(round(delta / float(unit), 4))
    return len(lost) >= SIZES and max(map(abs, lost)) > BIG


def _columns(bed: Bed, rng: Random, side: Side) -> list[Column]:
    wanted = bed.prices if bed.dataset.kind is Kind.BARS and bed.prices else bed.numbers
    with_decimals = [column for column in wanted if column.decimals(side) != 0]
    if not with_decimals:
        raise ImpossibleError("no column has decimals")
    return with_decimals if rng.random() < 0.7 else [rng.choice(with_decimals)]


def _most(column: Column, side: Side) -> int:
    decimals = column.decimals(side)
    return 8 if decimals is None else decimals


def _decimals(bed: Bed, most: int) -> list[int]:
    fewest = 1 if bed.dataset.kind is Kind.BARS else 2
    return [n for n in range(most) if fewest <= n <= 6] or [0]


def _rounding(bed: Bed, rng: Random) -> Seeded | None:
    side, lines = either(rng), some(rng, long_enough(bed, LEAST))
    places = [place for line in lines for place in span(rng, line.places, LEAST)]
    found = rounding(bed, rng, side, places)
    if found is None:
        return None
    edits, told = found
    changes = Changes(side=side, edits=edits)
    return Seeded(side=side, changes=[changes], told=f"{named(lines)}: {told}")


FAULTS = (Fault(cause=Cause.ROUNDING, kinds=EVERYTHING, seed=_rounding),)
