"""Stored indicators, and the closes that they are calculated from; many symbols at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from psycopg import Connection

from prefect_flows.queries.staging import Target, merge
from prefect_flows.tables import INDICATOR_COLUMNS

__all__ = ["Bars", "Known", "closes", "known", "store_indicators"]

# (newest stored session of its indicators, newest session of its bars, its stored sessions)
Known = tuple[date | None, date | None, list[date] | None]

# (symbol, sessions as days since 1970, whether each bar is a daily one, closes, volumes)
Bars = tuple[str, list[int], list[bool], list[float], list[int | None]]

_NEW_YORK = "AT TIME ZONE 'America/New_York'"
# Not num_nulls(): of a function the planner thinks that few rows pass, and reads the whole table.
_COMPLETE = "open IS NOT NULL AND high IS NOT NULL AND low IS NOT NULL AND close IS NOT NULL"
# A restatement of its bars that no calculation has followed yet, whatever became of the run that
# loaded them: a row of load_runs says so until the indicators' own row is newer.
_KNOWN = f"""
SELECT asked.symbol,
  (SELECT max(date) FROM prefect.technical_indicators stored
    WHERE stored.symbol = asked.symbol AND date <= %(until)s),
  (SELECT (timestamp {_NEW_YORK})::date FROM prefect.market_data bar
    WHERE bar.symbol = asked.symbol AND data_source = %(source)s AND timestamp < %(end)s
      AND {_COMPLETE}
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
# A row a symbol. The inner order has the planner go by way of the index, a symbol at a time.
_CLOSES = f"""
SELECT symbol, days, daily, closes, volumes
FROM unnest(%(symbols)s::text[], %(starts)s::timestamptz[]) AS asked(symbol, start)
CROSS JOIN LATERAL (
  SELECT array_agg(local::date - date '1970-01-01') AS days,
    array_agg(local::time = '00:00') AS daily, array_agg(close::float8) AS closes,
    array_agg(volume) AS volumes
  FROM (
    SELECT timestamp {_NEW_YORK} AS local, close, volume FROM prefect.market_data stored
    WHERE stored.symbol = asked.symbol AND data_source = %(source)s
      AND timestamp >= asked.start AND timestamp < %(end)s AND {_COMPLETE}
    ORDER BY timestamp) AS bar) AS series
WHERE days IS NOT NULL"""  # noqa: S608

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
) -> list[Bars]:
    """Return the bars of each symbol that has any, in order of time.

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
