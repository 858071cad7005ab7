"""warm_up: one side computes from another length of history.

Test: from the same bars, another stretch of history gives every indicator of the row (those that
differ and those that do not) but for floating point, where the dataset's own stretch does not;
the stretch is one for all rows: so many days, so many sessions, since one day, or all there is.
A value that is NULL because the stretch has too few sessions belongs here. At least two rows, or
one row with two columns that only the other stretch gives.
Proof: computed from the dataset's stretch of the other side's bars, the row is the other side's.

It comes before null_mismatch, which would take a NULL for what it looks like.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from parity.causes.cells import trials
from parity.causes.context import Context
from parity.causes.dailybars import Daily, daily_inputs
from parity.causes.frame import Bools, Differences, Floats, Ints, Values, other
from parity.causes.recompute import Recomputed
from parity.causes.replayed import Source, replay
from parity.causes.rule import Changed, Hypothesis, Rule
from parity.causes.sheet import Sheet
from parity.causes.stretches import Stretch, best_stretch
from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side

__all__ = ["RULE"]

_STRETCHES = 3  # of one side
_ROWS, _COLUMNS = 2, 2


@dataclass(frozen=True, slots=True)
class _Found:
    """Rows of a side that one stretch gives; `strong` ones in several columns by themselves."""

    side: Side
    stretch: Stretch
    sessions: tuple[int, int]
    rows: Ints
    values: Values
    slack: Floats | float
    strong: bool


def _propose(found: Differences, rows: Ints, context: Context) -> Iterable[Hypothesis]:
    bars = daily_inputs(context)
    sheet = Sheet(found, context)
    if bars is None or not sheet.indicators:
        return
    left = rows[found.both[rows]]
    left = left[sheet.known(left)]
    for side in Side:
        for one in list(_of_side(sheet, side, left, bars[other(side)])):
            yield _hypothesis(sheet, one)
            left = np.setdiff1d(left, one.rows, assume_unique=True)


def _of_side(sheet: Sheet, side: Side, rows: Ints, bars: Daily) -> Iterator[_Found]:
    """Stretches of history by which a side computed, most rows first."""
    data = Recomputed(bars)
    for _ in range(_STRETCHES):
        stretch = best_stretch(sheet, side, rows, data)
        if stretch is None:
            return
        window = stretch.window(bars, sheet.found.code[rows], sheet.day[rows])
        own = Source(data, window)
        usual = Source(data, sheet.standard(bars, rows))
        good = np.flatnonzero(_gives(sheet, side, rows, own))
        done = replay(sheet, side, rows[good], own.take(good), usual.take(good), exactly=True)
        kept = np.flatnonzero(done.good)
        good = good[kept]
        strong = len(good) < _ROWS and _strong(sheet, side, rows[good], usual.take(good))
        if not (strong or len(good) >= _ROWS):
            return
        slack = done.slack[kept] if isinstance(done.slack, np.ndarray) else done.slack
        length = (window.last - window.first + 1)[good]
        sessions = (int(length.min()), int(length.max()))
        yield _Found(side, stretch, sessions, rows[good], done.values.take(kept), slack, strong)
        rows = np.setdiff1d(rows, rows[good], assume_unique=True)


def _gives(sheet: Sheet, side: Side, rows: Ints, source: Source) -> Bools:
    """Rows in which a source gives every indicator, but for floating point."""
    good = np.ones(len(rows), dtype=bool)
    for place, what in sheet.indicators.items():
        mine = np.flatnonzero(good)
        part = source.take(mine)
        options = trials(what, edges=False)
        fit = sheet.fit(side, place, rows[mine], part.data, part.window, options, exactly=True)
        good[mine] = fit.good
    return good


def _strong(sheet: Sheet, side: Side, rows: Ints, usual: Source) -> bool:
    """There is a row of which several columns do not come from the usual stretch."""
    count = np.zeros(len(rows), dtype=np.int64)
    for place, what in sheet.indicators.items():
        options = trials(what, edges=False)
        fit = sheet.fit(side, place, rows, usual.data, usual.window, options, exactly=True)
        count += ~fit.good
    return bool((count >= _COLUMNS).any())


def _hypothesis(sheet: Sheet, one: _Found) -> Hypothesis:
    days_back = sheet.context.dataset.days_back
    words = one.stretch.words(one.sessions)
    window = f"{words} instead of {days_back} days"
    columns = [sheet.found.fields[place].name for place, _, _ in sheet.differing(one.rows)]
    evidence: Mapping[str, Any] = {
        "window": window,
        one.stretch.form: one.stretch.value,
        "sessions": list(one.sessions),
        "columns": columns,
    }
    return Hypothesis(
        rows=one.rows,
        proof=Changed(one.side, one.values, one.slack),
        identity=(one.side.value, one.stretch.kind),
        says=f"{{symbols}}: {one.side.value} computes from {window}",
        undo=f"compute from {days_back} days",
        evidence=dict(evidence),
        least=1 if one.strong else _ROWS,
        side=one.side,
    )


RULE = Rule(cause=Cause.WARM_UP, kinds=frozenset({Kind.INDICATORS}), order=47, propose=_propose)
