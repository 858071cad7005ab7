"""Ratios of two sides' prices, row by row, and which ratio of small integers they may be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import gcd

import numpy as np

from parity.causes.decimals import decimals_of
from parity.causes.fields import Role
from parity.causes.frame import Bools, Differences, Floats, Ints
from parity.model.verdict import Side

__all__ = ["PRICES", "RATIONALS", "Rationals", "Ratios", "price_ratios"]

PRICES = (Role.OPEN, Role.HIGH, Role.LOW, Role.CLOSE)
_FLOOR = 1e-6  # relative: what estimates from floats are worth at least
_MOST = 6  # decimals beyond which a last digit is less than that


@dataclass(frozen=True, slots=True)
class Rationals:
    """Ratios p:q in their lowest terms, all above 1, in ascending order."""

    p: Ints
    q: Ints

    @property
    def value(self) -> Floats:
        """The ratios as numbers."""
        ratio: Floats = self.p / self.q
        return ratio

    def nearest(self, values: Floats) -> Ints:
        """The place of the ratio that is nearest to each number."""
        steps = np.log(self.value)
        with np.errstate(invalid="ignore", divide="ignore"):
            wanted = np.nan_to_num(np.log(values))
        place = np.clip(np.searchsorted(steps, wanted), 1, len(steps) - 1)
        lower = wanted - steps[place - 1] < steps[place] - wanted
        nearest: Ints = place - lower
        return nearest


def _rationals() -> Rationals:
    pairs = {(p, q) for p in range(2, 21) for q in range(1, p) if gcd(p, q) == 1}
    pairs |= {(p, 1) for p in range(2, 101)}
    pairs |= {(p, p - 1) for p in range(21, 27)}  # stock dividends of 5 and of 4 %
    some = sorted(pairs, key=lambda pair: pair[0] / pair[1])
    return Rationals(np.array([p for p, _ in some]), np.array([q for _, q in some]))


RATIONALS = _rationals()
"""Splits: 20:19 to 20:1, N:1 up to 100:1, 21:20 to 26:25. A 1:N split is the other side's N:1."""


@dataclass(frozen=True, slots=True)
class Ratios:
    """How legacy's prices relate to candidate's in each row.

    Attributes:
        places: of the price columns.
        cells: (rows, prices): legacy / candidate; NaN where either is missing or not positive.
        row: the median of the row's prices; NaN without any.
        width: relative: how far rounding to the decimals that the row's prices show may move it.
    """

    places: list[int]
    cells: Floats
    row: Floats
    width: Floats

    def widened(self, found: Differences, rows: Ints, factor: Floats, some: Ints) -> Ratios:
        """In some rows as wide as the digits that either side shows once undone by a factor.

        A price that was rounded and then multiplied shows more digits than it tells.
        """
        legacy = found.values[Side.LEGACY].numbers[rows[some]][:, self.places]
        candidate = found.values[Side.CANDIDATE].numbers[rows[some]][:, self.places]
        usable = ~np.isnan(self.cells[some])
        with np.errstate(invalid="ignore", over="ignore"):
            undone = legacy / factor[some, None], candidate * factor[some, None]
        width = self.width.copy()
        for values in undone:
            width[some] = np.maximum(width[some], _digit(values, usable))
        return replace(self, width=width)

    def alike(self, factor: Floats) -> Bools:
        """Rows in which most prices have one ratio, as near as their decimals tell."""
        with np.errstate(invalid="ignore"):
            near = np.abs(self.cells / factor[:, None] - 1) <= self.width[:, None]
        known = (~np.isnan(self.cells)).sum(axis=1)
        alike: Bools = (near.sum(axis=1) >= np.maximum(1, known - 1)) & (known > 0)
        return alike


def price_ratios(found: Differences, rows: Ints) -> Ratios:
    """The ratios of some rows, which both sides have."""
    places = found.places(*PRICES)
    legacy = found.values[Side.LEGACY].numbers[rows][:, places]
    candidate = found.values[Side.CANDIDATE].numbers[rows][:, places]
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        usable = (legacy > 0) & (candidate > 0) & np.isfinite(legacy) & np.isfinite(candidate)
        cells = np.where(usable, legacy / candidate, np.nan)
    width = _digit(legacy, usable) + _digit(candidate, usable) + _FLOOR
    return Ratios(places, cells, _medians(cells), width)


def _digit(values: Floats, usable: Bools) -> Floats:
    """Relative: one unit of the last decimal that any of the row's prices shows."""
    known = np.where(usable, values, np.nan)
    decimals = np.where(usable, decimals_of(np.where(usable, values, 0.0), _MOST), 0).max(axis=1)
    with np.errstate(invalid="ignore"):
        smallest = np.where(usable, known, np.inf).min(axis=1, initial=np.inf)
    unit = np.where(decimals > _MOST, 0.0, 10.0 ** -decimals.astype(float))
    width: Floats = unit / smallest
    return width


def _medians(cells: Floats) -> Floats:
    """The lower median of each row's numbers; NaN without any."""
    known = (~np.isnan(cells)).sum(axis=1)
    ascending = np.sort(cells, axis=1)  # NaN last
    middle = np.maximum(known - 1, 0) // 2
    median: Floats = ascending[np.arange(len(cells)), middle]
    return median
