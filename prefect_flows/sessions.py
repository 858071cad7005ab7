"""Is the exchange open on a day? The calendar is that of the New York Stock Exchange."""

from __future__ import annotations

from datetime import datetime, timedelta

from prefect_flows.bars import session_of

__all__ = ["CALENDAR", "no_session"]

CALENDAR = "XNYS"
_AROUND = timedelta(days=15)


def no_session(moment: datetime) -> str:
    """Return why nothing is to be done on the day of that moment; empty where there is a session.

    The day is the exchange's.
    """
    from exchange_calendars import get_calendar  # a second that most runs do without

    day = session_of(moment)
    # A calendar of these few days only: to build one for all years takes as long as a small run.
    calendar = get_calendar(CALENDAR, start=day - _AROUND, end=day + _AROUND)
    near = [session.date() for session in calendar.sessions]
    if day in near:
        return ""
    following = next(session for session in near if session > day)
    return f"{day:%A}, {day}, is no session of {CALENDAR}; the next one is {following}"
