"""Rows of one side at times when the exchange was closed.

Test and proof: the calendar. The row's day is no session; or it is a bar inside the day that starts
at or after the close, or before the hour of the opening. Daily rows are judged by their day alone.
Hours are not held against a series whose other side has rows outside of them too (extended hours,
or bars labelled by their end).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from parity.causes.context import Context
from parity.causes.days import Clock, outside
from parity.causes.frame import Bools, Differences, Ints, other
from parity.causes.rule import Hypothesis, Rule, Shown
from parity.causes.serieswise import alone, brace, grouped, series_text
from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side

__all__ = ["RULE"]

_USUAL = 0.01  # a side with this share of rows outside the hours keeps such rows


def _propose(found: Differences, rows: Ints, context: Context) -> Iterator[Hypothesis]:
    clock = Clock.of(context, len(found.series))
    if clock is None:
        return
    for having in Side:
        only = alone(found, rows, having)
        if not len(only):
            continue
        code, time = found.code[only], found.time[only]
        day = clock.days(code, time)
        closed = clock.known(day) & ~clock.on_session(day)
        hours = outside(clock, code, time)
        if hours.any():
            hours &= ~_keeps_such(clock, other(having), len(found.series))[code]
        for reason, there in (("no session", closed), ("outside hours", hours & ~closed)):
            mine = only[there]
            for part in grouped(found.code[mine]):
                yield _hypothesis(found, mine[part], having, reason)


def _keeps_such(clock: Clock, side: Side, series: int) -> Bools:
    """Series of which the side has rows outside the hours as a rule."""
    rows = clock.context.own(side)
    if rows is None or not len(rows):
        return np.zeros(series, dtype=bool)
    count = np.bincount(rows.code, minlength=series)
    late = np.bincount(rows.code[outside(clock, rows.code, rows.time)], minlength=series)
    keeps: Bools = late > _USUAL * count
    return keeps


def _hypothesis(found: Differences, rows: Ints, having: Side, reason: str) -> Hypothesis:
    name = series_text(found, int(found.code[rows[0]]))
    where = (
        "on days that are no session" if reason == "no session" else "outside the session's hours"
    )
    return Hypothesis(
        rows=rows,
        proof=Shown(),
        identity=(having.value, reason, name),
        says=f"{brace(name)}: {having.value} has {{rows}} rows {where} ({{first}} to {{last}})",
        undo=f"drop {having.value}'s rows {where}",
        evidence={"reason": reason},
        side=having,
    )


RULE = Rule(
    cause=Cause.OFF_CALENDAR,
    kinds=frozenset({Kind.BARS, Kind.INDICATORS}),
    order=40,
    propose=_propose,
)
