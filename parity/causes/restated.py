"""Where two sides' bars differ, and what one side's bars were before they were restated.

A loader that fetches some days again leaves its bars on several scales: each stretch of them is a
constant ratio apart from the other side's. On an earlier day the stretches loaded since then were
still on an older scale: the bars up to a step as they are now, from there on the other side's bars
times the ratio of a stretch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from parity.causes.dailybars import Daily
from parity.causes.frame import Bools, Floats, Ints
from parity.model.verdict import Side

__all__ = ["Apart", "State", "earlier_states", "last_digit"]

_STRETCH = 3  # bars; a single odd bar is no scale
_SCALES = 8
_STATES = 16
_HALF = 0.55  # of a unit, with what the ratio itself may be off
_SAME = 1e-12
_SMOOTH = 1e-6  # a ratio this near to a small fraction is that fraction


@dataclass(frozen=True, slots=True)
class Apart:
    """The days on which two sides' daily bars differ in close or volume, or one has none.

    Attributes:
        code: The series of each such day.
        day: Days since 1970, sorted within the series.
    """

    code: Ints
    day: Ints

    @classmethod
    def of(cls, bars: Mapping[Side, Daily]) -> Apart:
        """Compares two sides."""
        one, two = bars[Side.LEGACY], bars[Side.CANDIDATE]
        place = two.find(one.code, one.day)
        there = np.maximum(place, 0)
        alone = place < 0
        differs = alone.copy()
        if len(two):
            differs |= _unequal(one.close, two.close[there])
            differs |= _unequal(one.volume, two.volume[there])
        only = one.find(two.code, two.day) < 0
        code = np.concatenate([one.code[differs], two.code[only]])
        day = np.concatenate([one.day[differs], two.day[only]])
        order = np.lexsort((day, code))
        return cls(code[order], day[order])

    def __len__(self) -> int:
        return len(self.code)

    def within(self, code: Ints, first: Ints, last: Ints) -> Bools:
        """Where a series differs on any day from `first` to `last`."""
        if not len(self):
            return np.zeros(len(code), dtype=bool)
        low = int(self.day.min())
        width = int(self.day.max()) - low + 3
        key = self.code * width + (self.day - low + 1)
        start = code * width + np.clip(first - low + 1, 0, width - 1)
        end = code * width + np.clip(last - low + 1, 0, width - 1)
        return np.asarray(np.searchsorted(key, end, "right") > np.searchsorted(key, start))

    def days(self, code: int, first: int, last: int) -> Ints:
        """The days on which a series differs, from `first` to `last`."""
        days = self.day[slice(*np.searchsorted(self.code, [code, code + 1]))]
        return days[(days >= first) & (days <= last)]


def _unequal(one: Floats, two: Floats) -> Bools:
    same = (one == two) | (np.isnan(one) & np.isnan(two))
    return np.asarray(~same)


@dataclass(frozen=True, slots=True)
class State:
    """Bars of one side as they may have been.

    Attributes:
        bars: The same sessions; series without such a state as they are.
        price: By series code: the ratio to the other side's present prices; 0 without such a state.
        volume: By series code: the ratio of volumes.
        digit: By series code: how far rounding may have led a price.
    """

    bars: Daily
    price: Floats
    volume: Floats
    digit: Floats


@dataclass(frozen=True, slots=True)
class _Scale:
    price: float
    volume: float
    exact: bool  # no price of its stretch is rounded

    def digit(self, unit: float) -> float:
        """How far a price may be off that is put on this scale: half a unit of either side."""
        return 0.0 if self.exact else _HALF * (self.price + 1) * unit


def last_digit(prices: Floats) -> float:
    """One unit of the last decimal that prices are stored with; 0 where they are no decimals."""
    for decimals in range(9):
        scaled = prices * 10.0**decimals
        if (np.abs(scaled - np.round(scaled)) <= 1e-3).all():
            return float(10.0**-decimals)
    return 0.0


def earlier_states(mine: Daily, others: Daily, codes: Ints) -> Iterator[State]:
    """What one side's bars may have been, given what the other side says of the same days.

    Each state holds one possibility for every series at once: the first of each, then the second.

    Args:
        mine: the bars of the side whose earlier bars are wanted.
        others: the other side's.
        codes: the series that are asked for.
    """
    theirs = others.find(mine.code, mine.day)
    found = {
        int(code): list(_of_series(mine, others, theirs, int(code))) for code in np.unique(codes)
    }
    size = int(max([*found, -1])) + 1
    for number in range(max((len(states) for states in found.values()), default=0)):
        close, volume = mine.close.copy(), mine.volume.copy()
        price, shares, digit = np.zeros(size), np.zeros(size), np.zeros(size)
        for code, states in found.items():
            if number < len(states):
                scale, closes, volumes, unit = states[number]
                close[mine.of(code)], volume[mine.of(code)] = closes, volumes
                price[code], shares[code], digit[code] = scale.price, scale.volume, unit
        yield State(mine.valued(close, volume), price, shares, digit)


def _of_series(
    mine: Daily, others: Daily, places: Ints, code: int
) -> Iterator[tuple[_Scale, Floats, Floats, float]]:
    span = mine.of(code)
    place = places[span]
    common = np.flatnonzero(place >= 0)
    if len(common) < _STRETCH:
        return
    close, volume = mine.close[span], mine.volume[span]
    theirs, their_volume = others.close[place[common]], others.volume[place[common]]
    unit = last_digit(np.concatenate([close, theirs]))
    starts, scales = _scales(close[common], theirs, volume[common], their_volume, unit)
    seen = [close]
    for start in starts:
        for scale in scales:
            slack = (scale.price + 1) * unit
            after = common[start:]
            closes, volumes = close.copy(), volume.copy()
            scaled = theirs[start:] * scale.price
            moved = np.abs(scaled - close[after]) > slack
            closes[after] = np.where(moved, scaled, close[after])
            volumes[after] = np.where(
                moved, np.round(their_volume[start:] * scale.volume), volume[after]
            )
            if any(np.array_equal(closes, one) for one in seen) or len(seen) > _STATES:
                continue
            seen.append(closes)
            yield scale, closes, volumes, scale.digit(unit)


def _scales(
    mine: Floats, theirs: Floats, volume: Floats, their_volume: Floats, unit: float
) -> tuple[list[int], list[_Scale]]:
    """Where the stretches of constant ratio start, and their ratios; none if there are many."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(mine / theirs)
        loose = unit / mine + unit / theirs + 1e-9
    steps = np.abs(np.diff(logs)) > loose[1:] + loose[:-1]
    starts = np.r_[0, np.flatnonzero(steps) + 1]
    ends = np.r_[starts[1:], len(mine)]
    long = ends - starts >= _STRETCH
    scales: list[_Scale] = []
    for start, end in zip(starts[long], ends[long], strict=True):
        part = slice(int(start), int(end))
        ratio = _smooth(float(mine[part].sum() / theirs[part].sum()))
        if ratio == 1 or any(abs(ratio / one.price - 1) < _SMOOTH for one in scales):
            continue
        exact = bool((np.abs(theirs[part] * ratio - mine[part]) <= _SAME * mine[part]).all())
        scales.append(_Scale(ratio, _volume_ratio(volume[part], their_volume[part]), exact))
    if len(scales) > _SCALES or long.sum() > 4 * _SCALES:
        return [], []
    return [0, *(int(start) for start in starts[long] if start)], scales


def _volume_ratio(mine: Floats, theirs: Floats) -> float:
    usable = (mine > 0) & (theirs > 0)
    return _smooth(float(np.median(mine[usable] / theirs[usable]))) if usable.any() else 1.0


def _smooth(ratio: float) -> float:
    near = Fraction(ratio).limit_denominator(20)
    return float(near) if near and abs(ratio / float(near) - 1) < _SMOOTH else ratio
