"""Load Polygon daily bars into legacy.market_data ('polygon'), from the last stored day on.

    python legacy/load_polygon_data.py [--days-back N] [--symbols A,B] [--as-of T]

The last stored day is asked for again and overwritten; older rows are never touched again. So the
prices from before a split stay as they were then, although Polygon by now adjusts them.
Exit code: 0 all symbols done, 1 some failed, 2 bad arguments or no database.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import common
import queries
from polygon import RESTClient
from urllib3 import Timeout

SOURCE = "polygon"
BASE_URL = "https://api.polygon.io"


def client() -> RESTClient:
    """Return a client for POLYGON_BASE_URL that does not wait for ever."""
    base = (os.environ.get("POLYGON_BASE_URL") or BASE_URL).rstrip("/")
    made = RESTClient(common.required("POLYGON_API_KEY"), base=base)
    # The client takes timeouts but never passes them on: a hung server would hang the job.
    made.client.connection_pool_kw["timeout"] = Timeout(connect=10, read=10)
    return made


def first_day(conn: common.Connection, symbol: str, as_of: datetime, days_back: int) -> date:
    """The last day stored up to `as_of`, or `days_back` days before it when nothing is stored."""
    found = conn.execute(queries.LAST_STORED, (symbol, SOURCE, as_of)).fetchone()
    stored: datetime | None = found[0] if found else None
    last = stored or common.window_start(as_of, days_back)
    return last.astimezone(common.EXCHANGE).date()


def bars(symbol: str, aggs: Iterable[Any], as_of: datetime) -> Iterator[common.Row]:
    """Yield market_data rows; a bar with a field missing is dropped with a warning.

    Bars newer than `as_of` are left out.
    """
    for agg in aggs:
        fields = (agg.timestamp, agg.open, agg.high, agg.low, agg.close, agg.volume)
        if None in fields:
            common.log.warning("%s: incomplete bar dropped: %s", symbol, fields)
            continue
        stamp = datetime.fromtimestamp(agg.timestamp / 1000, UTC)
        if stamp <= as_of:
            prices = (float(agg.open), float(agg.high), float(agg.low), float(agg.close))
            yield (symbol, stamp, SOURCE, *prices, round(agg.volume))


def fetch(vendor: RESTClient, symbol: str, start: date, as_of: datetime) -> common.Writes:
    """Ask Polygon for the days from `start` on, split-adjusted.

    Raises:
        common.EmptyResultError: no bar came back. The client returns nothing, and no error, for a
            broken answer or a status of ERROR too.
    """
    end = as_of.astimezone(common.EXCHANGE).date()
    aggs = vendor.list_aggs(
        symbol, 1, "day", str(start), str(end), adjusted=True, sort="asc", limit=50_000
    )
    rows = list(bars(symbol, aggs, as_of))
    if not rows:
        raise common.EmptyResultError(f"no bars from {start} to {end}")
    return common.Writes(
        batches=((queries.UPSERT_BAR, rows),), rows=len(rows), message=f"from {start}"
    )


def main() -> int:
    """Parse the arguments, load, and return the exit code."""
    args = common.parser("Load Polygon daily bars, incrementally.", days_back=1).parse_args()
    common.window_start(args.as_of, args.days_back)  # refuses an --as-of out of range
    vendor = client()
    with common.connect() as conn:
        return common.run(
            conn,
            "load_polygon_data",
            args.symbols,
            lambda symbol: fetch(
                vendor, symbol, first_day(conn, symbol, args.as_of, args.days_back), args.as_of
            ),
        )


if __name__ == "__main__":
    common.start(main)
