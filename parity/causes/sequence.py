"""Where rows stand among all rows of their series: what comes next, and what matches in between."""

from __future__ import annotations

import numpy as np

from parity.causes.context import DAY, Context
from parity.causes.days import days_of, is_daily
from parity.causes.frame import NO_TIME, Bools, Differences, Ints, Rows
from parity.model.verdict import Side

__all__ = [
    "Next",
    "after_rows",
    "alike_before",
    "days_in",
    "matched_before",
    "matches_after",
    "next_sessions",
]

_WEEKEND = (5, 6)  # of Monday's 0


class Next:
    """The row of its series that follows each of some rows, on either side.

    Attributes:
        known: where there is one.
        time: its time.
        day: its day, or the calendar's next session where rows were not read.
    """

    def __init__(self, known: Bools, time: Ints, day: Ints) -> None:
        self.known = known
        self.time = time
        self.day = day


def days_in(found: Differences, context: Context, code: Ints, time: Ints) -> Ints:
    """The session day of each row, as `Clock.days` has it, with a calendar or without.

    A daily row stamped midnight UTC is of that UTC date. Where the rows were not read, rows are
    daily if all discrepancies are at midnight UTC.

    Args:
        found: the discrepancies.
        context: of the dataset.
        code: the series of each row, as in `found`.
        time: of each row.
    """
    daily = is_daily(context, len(found.series))
    if daily is None:
        timed = found.time[found.time != NO_TIME]
        daily = np.full(len(found.series), bool((timed % DAY == 0).all()))
    return days_of(context, daily[code], time)


def after_rows(found: Differences, rows: Ints, context: Context) -> Next:
    """What follows each of some rows."""
    code, time = found.code[rows], found.time[rows]
    none = np.iinfo(np.int64).max
    next_time = np.full(len(rows), none)
    read = False
    for side in Side:
        own = context.own(side)
        if own is not None:
            read = True
            next_time = np.minimum(next_time, _next_time(own, code, time, none))
    if not read:
        day = next_sessions(context, days_in(found, context, code, time))
        session = context.session
        last = none if session is None else (session - type(session)(1970, 1, 1)).days
        return Next(day <= last, np.full(len(rows), NO_TIME), day)
    known = next_time != none
    day = days_in(found, context, code, np.where(known, next_time, time))
    return Next(known, np.where(known, next_time, NO_TIME), day)


def _next_time(own: Rows, code: Ints, time: Ints, none: int) -> Ints:
    place = own.find(code, time)
    after = np.minimum(place + 1, max(0, len(own) - 1))
    if not len(own):
        return np.full(len(code), none)
    hit = (place >= 0) & (place + 1 < len(own)) & (own.code[after] == code)
    return np.where(hit, own.time[after], none)


def next_sessions(context: Context, days: Ints) -> Ints:
    """The exchange's next session after each day; the next weekday where none is known."""
    weekday = (days + 3) % 7
    plain = days + np.where(weekday >= _WEEKEND[0] - 1, 7 - weekday, 1)
    if context.calendar is None or not len(days):
        return plain
    sessions = context.calendar.sessions(int(days.min()), int(days.max()) + 30)
    place = np.searchsorted(sessions, days, side="right")
    if not len(sessions):
        return plain
    known = place < len(sessions)
    return np.where(known, sessions[np.minimum(place, len(sessions) - 1)], plain)


def matched_before(found: Differences, rows: Ints, context: Context) -> Ints:
    """How many rows of its series before each row do not differ.

    Two rows with the same number have differing rows between them only. 0 where rows were not
    read.
    """
    own = context.own(Side.LEGACY)
    if own is None or not len(own):
        return np.zeros(len(rows), dtype=np.int64)
    mine = own.find(found.code[rows], found.time[rows])
    return np.where(mine >= 0, _matched(found, own)[np.maximum(mine, 0)], 0)


def matches_after(found: Differences, rows: Ints, context: Context) -> Bools:
    """Which rows are followed by one of their series that does not differ.

    True for all where rows were not read.
    """
    own = context.own(Side.LEGACY)
    if own is None or not len(own):
        return np.ones(len(rows), dtype=bool)
    mine = own.find(found.code[rows], found.time[rows])
    end = np.searchsorted(own.code, found.code[rows], side="right") - 1
    total = _matched(found, own)
    goes_on: Bools = (mine >= 0) & (total[end] > total[np.maximum(mine, 0)])
    return goes_on


def alike_before(found: Differences, rows: Ints, context: Context, same: Bools) -> Bools:
    """Which rows have a row of their series before them, or are one, in which the sides are alike.

    Those are rows that do not differ, and discrepancies in which nothing that matters does. Where
    rows were not read, a session without any other discrepancy from the first that both sides have
    stands for one; without a calendar any may be.

    Args:
        found: the discrepancies.
        rows: places in them.
        context: of the dataset.
        same: by discrepancy, those that count as alike.
    """
    own = context.own(Side.LEGACY)
    if own is None:
        return _gap_before(found, rows, context, same)
    total = _matched(found.take(np.flatnonzero(~same)), own)
    start = np.searchsorted(own.code, found.code[rows], side="left")
    mine = own.find(found.code[rows], found.time[rows])
    before = np.concatenate([[0], total])
    alike: Bools = (mine < 0) | (before[mine + 1] > before[start])
    return alike


def _gap_before(found: Differences, rows: Ints, context: Context, same: Bools) -> Bools:
    gap = np.ones(len(rows), dtype=bool)
    if context.calendar is None or not len(rows):
        return gap
    apart = np.flatnonzero(found.both & ~same)
    apart = apart[np.argsort(found.code[apart], kind="stable")]
    codes = found.code[apart]
    days, wanted = (
        days_in(found, context, found.code[some], found.time[some]) for some in (apart, rows)
    )
    every = np.arange(len(found.series))
    firsts = np.maximum(*(context.extent(side).first for side in Side))
    first = days_in(found, context, every, firsts)
    for code in np.unique(found.code[rows]).tolist():
        mine = np.flatnonzero(found.code[rows] == code)
        there = days[np.searchsorted(codes, code) : np.searchsorted(codes, code, side="right")]
        sessions = context.calendar.sessions(int(first[code]), int(wanted[mine].max()))
        bare = sessions[~np.isin(sessions, there)]
        gap[mine] = wanted[mine] >= bare[0] if len(bare) else False
    return gap


def _matched(found: Differences, own: Rows) -> Ints:
    """How many rows up to each one do not differ."""
    matched = np.ones(len(own), dtype=np.int64)
    places = own.find(found.code, found.time)
    matched[places[places >= 0]] = 0
    return np.cumsum(matched)
