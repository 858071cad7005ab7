"""Compute technical indicators from the stored adjusted Yahoo bars.

    python legacy/calculate_indicators.py [--days-back 300] [--symbols A,B] [--as-of T]

Bars are resampled to days by UTC day. legacy.technical_indicators keeps the first value that was
written for a date; legacy.technical_indicators_latest takes the newest day of each run.
Exit code: 0 all symbols done, 1 some failed, 2 bad arguments or no database.
"""

from __future__ import annotations

import math
from datetime import datetime

import common
import pandas as pd
import queries

COLUMNS = ["timestamp", "open", "high", "low", "close", "volume"]
TRADING_DAYS = 252


def resample(bars: pd.DataFrame) -> pd.DataFrame:
    """Bars (UTC index; open, high, low, close, volume) to one row a UTC day; empty days go."""
    daily = bars.resample("1D").agg(
        {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    )
    return daily.dropna(subset=["close"])


def ema(values: pd.Series[float], span: int) -> pd.Series[float]:
    """Exponential average, alpha = 2 / (span + 1), seeded with the first value."""
    return values.ewm(span=span, adjust=False, min_periods=span).mean()


def wilder(values: pd.Series[float], length: int) -> pd.Series[float]:
    """Wilder's average (1978), alpha = 1 / length, seeded with the first value."""
    return values.ewm(alpha=1 / length, adjust=False, min_periods=length).mean()


def rsi(close: pd.Series[float], length: int) -> pd.Series[float]:
    """Relative strength index, 0 to 100; NaN while the price never moved."""
    change = close.diff()
    gain = wilder(change.clip(lower=0), length)
    loss = wilder((-change).clip(lower=0), length)
    return 100 - 100 / (1 + gain / loss)


def compute(daily: pd.DataFrame) -> pd.DataFrame:
    """All indicators, one row for each day; NaN where there are too few days for one.

    Percent: bb_position, bb_width, volatility_20 (annualised), price_change_*. Bollinger bands take
    the population deviation, volatility the sample deviation of simple daily returns.
    """
    close, volume = daily["close"], daily["volume"]
    out = pd.DataFrame(index=daily.index)
    for length in (20, 50, 200):
        out[f"sma_{length}"] = close.rolling(length).mean()
    for length in (12, 26, 50):
        out[f"ema_{length}"] = ema(close, length)
    out["rsi_14"] = rsi(close, 14)
    out["macd_line"] = out["ema_12"] - out["ema_26"]
    out["macd_signal"] = ema(out["macd_line"], 9)
    out["macd_histogram"] = out["macd_line"] - out["macd_signal"]
    band = 2 * close.rolling(20).std(ddof=0)
    out["bb_middle"] = out["sma_20"]
    out["bb_upper"] = out["bb_middle"] + band
    out["bb_lower"] = out["bb_middle"] - band
    out["bb_position"] = (close - out["bb_lower"]) / (out["bb_upper"] - out["bb_lower"]) * 100
    out["bb_width"] = (out["bb_upper"] - out["bb_lower"]) / out["bb_middle"] * 100
    returns = close.pct_change()
    out["volatility_20"] = returns.rolling(20).std(ddof=1) * math.sqrt(TRADING_DAYS) * 100
    for length in (1, 5, 30):
        out[f"price_change_{length}d"] = close.pct_change(length) * 100
    out["avg_volume_20"] = volume.rolling(20).mean()
    out["current_volume"] = volume
    return out[list(queries.INDICATORS)]


def to_row(symbol: str, day: pd.Timestamp, values: list[float]) -> common.Row:
    """One row of technical_indicators; NaN and infinity become NULL."""
    numbers = [float(value) if math.isfinite(value) else None for value in values]
    volume = int(numbers[-1]) if numbers[-1] is not None else None
    return (symbol, day.date(), *numbers[:-1], volume)


def calculate(
    conn: common.Connection, symbol: str, start: datetime, as_of: datetime
) -> common.Writes:
    """Compute a symbol's indicators from the bars stored between `start` and `as_of`.

    Raises:
        common.EmptyResultError: no bar is stored in that time.
    """
    stored = conn.execute(queries.BARS, (symbol, start, as_of)).fetchall()
    if not stored:
        raise common.EmptyResultError(f"no yahoo_adjusted bars since {start.date()}")
    bars = pd.DataFrame(stored, columns=COLUMNS)
    bars = bars.set_index(pd.to_datetime(bars.pop("timestamp"), utc=True)).astype(float)
    computed = compute(resample(bars))
    rows = [
        to_row(symbol, day, values)
        for day, values in zip(computed.index, computed.to_numpy().tolist(), strict=True)
    ]
    return common.Writes(
        batches=((queries.INSERT_INDICATORS, rows), (queries.UPSERT_LATEST, rows[-1:])),
        rows=len(rows),
        message=f"{rows[0][1]} to {rows[-1][1]}",
    )


def main() -> int:
    """Parse the arguments, calculate, and return the exit code."""
    args = common.parser("Compute technical indicators.", days_back=300).parse_args()
    start = common.window_start(args.as_of, args.days_back)
    with common.connect() as conn:
        return common.run(
            conn,
            "calculate_indicators",
            args.symbols,
            lambda symbol: calculate(conn, symbol, start, args.as_of),
        )


if __name__ == "__main__":
    common.start(main)
