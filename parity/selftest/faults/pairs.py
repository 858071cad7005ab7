"""Two causes on the same rows, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from parity.model.cause import PAIR, Cause
from parity.model.suite import Kind
from parity.model.verdict import Side
from parity.selftest.bed import Bed
from parity.selftest.fault import Changes, Fault, Seeded
from parity.selftest.faults import scaling, times
from parity.selftest.faults.cells import emptied
from parity.selftest.faults.picking import Edits, supported
from parity.selftest.faults.rounded import SHARE, rounding

__all__ = ["FAULTS"]

COARSEST = 0.002  # of a price: the most that rounding may change it
BARS = frozenset({Kind.BARS})
Second = Callable[[Bed, Random, Side, Sequence[int]], tuple[Edits, str] | None]
First = Callable[[Bed, Random], scaling.Scaled]


def _moved(bed: Bed, rng: Random) -> scaling.Scaled:
    found = times.restamped(bed, rng)
    if found is None:
        return None
    side, moved, told = found
    time = str(bed.dataset.time)
    return side, {place: {time: moment} for place, moment in moved.items()}, told


def _rounded(bed: Bed, rng: Random, side: Side, places: Sequence[int]) -> tuple[Edits, str] | None:
    found = rounding(bed, rng, side, places, 1)
    if found is None:
        return None
    edits, _ = found
    # What has no digits left does not tell the first cause's parameters.
    smallest = min(
        (abs(float(bed.values[side][place][name])) for place, new in edits.items() for name in new),
        default=0.0,
    )
    coarsest = max(
        abs(float(value) - float(bed.values[side][place][name]))
        for place, new in edits.items()
        for name, value in new.items()
    )
    return None if coarsest > COARSEST * smallest else found


def _nulls(bed: Bed, rng: Random, side: Side, places: Sequence[int]) -> tuple[Edits, str] | None:
    # A split's volume tells it from a unit.
    chosen = rng.sample(list(places), rng.randint(1, min(5, len(places))))
    return emptied(replace(bed, columns=bed.prices), rng, side, chosen)


def _pair(first: Cause, make: First, second: Cause, then: Second, least: int, share: float
) -> Fault:  # fmt: skip
    """Both causes; the second on at least so many rows of a symbol, and that share of them."""
    name = f"{first}{PAIR}{second}"

    def seed(bed: Bed, rng: Random) -> Seeded | None:
        one = make(bed, rng)
        if one is None:
            return None
        side, before, told = one
        two = then(_after(bed, side, before), rng, side, list(before))
        if two is None:
            return None
        after, also = two
        felt = {place for place in after if _felt(bed, side, place, before[place], after[place])}
        after = supported(bed, after, felt, least, share)
        felt &= after.keys()
        if not felt:
            return None
        edits = {place: {**before[place], **after.get(place, {})} for place in before}
        return Seeded(
            side=side,
            changes=[Changes(side=side, edits=edits)],
            told=f"{told}; then {also}",
            accepted=_accepted(bed, before, felt, (first, second)),
        )

    return Fault(cause=name, kinds=BARS, seed=seed)


def _after(bed: Bed, side: Side, edits: Edits) -> Bed:
    """The rows as they are after the first cause."""
    values = [
        {**row, **{n: v for n, v in edits.get(place, {}).items() if n in row}}
        for place, row in enumerate(bed.values[side])
    ]
    return replace(bed, values={**bed.values, side: values})


def _accepted(
    bed: Bed, before: Edits, felt: set[int], causes: tuple[Cause, Cause]
) -> dict[tuple[Any, ...], frozenset[str]]:
    """A row that the second cause has left as it was, or nearly, has the first cause alone."""
    pair = frozenset({PAIR.join(causes), PAIR.join(reversed(causes))})
    out: dict[tuple[Any, ...], frozenset[str]] = {}
    for place, edit in before.items():
        right = pair if place in felt else pair | {str(causes[0])}
        keys = {bed.keys[place]}
        if bed.dataset.time in edit:
            keys.add(bed.moved(place, edit[bed.dataset.time]))
        for key in keys:
            out[key] = out.get(key, frozenset()) | right
    return out


def _felt(bed: Bed, side: Side, place: int, first: Mapping[str, Any], then: Mapping[str, Any]
) -> bool:  # fmt: skip
    """Whether the second cause changes more than the undo of the first may leave.

    That is the column's tolerance and two units of the last stored decimal, times the factor of
    the first cause where its undo multiplies.
    """
    before = bed.values[side][place]
    for column in bed.columns:
        if column.name not in then:
            continue
        new, old = then[column.name], first.get(column.name, before[column.name])
        if new is None or old is None:
            return True
        factor = _factor(before[column.name], old)
        unit, tolerance = column.field.unit(side), float(column.field.tolerance.abs)
        if abs(float(new) - float(old)) > tolerance + 2 * unit * factor:
            return True
    return False


def _factor(before: Any, after: Any) -> float:
    if not before or not after:
        return 1.0
    ratio = abs(float(after) / float(before))
    return max(1.0, ratio, 1 / ratio)


FAULTS = (
    _pair(Cause.SPLIT_ADJUSTMENT, scaling.split, Cause.ROUNDING, _rounded, 10, SHARE),
    _pair(Cause.UNIT_SCALE, scaling.unit, Cause.ROUNDING, _rounded, 10, SHARE),
    _pair(Cause.DIVIDEND_ADJUSTMENT, scaling.dividend, Cause.ROUNDING, _rounded, 10, SHARE),
    _pair(Cause.TIMEZONE_SHIFT, _moved, Cause.ROUNDING, _rounded, 10, SHARE),
    _pair(Cause.SPLIT_ADJUSTMENT, scaling.split, Cause.NULL_MISMATCH, _nulls, 1, 0.0),
)
