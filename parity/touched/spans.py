"""Moments as the log stores them, and as the time column of a dataset has them.

The log holds instants. Dates and bare timestamps stand there as if their zone were UTC, and
everything is held between the years 1 and 9999, which is what Python knows: the first moment of
year 1 stands for anything earlier and for a missing time, the last day of 9999 for all later.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo

__all__ = ["EARLIEST", "EVERYTHING", "LATEST", "Span", "beginning", "span"]

# Half-open: first moment, and the moment after the last one (None: open).
Span = tuple[date, date | None]

# The key under which a write is told that may have touched any symbol.
EVERYTHING = "*"

# For columns of all three types: PostgreSQL ignores the parts that a type does not have.
EARLIEST = "0001-01-01 00:00:00+00"
LATEST = "9999-12-31 00:00:00+00"

_FIRST = datetime.fromisoformat(EARLIEST)
_LAST = datetime.fromisoformat(LATEST)
_DAY = timedelta(days=1)
_TICK = timedelta(microseconds=1)


def beginning(kind: str, zone: tzinfo | None) -> date:
    """The smallest value of a column: it stands for everything earlier, and for NULL."""
    if kind == "timestamptz" or zone is not None:
        return _FIRST
    return date.min if kind == "date" else _FIRST.replace(tzinfo=None)


def span(first: datetime | None, last: datetime | None, kind: str, zone: tzinfo | None) -> Span:
    """A stored pair as a half-open range of the time column.

    Args:
        first: the first moment touched, in UTC without a zone, as stored; None is unknown.
        last: the last moment touched.
        kind: `date`, `timestamp` or `timestamptz`: the column's type.
        zone: for dates and bare timestamps, the zone in which they compare as instants; None
            where they compare as they are.
    """
    if first is None or last is None or first.replace(tzinfo=UTC) <= _FIRST:
        return beginning(kind, zone), None
    end = None if last.replace(tzinfo=UTC) >= _LAST else last
    if kind == "timestamptz":
        return first.replace(tzinfo=UTC), end and end.replace(tzinfo=UTC) + _TICK
    if zone is not None:
        return min(_both(first, zone)), end and max(_both(end, zone)) + _TICK
    if kind == "date":
        return first.date(), end and end.date() + _DAY
    return first, end and end + _TICK


def _both(wall: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """The instants that a time on the wall may be: two where the clocks change."""
    early, late = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return early, late
