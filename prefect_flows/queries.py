"""Every statement that reads or writes the flows' tables.

Writes are upserts, so that a second run of the same night changes nothing. (Not COPY into a
temporary table: the writing role may create nothing outside its schema.) The caller owns the
transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg import Connection, sql

from prefect_flows.bars import NEW_YORK, Bar, Window
from prefect_flows.errors import SettingsError
from prefect_flows.outcome import Outcome
from prefect_flows.tables import INDICATOR_COLUMNS

__all__ = [
    "bars_between",
    "connect",
    "first_bar",
    "first_session_after",
    "indicator_dates",
    "last_bar",
    "record_runs",
    "upsert_bars",
    "upsert_indicators",
]

# Submitted threads cannot be interrupted, so the limits stand in the server and the client.
_OPTIONS = "-c statement_timeout=60000 -c lock_timeout=30000"
_CONNECT_SECONDS = 10

# Daily and hourly bars share a table; a daily one is stamped at midnight in New York.
_KIND = "((timestamp AT TIME ZONE 'America/New_York')::time = '00:00') = %(daily)s"
_SOURCE = "symbol = %(symbol)s AND data_source = %(source)s"

_BARS = f"""
SELECT timestamp, open, high, low, close, volume FROM prefect.market_data
WHERE {_SOURCE} AND timestamp >= %(start)s AND timestamp < %(end)s
  AND num_nulls(open, high, low, close) = 0
ORDER BY timestamp"""  # noqa: S608  # constants of this module
_EDGE = f"""
SELECT min(timestamp), max(timestamp) FILTER (WHERE timestamp < %(end)s)
FROM prefect.market_data WHERE {_SOURCE} AND {_KIND}"""  # noqa: S608
_FIRST_SESSION_AFTER = f"""
SELECT min((timestamp AT TIME ZONE 'America/New_York')::date),
       max((timestamp AT TIME ZONE 'America/New_York')::date)
FROM prefect.market_data
WHERE {_SOURCE} AND timestamp < %(end)s AND close IS NOT NULL
  AND (%(after)s::date IS NULL OR (timestamp AT TIME ZONE 'America/New_York')::date > %(after)s)
"""  # noqa: S608
_INDICATOR_DATES = """
SELECT date FROM prefect.technical_indicators WHERE symbol = %(symbol)s AND date <= %(until)s
ORDER BY date"""
_RECORD_RUN = """
INSERT INTO prefect.load_runs (job, symbol, started_at, finished_at, status, rows, message)
VALUES (%s, %s, %s, now(), %s, %s, %s)"""


def connect(database_url: str) -> Connection:
    """Open a connection in autocommit; its time limits are set.

    Raises:
        SettingsError: DATABASE_URL is not a URI that libpq can read.
        psycopg.OperationalError: The database does not answer.
    """
    try:
        return psycopg.connect(
            database_url, autocommit=True, options=_OPTIONS, connect_timeout=_CONNECT_SECONDS
        )
    except psycopg.ProgrammingError as error:
        raise SettingsError(f"DATABASE_URL: {error}") from None


def bars_between(connection: Connection, symbol: str, source: str, window: Window) -> list[Bar]:
    """Return the stored bars of a window in order; bars without all four prices are left out."""
    rows = connection.execute(_BARS, _key(symbol, source, start=window.start, end=window.end))
    return [Bar(row[0], *row[1:]) for row in rows]


def first_bar(
    connection: Connection, symbol: str, source: str, *, daily: bool, end: datetime
) -> datetime | None:
    """Return when the stored history starts; None when there is none."""
    return _edges(connection, symbol, source, daily=daily, end=end)[0]


def last_bar(
    connection: Connection, symbol: str, source: str, *, daily: bool, end: datetime
) -> datetime | None:
    """Return the newest stored bar before `end`; None when there is none."""
    return _edges(connection, symbol, source, daily=daily, end=end)[1]


def first_session_after(
    connection: Connection, symbol: str, source: str, after: date | None, *, end: datetime
) -> tuple[date, date] | None:
    """Return the first and the newest stored session after a date (None: of all sessions)."""
    query = _key(symbol, source, after=after, end=end)
    row = connection.execute(_FIRST_SESSION_AFTER, query).fetchone()
    assert row is not None
    return None if row[0] is None else (row[0], row[1])


def indicator_dates(connection: Connection, symbol: str, *, until: date) -> list[date]:
    """Return the sessions whose indicators are stored, in order."""
    rows = connection.execute(_INDICATOR_DATES, {"symbol": symbol, "until": until})
    return [day for (day,) in rows]


def upsert_bars(connection: Connection, symbol: str, source: str, bars: Sequence[Bar]) -> int:
    """Write bars and return how many; a stored bar is replaced where it differs."""
    rows = (
        (symbol, bar.timestamp, source, bar.open, bar.high, bar.low, bar.close, bar.volume)
        for bar in bars
    )
    columns = ("symbol", "timestamp", "data_source", "open", "high", "low", "close", "volume")
    return _upsert(connection, "market_data", columns, 3, rows)


def upsert_indicators(connection: Connection, symbol: str, rows: Sequence[Sequence[Any]]) -> int:
    """Write indicator rows and, from the newest of them, the `latest` row; return how many.

    Args:
        connection: In a transaction.
        symbol: Ticker.
        rows: (date, *INDICATOR_COLUMNS, current_volume), in order of date.
    """
    columns = ("symbol", "date", *INDICATOR_COLUMNS, "current_volume")
    complete = [(symbol, *row) for row in rows]
    written = _upsert(connection, "technical_indicators", columns, 2, complete)
    _upsert(
        connection,
        "technical_indicators_latest",
        columns,
        1,
        complete[-1:],
        only_where=sql.SQL("stored.date <= excluded.date"),
    )
    return written


def record_runs(connection: Connection, job: str, outcomes: Iterable[Outcome]) -> None:
    """Add a row to load_runs for each symbol."""
    rows = [
        (job, one.symbol, one.started_at, one.status.value, one.rows, one.message or None)
        for one in outcomes
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_RECORD_RUN, rows)


def _edges(
    connection: Connection, symbol: str, source: str, *, daily: bool, end: datetime
) -> tuple[datetime | None, datetime | None]:
    row = connection.execute(_EDGE, _key(symbol, source, daily=daily, end=end)).fetchone()
    assert row is not None
    first, last = row
    return _in_new_york(first), _in_new_york(last)


def _in_new_york(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(NEW_YORK)


def _key(symbol: str, source: str, **rest: Any) -> dict[str, Any]:
    return {"symbol": symbol, "source": source, **rest}


def _upsert(
    connection: Connection,
    table: str,
    columns: Sequence[str],
    key_size: int,
    rows: Iterable[Sequence[Any]],
    *,
    only_where: sql.SQL | None = None,
) -> int:
    """Insert or replace; the first `key_size` columns are the key. Returns how many rows."""
    names = [sql.Identifier(name) for name in columns]
    key, values = names[:key_size], names[key_size:]
    statement = _MERGE.format(
        table=sql.Identifier("prefect", table),
        columns=_commas(names),
        values=_commas([sql.Placeholder()] * len(names)),
        key=_commas(key),
        changes=_commas([sql.SQL("{0} = excluded.{0}").format(name) for name in values]),
        old=_commas([sql.SQL("stored.{}").format(name) for name in values]),
        new=_commas([sql.SQL("excluded.{}").format(name) for name in values]),
        guard=only_where or sql.SQL("true"),
    )
    complete = list(rows)
    with connection.cursor() as cursor:
        cursor.executemany(statement, complete)  # psycopg sends these in one pipeline
    return len(complete)


def _commas(parts: Sequence[sql.Composable]) -> sql.Composed:
    return sql.SQL(", ").join(parts)


# Rows that would not change are left alone, so that a second run writes nothing.
_MERGE = sql.SQL(
    "INSERT INTO {table} AS stored ({columns}) VALUES ({values}) "
    "ON CONFLICT ({key}) DO UPDATE SET {changes} "
    "WHERE ({old}) IS DISTINCT FROM ({new}) AND {guard}"
)
