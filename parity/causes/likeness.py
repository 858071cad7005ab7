"""How much rows of the two sides look alike: for choosing a hypothesis, never for a proof."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from parity.causes.fields import Role
from parity.causes.frame import Bools, Differences, Floats, Ints, Rows, Values, beyond, other
from parity.causes.serieswise import medians
from parity.model.verdict import Side

__all__ = ["Likeness"]

_NEAR = 1e-3  # relative
_COARSE = 1e-2  # of prices, where volumes are near
_MANY = 5  # pairs of a series that make a median
_MOST_FIELDS = 0.75


class Likeness:
    """Compares rows of one side with rows of the other.

    Bars are alike when their volumes are within 0.1 % and their closes within 1 % (0.1 % where a
    volume is missing), or when their ratios are that near to what is usual in the series (prices
    may be scaled as well). Other rows are alike when three quarters of their numbers are within
    0.1 %.
    """

    def __init__(self, found: Differences, own: Mapping[Side, Rows]) -> None:
        self._own = own
        self._fields = found.fields
        self._numeric = [place for place, one in enumerate(found.fields) if one.number]
        self._close = next(iter(found.places(Role.CLOSE)), None)
        self._volume = next(iter(found.places(Role.VOLUME)), None)

    def of(self, side: Side, mine: Ints, theirs: Ints, series: int) -> tuple[Bools, Bools]:
        """Which rows `mine` of a side are alike, and which equal, to `theirs` of the other."""
        left, right = self._own[side].values, self._own[other(side)].values
        fields = tuple(self._fields[place] for place in self._numeric)
        pair = [_some(values, rows, self._numeric) for values, rows in
                ((left, mine), (right, theirs))]  # fmt: skip
        equal = np.asarray(~beyond(fields, pair[0], pair[1]).any(axis=1))
        if self._close is None:
            return equal | _mostly(pair[0].numbers, pair[1].numbers), equal
        code = self._own[side].code[mine]
        price = _ratio(left.numbers[mine, self._close], right.numbers[theirs, self._close])
        count = np.full(len(mine), np.nan)
        if self._volume is not None:
            count = _ratio(left.numbers[mine, self._volume], right.numbers[theirs, self._volume])
        alike = _alike(price, count)
        alike |= _alike(_level(code, price, series), _level(code, count, series))
        likely: Bools = alike | equal
        return likely, equal


def _alike(price: Floats, count: Floats) -> Bools:
    """Of logarithms of ratios. Volumes hardly repeat: where they agree, prices may be coarse."""
    with np.errstate(invalid="ignore"):
        traded = np.abs(count) <= _NEAR
        allowed = np.where(traded, _COARSE, _NEAR)
        alike: Bools = (np.abs(price) <= allowed) & (traded | np.isnan(count))
    return alike


def _some(values: Values, rows: Ints, places: list[int]) -> Values:
    return Values(values.numbers[rows][:, places], values.null[rows][:, places], {})


def _ratio(left: Floats, right: Floats) -> Floats:
    """The logarithm of the ratio; NaN where there is none."""
    good = (left > 0) & (right > 0) & np.isfinite(left) & np.isfinite(right)
    out: Floats = np.log(np.where(good, left, 1.0) / np.where(good, right, 1.0))
    return np.where(good, out, np.nan)


def _level(code: Ints, ratio: Floats, series: int) -> Floats:
    """Ratios against the usual one of the series."""
    usual, count = medians(code, ratio, series)
    usual = np.where(count >= _MANY, usual, np.nan)
    # Without a usual volume none is held against the row: its prices are.
    return ratio - usual[code]


def _mostly(left: Floats, right: Floats) -> Bools:
    """Three quarters of the numbers that both have are near."""
    known = ~np.isnan(left) & ~np.isnan(right)
    largest = np.maximum(np.abs(left), np.abs(right))
    near = known & (np.abs(left - right) <= _NEAR * largest)
    count = known.sum(axis=1)
    mostly: Bools = (count > 0) & (near.sum(axis=1) >= _MOST_FIELDS * count)
    return mostly
