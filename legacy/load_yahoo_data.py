"""Load Yahoo bars into legacy.market_data: as traded ('yahoo') and adjusted ('yahoo_adjusted').

    python legacy/load_yahoo_data.py [--interval 1h|1d] [--days-back N] [--symbols A,B] [--as-of T]

Newer values overwrite older ones. Daily and hourly bars share a data_source: a database holds one
or the other. Hourly bars carry no dividend adjustment, because Yahoo sends none with them.
Exit code: 0 all symbols done, 1 some failed, 2 bad arguments or no database.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import common
import pandas as pd
import queries
import yfinance as yf

PRICES = ["Open", "High", "Low", "Close"]
DAYS_BACK = {"1h": 7, "1d": 30}


def bars(symbol: str, source: str, frame: pd.DataFrame, as_of: datetime) -> Iterator[common.Row]:
    """Yield market_data rows of a yfinance frame; bars newer than `as_of` are left out.

    A bar without all four prices is dropped with a warning.
    """
    missing = frame[PRICES].isna().any(axis=1)
    if missing.any():
        days = ", ".join(str(stamp) for stamp in frame.index[missing])
        common.log.warning("%s %s: no price, dropped: %s", symbol, source, days)
    kept = frame[~missing]
    stamps = pd.DatetimeIndex(kept.index).to_pydatetime()
    prices, volumes = kept[PRICES].to_numpy(float).tolist(), kept["Volume"].tolist()
    for stamp, price, volume in zip(stamps, prices, volumes, strict=True):
        if stamp <= as_of:
            yield (symbol, stamp, source, *price, volume)


def fetch(symbol: str, interval: str, start: datetime, as_of: datetime) -> common.Writes:
    """Ask Yahoo for both series of a symbol.

    Raises:
        common.EmptyResultError: Yahoo gave no bar. yfinance swallows most errors (not found, server
            errors, broken answers) and returns an empty frame for them as well.
    """
    rows: list[common.Row] = []
    for source, auto_adjust in (("yahoo", False), ("yahoo_adjusted", True)):
        # No retry: for an `end` over 30 minutes back yfinance keeps the answer, a bad one too,
        # for the life of the process. For the same reason the second call asks nothing then.
        frame = yf.Ticker(symbol).history(
            start=start, end=as_of, interval=interval, auto_adjust=auto_adjust, actions=False
        )
        stored = list(bars(symbol, source, frame, as_of)) if not frame.empty else []
        if not stored:
            raise common.EmptyResultError(f"no {source} bars, possibly delisted")
        rows += stored
    return common.Writes(batches=((queries.UPSERT_BAR, rows),), rows=len(rows))


def main() -> int:
    """Parse the arguments, load, and return the exit code."""
    parser = common.parser("Load Yahoo bars, raw and adjusted.", days_back=None)
    parser.add_argument("--interval", choices=tuple(DAYS_BACK), default="1h")
    args = parser.parse_args()
    start = common.window_start(args.as_of, args.days_back or DAYS_BACK[args.interval])
    if cache := os.environ.get("XDG_CACHE_HOME"):
        yf.set_tz_cache_location(str(Path(cache) / "py-yfinance"))
    with common.connect() as conn:
        return common.run(
            conn,
            "load_yahoo_data",
            args.symbols,
            lambda symbol: fetch(symbol, args.interval, start, args.as_of),
        )


if __name__ == "__main__":
    common.start(main)
