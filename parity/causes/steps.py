"""Runs of rows whose prices are in one factor, and the factor as well as the rows tell it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from parity.causes.decimals import decimals_of
from parity.causes.frame import Bools, Differences, Floats, Ints
from parity.causes.ratios import Ratios
from parity.causes.scoping import FLOAT_DIGITS, half_units
from parity.model.verdict import Side

__all__ = ["Run", "factor_of", "runs_of"]

LEAST = 3  # rows of a run
_AGREE = 0.8  # of the prices of a run


@dataclass(frozen=True, slots=True)
class Run:
    """Rows of one series, one after another in time, whose prices are in one factor.

    `places` are among the rows that were looked at; `width` is how far the factor may be off;
    `matched` is how many rows of the series match before its end.
    """

    places: Ints
    factor: float  # legacy / candidate
    width: float
    matched: int = 0


def runs_of(code: Ints, ratios: Ratios, breaks: Ints, usable: Bools) -> Iterator[Ints]:
    """The places of each run of at least LEAST rows.

    Rows of a few that stand out do not end a run: they have a cause of their own.

    Args:
        code: the series of each row; rows are in order of series and time.
        ratios: of the rows.
        breaks: two rows with different numbers here are in different runs.
        usable: rows that may be in a run.
    """
    places = np.flatnonzero(usable)
    for _ in range(3):
        number = _numbered(code[places], ratios.row[places], ratios.width[places], breaks[places])
        long = np.bincount(number, minlength=1)[number] >= LEAST if len(number) else number > 0
        if long.all():
            break
        places = places[long]
    if len(places):
        number = _numbered(code[places], ratios.row[places], ratios.width[places], breaks[places])
        for run in np.split(places, np.flatnonzero(np.diff(number)) + 1):
            if len(run) >= LEAST:
                yield run


def _numbered(code: Ints, ratio: Floats, width: Floats, breaks: Ints) -> Ints:
    new = (np.diff(code) != 0) | (np.diff(breaks) != 0)
    new |= np.abs(np.diff(np.log(ratio))) > width[1:] + width[:-1]
    return np.concatenate([[0], np.cumsum(new)]) if len(code) else code


def factor_of(found: Differences, rows: Ints, ratios: Ratios, places: Ints) -> Run | None:
    """The factor of a run: what all of its prices allow, if they agree.

    Every price tells an interval, by the digits that its side stores; where those disagree, by the
    digits that one side shows, as prices do that were rounded further, or cut off.
    """
    mine = rows[places]
    cells = ratios.cells[places]
    middle = float(np.median(cells[~np.isnan(cells)]))
    stored = {side: half_units(found, side, mine)[:, ratios.places] for side in Side}
    attempts = [_Intervals.of(found, mine, ratios.places, stored)]
    for side in Side:
        shown = {**stored, side: _shown(found, side, mine, ratios.places)}
        attempts += [
            _Intervals.of(found, mine, ratios.places, shown, side, shift) for shift in (0, 1, -1)
        ]
    for strict in (True, False):
        for attempt in attempts:
            common = attempt.common(middle, strict)
            if common is not None:
                return Run(places, *common)
    return None


def _shown(found: Differences, side: Side, rows: Ints, places: list[int]) -> Floats:
    """Half of the last decimal that any of a column's values shows."""
    values = found.values[side].numbers[rows][:, places]
    most = decimals_of(np.nan_to_num(values)).max(axis=0)
    return np.broadcast_to(0.5 * 10.0 ** -most.astype(float), values.shape)


@dataclass(frozen=True, slots=True)
class _Intervals:
    """The factors that each price allows."""

    low: Floats
    high: Floats

    @classmethod
    def of(
        cls,
        found: Differences,
        rows: Ints,
        places: list[int],
        half: dict[Side, Floats],
        side: Side = Side.LEGACY,
        shift: int = 0,
    ) -> _Intervals:
        """`shift`: a side's values lie half a unit below (1) or above (-1) what they stand for."""
        numbers = {one: found.values[one].numbers[rows][:, places] for one in Side}
        numbers[side] = numbers[side] + shift * half[side]
        legacy, candidate = numbers[Side.LEGACY], numbers[Side.CANDIDATE]
        with np.errstate(invalid="ignore", divide="ignore"):
            low = (legacy - half[Side.LEGACY]) / (candidate + half[Side.CANDIDATE])
            high = (legacy + half[Side.LEGACY]) / (candidate - half[Side.CANDIDATE])
        return cls(low, high)

    def common(self, middle: float, strict: bool) -> tuple[float, float] | None:
        """The middle of what most prices have in common, and half its width.

        Args:
            middle: about the factor. Prices that are far from it do not count.
            strict: all that count must agree; else those do that allow `middle`.
        """
        known = ~np.isnan(self.low)
        spread = (self.high - self.low) if strict else 0.0
        with np.errstate(invalid="ignore"):
            agree = known & (self.low - spread <= middle) & (middle <= self.high + spread)
        if agree.sum() < _AGREE * known.sum() or not agree.any():
            return None
        low, high = float(self.low[agree].max()), float(self.high[agree].min())
        if low > high:
            return None
        return (low + high) / 2, max((high - low) / 2, FLOAT_DIGITS * middle)
