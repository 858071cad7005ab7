"""What of a range of dates is stored already, or known to be empty at the vendor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from psycopg import Connection

from prefect_flows.bars import NEW_YORK

__all__ = ["missing", "neighbours", "remember"]

_NEW_YORK = "AT TIME ZONE 'America/New_York'"
# Daily bars stand at midnight, so the moment of a session can be asked for by way of the index.
_MISSING = f"""
SELECT day FROM unnest(%(days)s::date[]) AS asked(day)
WHERE NOT EXISTS (
    SELECT FROM prefect.market_data bar
    WHERE bar.symbol = %(symbol)s AND bar.data_source = %(source)s
      AND bar.timestamp = (day::timestamp {_NEW_YORK})
      AND num_nulls(open, high, low, close) = 0)
  AND NOT EXISTS (
    SELECT FROM prefect.backfilled done
    WHERE done.symbol = %(symbol)s AND done.data_source = %(source)s
      AND day BETWEEN done.first AND done.last)
ORDER BY day"""  # noqa: S608  # constants of this module
_NEIGHBOURS = """
SELECT
  (SELECT max(timestamp) FROM prefect.market_data
    WHERE symbol = %(symbol)s AND data_source = %(source)s AND timestamp < %(first)s),
  (SELECT min(timestamp) FROM prefect.market_data
    WHERE symbol = %(symbol)s AND data_source = %(source)s AND timestamp > %(last)s)"""
_REMEMBER = """
INSERT INTO prefect.backfilled (symbol, data_source, first, last) VALUES (%s, %s, %s, %s)
ON CONFLICT DO NOTHING"""


def missing(connection: Connection, symbol: str, source: str, days: Sequence[date]) -> list[date]:
    """Return those of the sessions that are neither stored nor asked for before, in order."""
    asked = {"symbol": symbol, "source": source, "days": list(days)}
    return [day for (day,) in connection.execute(_MISSING.encode(), asked)]


def neighbours(
    connection: Connection, symbol: str, source: str, first: datetime, last: datetime
) -> tuple[datetime | None, datetime | None]:
    """Return the nearest stored bars before `first` and after `last`; None where there is none."""
    asked = {"symbol": symbol, "source": source, "first": first, "last": last}
    row = connection.execute(_NEIGHBOURS, asked).fetchone()
    assert row is not None
    before, after = (None if one is None else one.astimezone(NEW_YORK) for one in row)
    return before, after


def remember(connection: Connection, symbol: str, source: str, first: date, last: date) -> None:
    """Note that the vendor has been asked for that range, and its answer is stored."""
    connection.execute(_REMEMBER, [symbol, source, first, last])
