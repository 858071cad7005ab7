"""A value does not fit the type that one side stores or computes it in.

Test: the other side's value is too large for the side's stored type, and the side has NULL, the
type's largest value, infinity, or the value's remainder modulo 2^16 or 2^32 (an integer that
wrapped, which may have happened before a wider column stored it). Proof: that arithmetic itself;
with the other side's value put in, the row is equal.

It comes before null_mismatch, which would take the rows with a NULL.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from parity.causes.context import Context
from parity.causes.fields import Field
from parity.causes.frame import Bools, Differences, Floats, Ints, other
from parity.causes.rule import Changed, Hypothesis, Rule
from parity.causes.scoping import known_equal, scopes_of
from parity.causes.serieswise import grouped
from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side

__all__ = ["RULE"]

_SINGLE, _DOUBLE = float(np.finfo(np.float32).max), float(np.finfo(np.float64).max)
_WORDS = (16, 32)
_NULL, _CLIPPED, _INFINITE, _WRAPPED = "null", "clipped", "infinite", "wrapped"


@dataclass(frozen=True, slots=True)
class _Cells:
    """Rows in which a column overflowed on a side, and how."""

    place: int
    how: str
    bits: int  # of the integer that wrapped or was clipped; 0 for the stored type
    rows: Bools


def _propose(found: Differences, rows: Ints, context: Context) -> Iterator[Hypothesis]:
    rows = rows[found.both[rows]]
    if not len(rows):
        return
    for side in Side:
        cells = [
            one
            for place, field in enumerate(found.fields)
            if field.number
            for one in _overflown(found, side, rows, place, field)
        ]
        if cells:
            yield from _hypotheses(found, side, rows, cells, context)


def _overflown(
    found: Differences, side: Side, rows: Ints, place: int, field: Field
) -> Iterator[_Cells]:
    mine = found.values[side].numbers[rows, place]
    theirs = found.values[other(side)].numbers[rows, place]
    null = found.values[side].null[rows, place]
    differs = found.differs[rows, place] & ~np.isnan(theirs)
    limit = _limit(field, side)
    # Signs, not the product: two values near the largest double have none.
    alike = (np.sign(mine) == np.sign(theirs)) & (theirs != 0)
    with np.errstate(invalid="ignore"):
        if limit is not None:
            # What rounds to the limit does not fit either.
            large = differs & (np.abs(theirs) >= limit - field.unit(side) / 2)
            largest = limit - field.unit(side)
            clipped = (np.abs(mine) >= largest * (1 - 1e-15)) & alike
            infinite = np.isinf(mine) & alike
            yield from _some(place, _NULL, 0, large & null)
            yield from _some(place, _INFINITE, 0, large & infinite)
            yield from _some(place, _CLIPPED, 0, large & clipped & ~infinite)
        if _integers(field, side, mine):
            for bits in _WORDS:
                large = differs & (np.abs(theirs) >= 2.0 ** (bits - 1)) & (np.abs(theirs) < 2.0**53)
                clipped = (mine == 2.0 ** (bits - 1) - 1) & (theirs > 0)
                clipped |= (mine == -(2.0 ** (bits - 1))) & (theirs < 0)
                already = limit is not None and limit == 2.0 ** (bits - 1)
                if not already:
                    yield from _some(place, _CLIPPED, bits, large & clipped)
                yield from _some(place, _WRAPPED, bits, large & _wraps(mine, theirs, bits))


def _limit(field: Field, side: Side) -> float | None:
    kind = field.types[side]
    if kind in ("real", "float4"):
        return _SINGLE
    return _DOUBLE if kind in ("double precision", "float8") else field.limit(side)


def _integers(field: Field, side: Side, values: Floats) -> bool:
    """True for a column of whole numbers, by its type or by all of its values here."""
    if field.decimals(side) == 0:
        return True
    known = values[np.isfinite(values)]
    return bool(len(known)) and bool((known == np.trunc(known)).all())


def _wraps(mine: Floats, theirs: Floats, bits: int) -> Bools:
    """Which values are the other's in an integer of so many bits, signed or not."""
    size = 2.0**bits
    rest = np.mod(np.trunc(theirs), size)
    signed = np.where(rest >= size / 2, rest - size, rest)
    wrapped: Bools = (mine == rest) | (mine == signed)
    return wrapped


def _some(place: int, how: str, bits: int, rows: Bools) -> Iterator[_Cells]:
    if rows.any():
        yield _Cells(place, how, bits, rows)


def _hypotheses(
    found: Differences, side: Side, rows: Ints, cells: list[_Cells], context: Context
) -> Iterator[Hypothesis]:
    """One for each symbol and set of columns that overflowed together."""
    pattern = np.zeros(len(rows), dtype=np.int64)
    for number, one in enumerate(cells[:62]):
        pattern |= one.rows.astype(np.int64) << number
    some = np.flatnonzero(pattern)
    scopes = scopes_of(found, rows[some], context)
    for group in grouped(scopes.number, pattern[some]):
        places = some[group]
        mine = [one for number, one in enumerate(cells[:62]) if pattern[places[0]] >> number & 1]
        name = scopes.names[scopes.number[group[0]]]
        yield _hypothesis(found, side, rows[places], mine, name)


def _hypothesis(
    found: Differences, side: Side, rows: Ints, cells: list[_Cells], symbol: str
) -> Hypothesis:
    values = found.values[side].take(rows)
    theirs = found.values[other(side)]
    numbers, null = values.numbers.copy(), values.null.copy()
    for place in {one.place for one in cells}:
        numbers[:, place] = theirs.numbers[rows, place]
        null[:, place] = theirs.null[rows, place]
    columns = list(dict.fromkeys(found.fields[one.place].name for one in cells))
    how = list(dict.fromkeys(one.how for one in cells))
    sentences = dict.fromkeys(_sentence(found.fields[one.place], side, one) for one in cells)
    subject = "{symbols}: " if symbol else ""
    return Hypothesis(
        rows=rows,
        proof=Changed(side, values.with_numbers(numbers, null), known_equal(found, rows)),
        identity=(side.value, ",".join(columns), "+".join(how), symbol),
        says=f"{subject}{' and '.join(sentences)}",
        undo=f"put {other(side).value}'s value in",
        evidence={
            "columns": columns,
            "overflow": how[0] if len(how) == 1 else how,
            "types": {
                found.fields[one.place].name: found.fields[one.place].types[side] for one in cells
            },
        },
        side=side,
    )


def _sentence(field: Field, side: Side, cells: _Cells) -> str:
    kind = f"a {cells.bits}-bit integer" if cells.bits else f"its type {field.types[side]}"
    name = field.name.replace("{", "{{").replace("}", "}}")
    end = {
        _NULL: "it is null there",
        _CLIPPED: "it is cut to the largest value",
        _INFINITE: "it is infinite there",
        _WRAPPED: f"it wrapped round modulo 2^{cells.bits}",
    }[cells.how]
    return f"{side.value}'s {name} does not fit {kind}: {end}"


RULE = Rule(cause=Cause.OVERFLOW, kinds=frozenset(Kind), order=49, propose=_propose)
