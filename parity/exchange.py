"""Exchange sessions: which trading dates there are and when their night may run."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from parity.model.errors import UsageError

if TYPE_CHECKING:
    from exchange_calendars import ExchangeCalendar

__all__ = ["Exchange"]

# The library's own default reaches back twenty years only.
START = "1990-01-02"


class Exchange:
    """Sessions of one exchange calendar, in the exchange's own time zone.

    The calendar takes two seconds to make, so it is made when something is first asked of it.
    """

    def __init__(self, calendar: str) -> None:
        self.name = calendar

    @property
    def zone(self) -> ZoneInfo:
        """The exchange's time zone."""
        return ZoneInfo(str(self._calendar.tz))

    @property
    def _calendar(self) -> ExchangeCalendar:
        return _calendar(self.name)

    def require(self, session: date) -> date:
        """The session itself.

        Raises:
            UsageError: the exchange was closed on that date; the nearest sessions are named.
        """
        stamp = session.isoformat()
        first, last = self._calendar.first_session.date(), self._calendar.last_session.date()
        if not first <= session <= last:
            raise UsageError(
                f"session {stamp} is outside what calendar {self.name} knows ({first} to {last})"
            )
        if not self._calendar.is_session(stamp):
            before = self._calendar.date_to_session(stamp, "previous").date()
            after = self._calendar.date_to_session(stamp, "next").date()
            raise UsageError(
                f"{stamp} is no session of {self.name}; the nearest are {before} and {after}"
            )
        return session

    def between(self, first: date, last: date) -> tuple[date, ...]:
        """The sessions from `first` to `last`, both included."""
        first = max(first, self._calendar.first_session.date())
        last = min(last, self._calendar.last_session.date())
        if first > last:
            return ()
        found = self._calendar.sessions_in_range(first.isoformat(), last.isoformat())
        return tuple(stamp.date() for stamp in found)

    def hours(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """All sessions that the calendar knows: day (days since 1970), opening and close.

        Opening and close are microseconds since 1970 (UTC).
        """
        return _hours(self.name)

    def last(self, session: date, number: int) -> tuple[date, ...]:
        """The last `number` sessions up to and with `session`, oldest first."""
        # No exchange is closed for half of all days.
        return self.between(session - timedelta(days=2 * number + 14), session)[-number:]

    def night(self, session: date, at: time) -> datetime:
        """The moment at which a session's night runs: `at` in exchange time on its day."""
        return datetime.combine(session, at, self.zone)

    def latest(self, now: datetime, at: time) -> date:
        """The newest session whose night may have run at `now`.

        Raises:
            UsageError: the calendar does not reach that far.
        """
        today = now.astimezone(self.zone).date()
        sessions = self.between(today - timedelta(days=14), today)
        due = [day for day in sessions if self.night(day, at) <= now]
        if not due:
            raise UsageError(f"calendar {self.name} knows no session near {today}")
        return due[-1]


@cache
def _calendar(name: str) -> ExchangeCalendar:
    import exchange_calendars  # takes a second

    try:
        return exchange_calendars.get_calendar(name, start=START)
    except ValueError:  # this calendar knows no sessions as old as that
        return exchange_calendars.get_calendar(name)


@cache
def _hours(name: str) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    table = _calendar(name).schedule
    days = table.index.to_numpy().astype("datetime64[D]").astype(np.int64)
    opens, closes = (
        table[column].dt.tz_convert(None).to_numpy().astype("datetime64[us]").astype(np.int64)
        for column in ("open", "close")
    )
    return days, opens, closes
