"""Stored bars."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection

from prefect_flows.bars import NEW_YORK, Bar, Window
from prefect_flows.queries.staging import Target, merge

__all__ = ["bars_between", "first_bar", "last_bar", "store_bars"]

# Daily and hourly bars share a table; a daily one is stamped at midnight in New York.
_KIND = "((timestamp AT TIME ZONE 'America/New_York')::time = '00:00') = %(daily)s"
_SOURCE = "symbol = %(symbol)s AND data_source = %(source)s"

_BARS = f"""
SELECT timestamp, open, high, low, close, volume FROM prefect.market_data
WHERE {_SOURCE} AND timestamp >= %(start)s AND timestamp < %(end)s
  AND num_nulls(open, high, low, close) = 0
ORDER BY timestamp"""  # noqa: S608  # constants of this module
# By way of the index: the table's history may be long.
_EDGE = f"""
SELECT timestamp FROM prefect.market_data
WHERE {_SOURCE} AND {_KIND} AND timestamp < %(end)s ORDER BY timestamp"""  # noqa: S608
_FIRST = f"{_EDGE} LIMIT 1"
_LAST = f"{_EDGE} DESC LIMIT 1"

_MARKET_DATA = Target(
    "market_data",
    ("symbol", "timestamp", "data_source", "open", "high", "low", "close", "volume"),
    ("text", "timestamptz", "text", "numeric", "numeric", "numeric", "numeric", "int8"),
    key_size=3,
)


def bars_between(connection: Connection, symbol: str, source: str, window: Window) -> list[Bar]:
    """Return the stored bars of a window in order; bars without all four prices are left out."""
    rows = connection.execute(_BARS, _key(symbol, source, start=window.start, end=window.end))
    return [Bar(row[0], *row[1:]) for row in rows]


def first_bar(
    connection: Connection, symbol: str, source: str, *, daily: bool, end: datetime
) -> datetime | None:
    """Return when the stored history before `end` starts; None when there is none."""
    return _edge(connection, _FIRST, _key(symbol, source, daily=daily, end=end))


def last_bar(
    connection: Connection, symbol: str, source: str, *, daily: bool, end: datetime
) -> datetime | None:
    """Return the newest stored bar before `end`; None when there is none."""
    return _edge(connection, _LAST, _key(symbol, source, daily=daily, end=end))


def store_bars(
    connection: Connection, bars: Mapping[str, Mapping[str, Sequence[Bar]]]
) -> dict[str, int]:
    """Write bars in one merge and return how many each symbol has.

    Args:
        connection: In a transaction.
        bars: Symbol -> data_source -> bars.
    """
    merge(connection, _MARKET_DATA, _rows(bars))
    return {
        symbol: sum(len(found) for found in sources.values()) for symbol, sources in bars.items()
    }


def _rows(bars: Mapping[str, Mapping[str, Sequence[Bar]]]) -> Iterable[tuple[Any, ...]]:
    for symbol, sources in bars.items():
        for source, found in sources.items():
            for bar in found:
                prices = (bar.open, bar.high, bar.low, bar.close)
                yield (symbol, bar.timestamp, source, *prices, bar.volume)


def _edge(connection: Connection, statement: str, key: dict[str, Any]) -> datetime | None:
    row = connection.execute(statement.encode(), key).fetchone()
    moment: datetime | None = None if row is None else row[0]
    return None if moment is None else moment.astimezone(NEW_YORK)


def _key(symbol: str, source: str, **rest: Any) -> dict[str, Any]:
    return {"symbol": symbol, "source": source, **rest}
