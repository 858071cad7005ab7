"""Stored indicators, and the closes that they are calculated from; many symbols at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from psycopg import Connection

from prefect_flows.queries.staging import Target, merge
from prefect_flows.tables import INDICATOR_COLUMNS

__all__ = ["Known", "closes", "known", "store_indicators"]

# (newest stored session of its indicators, newest session of its bars, its stored sessions)
Known = tuple[date | None, date | None, list[date] | None]

_NEW_YORK = "AT TIME ZONE 'America/New_York'"
# A restatement of its bars that no calculation has followed yet, whatever became of the run that
# loaded them: a row of load_runs says so until the indicators' own row is newer.
_KNOWN = f"""
SELECT asked.symbol,
  (SELECT max(date) FROM prefect.technical_indicators stored
    WHERE stored.symbol = asked.symbol AND date <= %(until)s),
  (SELECT (timestamp {_NEW_YORK})::date FROM prefect.market_data bar
    WHERE bar.symbol = asked.symbol AND data_source = %(source)s AND timestamp < %(end)s
      AND num_nulls(open, high, low, close) = 0
    ORDER BY timestamp DESC LIMIT 1),
  CASE WHEN asked.symbol = ANY(%(whole)s) OR EXISTS (
    SELECT FROM prefect.load_runs loaded
    WHERE loaded.symbol = asked.symbol AND loaded.job = %(loading)s AND loaded.restated
      AND loaded.id > coalesce((
        SELECT max(id) FROM prefect.load_runs calculated
        WHERE calculated.symbol = asked.symbol AND calculated.job = %(calculating)s
          AND calculated.status = 'ok'), 0))
  THEN ARRAY(
    SELECT date FROM prefect.technical_indicators stored
    WHERE stored.symbol = asked.symbol AND date <= %(until)s ORDER BY date) END
FROM unnest(%(symbols)s::text[]) AS asked(symbol)"""  # noqa: S608  # constants of this module
_CLOSES = f"""
SELECT asked.symbol, (timestamp {_NEW_YORK})::date - date '1970-01-01',
  (timestamp {_NEW_YORK})::time = '00:00', close::float8, volume
FROM unnest(%(symbols)s::text[], %(starts)s::timestamptz[]) AS asked(symbol, start)
JOIN prefect.market_data bar ON bar.symbol = asked.symbol AND bar.data_source = %(source)s
  AND bar.timestamp >= asked.start AND bar.timestamp < %(end)s
WHERE num_nulls(open, high, low, close) = 0
ORDER BY bar.symbol, bar.timestamp"""  # noqa: S608

_INDICATORS = Target(
    "technical_indicators",
    ("symbol", "date", *INDICATOR_COLUMNS, "current_volume"),
    ("text", "date", *("float8" for _ in INDICATOR_COLUMNS), "int8"),
    key_size=2,
)
_LATEST = _INDICATORS.newest_into("technical_indicators_latest")


def known(
    connection: Connection,
    symbols: Sequence[str],
    source: str,
    *,
    end: datetime,
    until: date,
    whole: Iterable[str],
    jobs: tuple[str, str],
) -> dict[str, Known]:
    """Return what is stored of each symbol.

    Its sessions are listed where it is in `whole`, or where the job that loads (the first of
    `jobs`) met a restatement since the job that calculates (the second) was done with it.
    """
    rows = connection.execute(
        _KNOWN.encode(),
        {
            "symbols": list(symbols),
            "source": source,
            "end": end,
            "until": until,
            "whole": list(whole),
            "loading": jobs[0],
            "calculating": jobs[1],
        },
    )
    return {symbol: (stored, newest, sessions) for symbol, stored, newest, sessions in rows}


def closes(
    connection: Connection, starts: Mapping[str, datetime], source: str, *, end: datetime
) -> list[tuple[str, int, bool, float, int | None]]:
    """Return (symbol, session as days since 1970, daily bar, close, volume), in order of time.

    Bars without all four prices are left out. The session is the exchange's date.
    """
    with connection.cursor(binary=True) as cursor:
        return cursor.execute(
            _CLOSES.encode(),
            {
                "symbols": list(starts),
                "starts": list(starts.values()),
                "source": source,
                "end": end,
            },
        ).fetchall()


def store_indicators(connection: Connection, rows: Iterable[Sequence[Any]]) -> int:
    """Write indicator rows and each symbol's newest of them to the `latest` table.

    Args:
        connection: In a transaction.
        rows: (symbol, date, *INDICATOR_COLUMNS, current_volume).

    Returns:
        How many rows there were.
    """
    return merge(connection, _INDICATORS, rows, _LATEST)
