"""Numbers times a factor: split_adjustment, dividend_adjustment, unit_scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

from parity.causes import Role
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
    head,
    long_enough,
    named,
    some,
    span,
)

__all__ = ["FAULTS", "Scaled", "dividend", "split", "times", "unit"]

BARS = frozenset({Kind.BARS})
RATIOS = ((2, 1), (3, 1), (3, 2), (4, 1), (7, 1), (5, 4), (6, 5), (11, 10), (20, 1), (21, 20),
          (1, 2), (1, 4), (1, 10), (2, 3))  # fmt: skip
Scaled = tuple[Side, Edits, str] | None


def times(factor: Fraction | Decimal) -> Callable[[Any], Decimal]:
    """Multiplies exactly."""
    exact = Fraction(factor)

    def make(value: Any) -> Decimal:
        product = Fraction(Decimal(str(value))) * exact
        return Decimal(product.numerator) / Decimal(product.denominator)

    return make


def _prices(bed: Bed) -> tuple[Column, ...]:
    if not bed.prices:
        raise ImpossibleError("has no prices")
    return bed.prices


def _up_to(bed: Bed, rng: Random, places: Sequence[int], least: int) -> tuple[Sequence[int], str]:
    """The rows before a random ex-date, which lies between sessions."""
    if not bed.days:
        raise ImpossibleError("needs a key with a time")
    day = bed.days[places[len(head(rng, places, least))]]
    return [place for place in places if bed.days[place] < day], f"before {day}"


def split(bed: Bed, rng: Random) -> Scaled:
    """Prices up to an ex-date times p:q, volume times q:p."""
    side, line = either(rng), rng.choice(long_enough(bed, 6))
    ratio = Fraction(*rng.choice(RATIOS))
    # An adjustment of the whole series has no ex-date to be seen, a split may have its ratio.
    places, when = (line.places, "all") if rng.random() < 0.1 else _up_to(bed, rng, line.places, 3)
    factors = {column: times(ratio) for column in _prices(bed)}
    factors |= {column: times(1 / ratio) for column in bed.having(Role.VOLUME)}
    edits = change(bed, side, places, factors)
    if not edits:
        return None
    return side, edits, f"{line.name} {when}: {ratio.numerator}:{ratio.denominator}"


def dividend(bed: Bed, rng: Random) -> Scaled:
    """Prices up to an ex-date times a factor a little below (or above) one; volume as it was."""
    side, line = either(rng), rng.choice(long_enough(bed, 12))
    # Of at most 10 % of the close before: nothing else need tell of so small a dividend.
    factor = Decimal(str(round(rng.uniform(0.905, 0.998), rng.choice([4, 6, 8]))))
    places, when = _up_to(bed, rng, line.places, 10)
    edits = change(bed, side, places, {column: times(factor) for column in _prices(bed)})
    # An adjustment reaches back to the first row: none before the ex-date may be as it was.
    if not edits or len(edits) < 10 or changed(bed, side, edits) != set(places):
        return None
    return side, edits, f"{line.name} {when}: prices times {factor}"


def unit(bed: Bed, rng: Random) -> Scaled:
    """Volume in lots, prices in cents, percent as a fraction: a power of ten."""
    side, lines = either(rng), some(rng, long_enough(bed, 5))
    columns, powers = _scales(bed, rng)
    factor = Fraction(10) ** rng.choice(powers)
    places = [place for line in lines for place in span(rng, line.places, 5)]
    edits = change(bed, side, places, {column: times(factor) for column in columns})
    if not edits or len(edits) < 5:
        return None
    what = ", ".join(column.name for column in columns)
    return side, edits, f"{named(lines)}: {what} times {factor} in {len(edits)} rows"


def _scales(bed: Bed, rng: Random) -> tuple[Sequence[Column], Sequence[int]]:
    volume = bed.having(Role.VOLUME)
    if bed.dataset.kind is Kind.BARS:
        if bed.prices and (not volume or rng.random() < 0.4):
            return bed.prices, (2, -2)
        return volume or _prices(bed), (3, 2, -2, -3)
    if not bed.numbers:
        raise ImpossibleError("has no number")
    return [rng.choice(bed.numbers)], (3, 2, -2)


def _fault(make: Callable[[Bed, Random], Scaled]) -> Callable[[Bed, Random], Seeded | None]:
    def seed(bed: Bed, rng: Random) -> Seeded | None:
        found = make(bed, rng)
        if found is None:
            return None
        side, edits, told = found
        return Seeded(side=side, changes=[Changes(side=side, edits=edits)], told=told)

    return seed


FAULTS = (
    Fault(cause=Cause.SPLIT_ADJUSTMENT, kinds=BARS, seed=_fault(split)),
    Fault(cause=Cause.DIVIDEND_ADJUSTMENT, kinds=BARS, seed=_fault(dividend)),
    Fault(cause=Cause.UNIT_SCALE, kinds=EVERYTHING, seed=_fault(unit)),
)
