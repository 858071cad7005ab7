"""Stored indicators beside computed ones: which formula gives which cell.

A computed value is compared as it would be stored: rounded to the decimals of its column's type,
or, where a side's values all have few decimals, to those.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from parity.causes.cells import Cells, Fit, Trial, Window, floating
from parity.causes.context import Context
from parity.causes.dailybars import Daily
from parity.causes.frame import NO_TIME, Bools, Differences, Floats, Ints
from parity.causes.recompute import Recomputed
from parity.causes.variants import Indicator, parse
from parity.model.verdict import Side

__all__ = ["Sheet"]

_MOST_DECIMALS, _FEW = 4, 5
_TIE = 1e-5  # of a unit
_SEEN = 500  # values that tell a side's decimals


@dataclass(frozen=True)
class Sheet:
    """The indicators among a dataset's columns, with the day of every discrepancy."""

    found: Differences
    context: Context

    @cached_property
    def indicators(self) -> Mapping[int, Indicator]:
        """By the field's place."""
        formulas = dict(self.context.dataset.formulas)
        parsed = {
            place: parse(one.name, formulas)
            for place, one in enumerate(self.found.fields)
            if one.number
        }
        return {place: what for place, what in parsed.items() if what is not None}

    @cached_property
    def day(self) -> Ints:
        """The exchange's day of each discrepancy; 0 where it has no time."""
        time = self.found.time
        day, timed = np.zeros(len(time), dtype=np.int64), time != NO_TIME
        day[timed] = self.context.days(time[timed])
        return day

    def known(self, rows: Ints) -> Bools:
        """Which rows differ in indicators only."""
        unknown = np.ones(len(self.found.fields), dtype=bool)
        unknown[list(self.indicators)] = False
        differs = self.found.differs[rows]
        return np.asarray(~(differs & unknown).any(axis=1) & differs.any(axis=1))

    def differing(self, rows: Ints) -> Iterator[tuple[int, Indicator, Ints]]:
        """Each indicator that differs in some of the rows: its place, itself, and in which."""
        differs = self.found.differs[rows]
        for place, what in self.indicators.items():
            mine = np.flatnonzero(differs[:, place])
            if len(mine):
                yield place, what, mine

    def cells(self, side: Side, place: int, rows: Ints) -> Cells:
        """One column of a side."""
        values = self.found.values[side]
        return Cells(values.numbers[rows, place], values.null[rows, place])

    def standard(self, bars: Daily, rows: Ints) -> Window:
        """The dataset's history before each row: the bars of `days_back` days, and its own."""
        code, day = self.found.code[rows], self.day[rows]
        return Window(bars.since(code, day - self.context.dataset.days_back), bars.find(code, day))

    def allowed(self, place: int, left: Floats, right: Floats) -> Floats:
        """The column's tolerance for pairs of values."""
        tolerance = self.found.fields[place].tolerance
        largest = np.maximum(np.abs(np.nan_to_num(left)), np.abs(np.nan_to_num(right)))
        return np.maximum(float(tolerance.abs), float(tolerance.rel) * largest)

    def unit(self, side: Side, place: int) -> float:
        """One unit of the last decimal that the side stores; 0 where it stores them all."""
        decimals = self._decimals[side].get(place)
        return 0.0 if decimals is None else float(10.0**-decimals)

    def stored(
        self, side: Side, place: int, computed: Floats, rounded: Bools, toward: Floats
    ) -> Floats:
        """Computed values as the side would store them, where they are to be rounded.

        Half a unit may go either way (means of prices often are just that): it goes `toward`.
        """
        decimals = self._decimals[side].get(place)
        if decimals is None:
            return computed
        scaled = computed * 10.0**decimals
        down, up = np.floor(scaled), np.ceil(scaled)
        with np.errstate(invalid="ignore"):
            tie = np.abs(scaled - down - 0.5) < _TIE
            nearest = np.where(tie & (toward * 10.0**decimals > scaled), up, np.round(scaled))
            nearest = np.where(tie & (toward * 10.0**decimals < scaled), down, nearest)
        return np.where(rounded, np.round(nearest / 10.0**decimals, decimals), computed)

    def fit(
        self,
        side: Side,
        place: int,
        rows: Ints,
        data: Recomputed,
        window: Window,
        options: Sequence[Trial],
        *,
        exactly: bool = False,
        slack: Floats | float = 0.0,
    ) -> Fit:
        """The first of some trials that gives each cell of a side's column.

        Args:
            side: whose cells.
            place: the column.
            rows: places in the Differences.
            data: the bars to compute from.
            window: row by row.
            options: in order of preference.
            exactly: but for floating point; else within the column's tolerance.
            slack: what may be added to either, row by row.
        """
        what, cells = self.indicators[place], self.cells(side, place, rows)
        fit = Fit(
            np.full(len(rows), -1, dtype=np.int64),
            np.full(len(rows), np.nan),
            np.zeros(len(rows), dtype=bool),
        )
        extra = np.broadcast_to(np.asarray(slack, dtype=np.float64), len(rows))
        for number, option in enumerate(options):
            left = np.flatnonzero(~fit.good)
            if not len(left):
                break
            part = window.take(left).shifted(data.bars, option.shift)
            computed = data.values(what, option.how, part.first, part.last)
            mine = Cells(cells.values[left], cells.null[left])
            allowed = floating(what, computed, self._price(data, part)) + extra[left]
            if not exactly:
                allowed = allowed + self.allowed(place, mine.values, computed)
            plain = mine.equal(computed, allowed)
            good = plain | mine.equal(computed, allowed + self.unit(side, place) / 2)
            fit.trial[left[good]] = number
            fit.computed[left[good]] = np.where(plain, computed, mine.values)[good]
            fit.rounded[left[good]] = ~plain[good]
        return fit

    @staticmethod
    def _price(data: Recomputed, window: Window) -> Floats:
        if not len(data.bars):
            return np.zeros(len(window.last))
        return data.bars.close[np.maximum(window.last, 0)]

    @cached_property
    def _decimals(self) -> Mapping[Side, Mapping[int, int]]:
        return {
            side: {
                place: decimals
                for place in self.indicators
                if (decimals := self._decimals_of(side, place)) is not None
            }
            for side in Side
        }

    def _decimals_of(self, side: Side, place: int) -> int | None:
        typed = self.found.fields[place].decimals(side)
        if typed is not None:
            return typed
        numbers = self.found.values[side].numbers[:, place]
        numbers = numbers[:: max(1, len(numbers) // _SEEN)]
        numbers = numbers[np.isfinite(numbers)]
        if len(numbers) < _FEW:
            return None
        for decimals in range(_MOST_DECIMALS + 1):
            if (np.abs(np.round(numbers, decimals) - numbers) <= 1e-12 * np.abs(numbers)).all():
                return decimals
        return None
