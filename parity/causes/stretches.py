"""Stretches of history before a row, and which of them gives a side's values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from parity.causes.cells import Cells, Window, floating
from parity.causes.dailybars import Daily
from parity.causes.evidence import day_text
from parity.causes.frame import Bools, Floats, Ints
from parity.causes.recompute import Recomputed
from parity.causes.sheet import Sheet
from parity.model.verdict import Side

__all__ = ["Stretch", "best_stretch"]

_LONGEST = 700  # sessions: by then no seed is left of an average of 50
_ALIKE = 25  # days or sessions; ranges of one cause differ by a few
_ALL = 1 << 30  # days: more than there are
_SAMPLE, _OF_SERIES = 160, 8  # rows that find the stretch
_YEAR = 365 / 252  # days a session


@dataclass(frozen=True, slots=True)
class Stretch:
    """A rule for where a row's history starts; every value from `low` to `high` fits.

    `form` is `days` or `sessions` before the row (a day or session more than all is all of
    history), or `start`, a day since 1970 for all rows.
    """

    form: str
    low: int
    high: int

    def window(self, bars: Daily, code: Ints, day: Ints) -> Window:
        """The bars of each row, by the middle of the values that fit."""
        last = bars.find(code, day)
        middle = (self.low + min(self.high, max(self.low, _LONGEST * 2))) // 2
        if self.form == "sessions":
            first = np.maximum(last - middle + 1, bars.start(code))
        elif self.form == "start":
            first = bars.since(code, np.full(len(code), self.high))
        else:
            first = bars.since(code, day - (_ALL if self.low >= _ALL else middle))
        return Window(np.minimum(first, np.maximum(last, 0)), last)

    @property
    def value(self) -> Any:
        """For the evidence: the range, or the day."""
        if self.form == "start":
            return day_text(self.high)
        return [self.low if self.low < _ALL else None, self.high if self.high < _ALL else None]

    @property
    def kind(self) -> str:
        """What stays the same from night to night, while rows narrow the range down."""
        if self.form == "start":
            return f"since {day_text(self.high)}"
        return "all" if self.low >= _ALL else f"{self.form} {round(self.low / _ALIKE)}"

    def words(self, sessions: tuple[int, int]) -> str:
        """In words, with the number of sessions where days are meant."""
        if self.form == "start":
            return f"bars since {day_text(self.high)}"
        if self.low >= _ALL:
            return "all of history"
        if self.high >= _ALL:
            return f"at least {self.low} {self.form}"
        span = _range(self.low, self.high)
        if self.form == "sessions":
            return f"{span} sessions (about {round(self.low * _YEAR)} days)"
        return f"{span} days ({_range(*sessions)} sessions)"


def _range(low: int, high: int) -> str:
    return f"{low}" if low == high else f"{low} to {high}"


def best_stretch(sheet: Sheet, side: Side, rows: Ints, data: Recomputed) -> Stretch | None:
    """The stretch that gives most of a side's rows which the dataset's own does not give.

    Args:
        sheet: of the discrepancies.
        side: whose values.
        rows: places in the Differences; both sides have them.
        data: the bars.
    """
    sample = _sampled(sheet.found.code[rows], rows)
    # Of many series a few are looked at: what the others need is not computed for it.
    data = Recomputed(data.bars.only(np.unique(sheet.found.code[sample])))
    bars = data.bars
    window = sheet.standard(bars, sample)
    odd = window.last >= 0
    odd[odd] = ~_gives(sheet, side, sample[odd], data, _column(window.take(odd)))[:, 0]
    sample, window = sample[odd], window.take(odd)
    if not len(sample):
        return None
    most = max(_LONGEST, sheet.context.dataset.days_back)
    code, day = sheet.found.code[sample], sheet.day[sample]
    lengths = np.arange(1, most + 1)
    first = np.maximum(window.last[:, None] - lengths + 1, bars.start(code)[:, None])
    first = np.concatenate([first, bars.start(code)[:, None]], axis=1)  # all of history, last
    gives = _gives(sheet, side, sample, data, Window(first, window.last[:, None]))
    found = gives.any(axis=1)
    if not found.any():
        return None
    return _chosen(bars, code[found], day[found], window.last[found], gives[found])


def _column(window: Window) -> Window:
    return Window(window.first[:, None], window.last[:, None])


def _sampled(code: Ints, rows: Ints) -> Ints:
    """A few rows of each series, of many series a few."""
    if not len(rows):
        return rows
    order = np.argsort(code, kind="stable")
    series = np.split(order, np.flatnonzero(np.diff(code[order])) + 1)
    series = series[:: max(1, len(series) * _OF_SERIES // _SAMPLE)]
    some = [mine[np.unique(np.linspace(0, len(mine) - 1, _OF_SERIES).astype(int))]
            for mine in series]  # fmt: skip
    return np.sort(rows[np.concatenate(some)])


def _gives(sheet: Sheet, side: Side, rows: Ints, data: Recomputed, window: Window) -> Bools:
    """(rows, windows): where a window gives every indicator of a row, by any formula."""
    good: Bools = np.ones(window.first.shape, dtype=bool)
    price = data.bars.close[window.last]
    # The ones that remember most tell most windows apart.
    for place, what in sorted(sheet.indicators.items(), key=lambda one: not one[1].recursive):
        left = np.flatnonzero(good.any(axis=1))
        if not len(left):
            break
        cells = sheet.cells(side, place, rows[left])
        mine = Cells(cells.values[:, None], cells.null[:, None])
        part: Bools = np.zeros((len(left), good.shape[1]), dtype=bool)
        for how in what.variants:
            computed = data.values(what, how, window.first[left], window.last[left])
            allowed = floating(what, computed, price[left]) + sheet.unit(side, place) / 2
            part = part | mine.equal(computed, allowed)
        good[left] &= part
    return good


def _chosen(bars: Daily, code: Ints, day: Ints, last: Ints, gives: Bools) -> Stretch:
    """The form and value that fit most rows, in days rather than in sessions or since a day."""
    longest = gives.shape[1] - 1
    start = bars.start(code)
    available = last - start + 1

    def hits(first: Ints) -> Floats:
        sessions = np.minimum(last[:, None] - first + 1, available[:, None])
        here = np.where(sessions > longest, longest, sessions - 1)
        fits = np.take_along_axis(gives, np.maximum(here, 0), axis=1) & (sessions > 0)
        return np.asarray(fits.sum(axis=0), dtype=float)

    back = np.r_[np.arange(1, int(longest * _YEAR)), _ALL]
    by_day = bars.since(code[:, None], day[:, None] - back)
    counts = np.arange(1, longest + 1)
    by_session = np.maximum(last[:, None] - counts + 1, start[:, None])
    moments = np.arange(int(day.min()) - int(longest * _YEAR), int(day.max()) + 1)
    since = bars.since(np.repeat(code[:, None], len(moments), axis=1), moments[None, :])
    found = [
        _widest("days", back, hits(by_day)),
        _widest("sessions", counts, hits(by_session)),
        _widest("start", moments, hits(since)),
    ]
    return max(found, key=lambda one: one[0])[1]  # the first of those that fit as many


def _widest(form: str, values: Ints, score: Floats) -> tuple[float, Stretch]:
    """The value with the highest score, with its neighbours of the same score.

    Where the longest is among the best it is that one: far back, many stretches look alike.
    """
    best = score == score.max()
    start = end = int(np.argmax(best))
    if best[-1]:
        start = end = len(best) - 1
        while start and best[start - 1]:
            start -= 1
    while end + 1 < len(best) and best[end + 1]:
        end += 1
    return float(score.max()), Stretch(form, int(values[start]), int(values[end]))
