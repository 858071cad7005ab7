"""Trading hours of the exchange whose bars are loaded; the calendar is held."""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

from prefect_flows.bars import NEW_YORK
from prefect_flows.sessions import CALENDAR
from prefect_flows.vendors import kept

__all__ = ["Hours", "between", "hours", "knows"]

# The library's own default reaches back twenty years only.
_START = "1990-01-02"
# A calendar made today reaches a year ahead; one that is kept must reach half as far.
_AHEAD = timedelta(days=180)
_making = threading.Lock()


@dataclass(frozen=True, slots=True)
class Hours:
    """Regular trading hours of one session, early close included; aware, in New York."""

    open: datetime
    close: datetime


def hours() -> Mapping[date, Hours]:
    """Return the hours of every session that the calendar knows, oldest first."""
    # A cache alone lets each of a flow's threads make one at the same moment.
    with _making:
        return _hours()


@cache
def _hours() -> Mapping[date, Hours]:
    name = f"{CALENDAR}-{_START}"
    spans = kept.read(name, until=datetime.now(NEW_YORK).date() + _AHEAD)
    if spans is None:
        spans = _spans()
        kept.write(name, spans)
    found = (Hours(*(datetime.fromtimestamp(second, NEW_YORK) for second in s)) for s in spans)
    return {session.open.date(): session for session in found}


def _spans() -> kept.Spans:
    import exchange_calendars  # and pandas with it

    schedule = exchange_calendars.get_calendar(CALENDAR, start=_START).schedule
    opens, closes = (
        schedule[name].dt.as_unit("s").astype("int64").tolist() for name in ("open", "close")
    )
    return list(zip(opens, closes, strict=True))


def knows(day: date) -> bool:
    """Tell whether the calendar reaches to that day; where it does not, it says nothing of it."""
    days = _days()
    return days[0] <= day <= days[-1]


def between(first: date, last: date) -> list[date]:
    """Return the sessions from `first` to `last`, both included, as far as they are known."""
    days = _days()
    return days[bisect_left(days, first) : bisect_right(days, last)]


@cache
def _days() -> list[date]:
    return list(hours())
