"""Is the exchange open on a day? The calendar is that of the New York Stock Exchange."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from prefect_flows.bars import session_of

__all__ = ["CALENDAR", "no_session", "sessions_between"]

CALENDAR = "XNYS"
_AROUND = timedelta(days=15)


def sessions_between(first: date, last: date) -> list[date]:
    """Return the sessions from `first` to `last`, both included, in order."""
    from exchange_calendars import get_calendar  # a second that most runs do without

    # A calendar wants a range that holds sessions; built for as much as is asked about.
    calendar = get_calendar(CALENDAR, start=first - _AROUND, end=last + _AROUND)
    found = calendar.sessions_in_range(first.isoformat(), last.isoformat())
    return [day.date() for day in found]


def no_session(moment: datetime) -> str:
    """Return why nothing is to be done on the day of that moment; empty where there is a session.

    The day is the exchange's.
    """
    day = session_of(moment)
    near = sessions_between(day - _AROUND, day + _AROUND)
    if day in near:
        return ""
    following = next(session for session in near if session > day)
    return f"{day:%A}, {day}, is no session of {CALENDAR}; the next one is {following}"
