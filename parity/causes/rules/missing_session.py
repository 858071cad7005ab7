"""A side lacks a whole session in the middle of a series.

Test: rows of one side only, on a day that is a session, where the other side has rows of the series
before and after that day and none on it. Of bars inside the day all must be missing: a part of a
day is no missing session. Proof: the lacking side's own rows. All symbols that a side lacks on a
day are one incident.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from parity.causes.context import Context
from parity.causes.days import Clock
from parity.causes.evidence import day_text
from parity.causes.frame import Bools, Differences, Ints, Rows, other
from parity.causes.rule import Hypothesis, Rule, Shown
from parity.causes.serieswise import alone, grouped
from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side

__all__ = ["RULE"]


def _propose(found: Differences, rows: Ints, context: Context) -> Iterator[Hypothesis]:
    clock = Clock.of(context, len(found.series))
    if clock is None:
        return
    for lacking in Side:
        only = alone(found, rows, other(lacking))
        if len(only):
            yield from _of_side(found, only, clock, lacking)


def _of_side(found: Differences, only: Ints, clock: Clock, lacking: Side) -> Iterator[Hypothesis]:
    context = clock.context
    code, time = found.code[only], found.time[only]
    day = clock.days(code, time)
    extent = context.extent(lacking)
    has = extent.count[code] > 0
    # Times of a series without rows are none; any stands in for them.
    first = clock.days(code, np.where(has, extent.first[code], time))
    last = clock.days(code, np.where(has, extent.last[code], time))
    inside = has & (first < day) & (day < last) & clock.on_session(day)
    inside &= ~_has_day(context.own(lacking), clock, code, day)
    # In the context's own words for days: a daily row stamped midnight UTC is another day there.
    whole = ~np.isin(context.days(time), context.days_with_rows(lacking))
    mine = np.flatnonzero(inside)
    for part in grouped(day[mine]):
        some = mine[part]
        yield _hypothesis(only[some], int(day[some[0]]), lacking, bool(whole[some].all()))


def _has_day(rows: Rows | None, clock: Clock, code: Ints, day: Ints) -> Bools:
    """Whether the side has any row of the series on that day."""
    if rows is None or not len(rows):
        # A date's row that is missing is the whole day; more than dates were not asked for.
        return np.zeros(len(code), dtype=bool)
    theirs = clock.days(rows.code, rows.time)
    least = min(int(theirs.min()), int(day.min(initial=0)))
    width = max(int(theirs.max()), int(day.max(initial=0))) - least + 1
    has: Bools = np.isin(code * width + (day - least), rows.code * width + (theirs - least))
    return has


def _hypothesis(rows: Ints, day: int, lacking: Side, whole: bool) -> Hypothesis:
    name = str(day_text(day))
    what = f"no row at all on {name}" if whole else f"no row of {{symbols}} on {name}"
    has = f"{other(lacking).value} has {{rows}}"
    return Hypothesis(
        rows=rows,
        proof=Shown(),
        identity=(lacking.value, name),
        says=f"{lacking.value} has {what}; {has}",
        undo=f"load {name} into {lacking.value}",
        evidence={"day": name, "whole_side": whole},
        side=lacking,
    )


RULE = Rule(
    cause=Cause.MISSING_SESSION,
    kinds=frozenset({Kind.BARS, Kind.INDICATORS}),
    order=41,
    propose=_propose,
)
