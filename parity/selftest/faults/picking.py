"""What faults share: where they are, how long, and how numbers are changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Any

from parity.model.verdict import Side
from parity.selftest.bed import Bed, Column, Line
from parity.selftest.expected import beyond
from parity.selftest.fault import ImpossibleError

__all__ = [
    "Edits",
    "change",
    "changed",
    "differs",
    "either",
    "head",
    "long_enough",
    "named",
    "some",
    "span",
    "supported",
    "tail",
]

Edits = dict[int, dict[str, Any]]


def either(rng: Random) -> Side:
    """A side."""
    return rng.choice(list(Side))


def long_enough(bed: Bed, least: int) -> list[Line]:
    """The symbols with so many rows.

    Raises:
        ImpossibleError: none has.
    """
    found = [line for line in bed.lines if len(line.places) >= least]
    if not found:
        longest = max((len(line.places) for line in bed.lines), default=0)
        raise ImpossibleError(f"needs {least} rows of a symbol; the most are {longest}")
    return found


def some(rng: Random, lines: Sequence[Line]) -> list[Line]:
    """One, some or all of the symbols."""
    return rng.sample(list(lines), rng.randint(1, len(lines)))


def span(rng: Random, places: Sequence[int], least: int) -> Sequence[int]:
    """At least so many neighbouring rows: short, long or all."""
    if rng.random() < 0.25:
        return places
    size = rng.choice([least, rng.randint(least, len(places))])
    start = rng.randint(0, len(places) - size)
    return places[start : start + size]


def head(rng: Random, places: Sequence[int], least: int) -> Sequence[int]:
    """The rows up to a random one, but for the last."""
    most = max(least, len(places) - 1)
    return places[: rng.choice([least, rng.randint(least, most)])]


def tail(rng: Random, places: Sequence[int], least: int) -> Sequence[int]:
    """The rows from a random one on."""
    return places[-rng.choice([least, rng.randint(least, len(places))]) :]


def named(lines: Iterable[Line]) -> str:
    """The symbols, in words."""
    return ", ".join(line.name for line in lines)


def change(
    bed: Bed,
    side: Side,
    places: Iterable[int],
    factors: Mapping[Column, Callable[[Any], Any]],
) -> Edits | None:
    """New values of some columns, as the side's columns would store them.

    NULL and values that are no finite number stay. None where a value does not fit its column.
    """
    edits: Edits = {}
    for place in places:
        row, new = bed.values[side][place], {}
        for column, make in factors.items():
            old = row[column.name]
            if old is None or not Decimal(old).is_finite():
                continue
            value = column.stored(side, make(old))
            if value is None:
                return None
            if value != old:
                new[column.name] = value
        if new:
            edits[place] = new
    return edits


def differs(bed: Bed, side: Side, place: int, values: Mapping[str, Any]) -> bool:
    """Whether a row with other values is beyond tolerance of the other side's."""
    there = bed.values[Side.CANDIDATE if side is Side.LEGACY else Side.LEGACY][place]
    return any(
        beyond(column.field.tolerance, values[column.name], there[column.name]) is not False
        for column in bed.columns
        if column.name in values
    )


def changed(bed: Bed, side: Side, edits: Edits) -> set[int]:
    """The rows that are beyond tolerance once edited."""
    return {place for place, values in edits.items() if differs(bed, side, place, values)}


def supported(bed: Bed, edits: Edits, rows: set[int], least: int, share: float = 0.0) -> Edits:
    """The edits of symbols in which enough of the rows are.

    Args:
        bed: has the symbols.
        edits: of all symbols.
        rows: those that count.
        least: so many of a symbol, at least.
        share: so many of all its rows from the first to the last that counts.
    """
    out: Edits = {}
    for line in bed.lines:
        mine = [number for number, place in enumerate(line.places) if place in rows]
        if len(mine) >= max(1, least) and len(mine) >= share * (mine[-1] - mine[0] + 1):
            out |= {place: edits[place] for place in line.places if place in edits}
    return out
