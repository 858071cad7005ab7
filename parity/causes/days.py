"""Clocks, days and sessions: the time arithmetic of the rules, vectorised.

Times are microseconds since 1970 (UTC), days are days since 1970, as in `Context`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from functools import lru_cache

import numpy as np
import pandas as pd

from parity.causes.context import DAY, Context
from parity.causes.frame import NO_TIME, Bools, Ints, Rows
from parity.causes.serieswise import medians
from parity.model.verdict import Side

__all__ = [
    "HOUR",
    "Clock",
    "days_of",
    "is_daily",
    "known_sessions",
    "localized",
    "offsets",
    "outside",
    "reread",
    "spacing",
    "step",
]

HOUR = 3_600_000_000
_DAILY = 20 * HOUR  # bars that start this far apart are a day's or longer
# Zones have rules in these years only (1900 to 2200), and libraries fail far outside of them.
_OLDEST, _NEWEST = -25_567 * DAY, 84_006 * DAY


def offsets(zone: tzinfo, time: Ints) -> Ints:
    """How far the zone's clock is ahead of UTC at each moment."""
    moments, ahead = _changes(zone)
    by: Ints = ahead[np.searchsorted(moments, time, side="right")]
    return by


@lru_cache(maxsize=64)
def _changes(zone: tzinfo) -> tuple[Ints, Ints]:
    """The moments at which a zone's clock changes, and its offsets before, between and after."""
    days = np.arange(_OLDEST, _NEWEST, DAY)
    ahead = _looked_up(zone, days)
    place = np.flatnonzero(np.diff(ahead))
    before, after = days[place], days[place + 1]
    while len(before) and int((after - before).max()) > 1:
        middle = (before + after) // 2
        old = _looked_up(zone, middle) == ahead[place]
        before, after = np.where(old, middle, before), np.where(old, after, middle)
    return after, np.concatenate([ahead[:1], ahead[place + 1]])


def _looked_up(zone: tzinfo, time: Ints) -> Ints:
    local = pd.DatetimeIndex(time.view("M8[us]"), tz="UTC").tz_convert(zone).tz_localize(None)
    ahead: Ints = local.to_numpy().astype("M8[us]").view(np.int64) - time
    return ahead


def localized(zone: tzinfo, clock: Ints) -> Ints:
    """The moment at which the zone's clock reads so.

    Of an hour that the clock reads twice it is one of the two; one that it skips is read as by the
    clock before or after the change.
    """
    near = clock - offsets(zone, clock)
    return clock - offsets(zone, near)


def reread(time: Ints, of: tzinfo, as_if: tzinfo) -> Ints:
    """The moments' clock readings in one zone, taken for readings in another."""
    return localized(as_if, time + offsets(of, time))


def spacing(rows: tuple[Rows, ...], series: int) -> Ints:
    """The median distance of neighbouring rows of each series, all sides together; 0 unknown."""
    codes, steps = [], []
    for side in rows:
        step_ = np.diff(side.time)
        good = (np.diff(side.code) == 0) & (step_ > 0) & (side.time[:-1] != NO_TIME)
        codes.append(side.code[1:][good])
        steps.append(step_[good])
    code, distance = np.concatenate(codes), np.concatenate(steps).astype(np.float64)
    found, count = medians(code, distance, series)
    return np.where(count > 0, np.nan_to_num(found), 0).astype(np.int64)


def is_daily(context: Context, series: int) -> Bools | None:
    """Which series have a row a day (or less often); None where that cannot be known.

    A series with a single row is as most others are.
    """
    if context.dated:
        return np.ones(series, dtype=bool)
    own = tuple(rows for rows in (context.own(side) for side in Side) if rows is not None)
    if len(own) < len(Side):
        return None
    between = spacing(own, series)
    known = between > 0
    usual = bool(np.median(between[known]) >= _DAILY) if known.any() else True
    return np.where(known, between >= _DAILY, usual)


def days_of(context: Context, daily: Bools, time: Ints) -> Ints:
    """The session day that a row is of.

    A daily row stamped midnight UTC names that UTC date: in New York it is still the day before.

    Args:
        context: of the dataset.
        daily: by row, from `is_daily`.
        time: by row.
    """
    days = context.days(time)
    return np.where(daily & (time % DAY == 0), time // DAY, days)


def known_sessions(context: Context) -> Ints | None:
    """All sessions that the calendar knows; None without a calendar."""
    if context.calendar is None:
        return None
    sessions = context.calendar.sessions(-719_162, 2_932_896)  # the years 1 to 9999
    return sessions if len(sessions) else None


def step(sessions: Ints, days: Ints, by: int) -> Ints:
    """The next (+1) or previous (-1) session of each day; beyond the calendar the next day."""
    if by > 0:
        place = np.searchsorted(sessions, days, side="right")
        inside = place < len(sessions)
    else:
        place = np.searchsorted(sessions, days, side="left") - 1
        inside = place >= 0
    return np.where(inside, sessions[np.clip(place, 0, len(sessions) - 1)], days + by)


@dataclass(frozen=True, slots=True)
class Clock:
    """Which rows of a dataset lie on its exchange's sessions."""

    context: Context
    sessions: Ints
    daily: Bools  # by series

    @staticmethod
    def of(context: Context, series: int) -> Clock | None:
        """None where there is no calendar, or the rows' spacing is unknown."""
        sessions, daily = known_sessions(context), is_daily(context, series)
        if sessions is None or daily is None:
            return None
        return Clock(context, sessions, daily)

    def days(self, code: Ints, time: Ints) -> Ints:
        """The session day of each row."""
        return days_of(self.context, self.daily[code], time)

    def known(self, days: Ints) -> Bools:
        """Days of which the calendar can tell whether they are sessions."""
        known: Bools = (days >= self.sessions[0]) & (days <= self.sessions[-1])
        return known

    def on_session(self, days: Ints) -> Bools:
        """Days that are sessions."""
        return np.isin(days, self.sessions)


def outside(clock: Clock, code: Ints, time: Ints) -> Bools:
    """Rows inside the day that start outside the session's hours; never a daily row.

    A bar labelled with the clock hour of the opening (09:00 of 09:30) is inside.
    """
    calendar = clock.context.calendar
    if calendar is None:
        return np.zeros(len(time), dtype=bool)
    opens, closes = calendar.hours(clock.days(code, time))
    early, late = time < opens - opens % HOUR, time >= closes
    closed: Bools = ~clock.daily[code] & (opens != NO_TIME) & (early | late)
    return closed
