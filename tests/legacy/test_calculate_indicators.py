"""Indicators of the old system: values against TA-Lib and by hand, and its habits of storing."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import talib
from psycopg.rows import dict_row

if TYPE_CHECKING:
    from tests.legacy.conftest import Connection, Job

pytestmark = pytest.mark.slow

NEW_YORK = ZoneInfo("America/New_York")
FIRST_DAY = date(2004, 5, 3)  # a Monday
SCRIPT = "calculate_indicators.py"


def weekdays(count: int, start: date = FIRST_DAY) -> list[date]:
    days = (start + timedelta(days=offset) for offset in range(2 * count))
    return [day for day in days if day.weekday() < 5][:count]


def wave(count: int) -> list[float]:
    """A price that trends, swings and jitters; four decimals, as stored."""
    return [
        round(50 + 0.03 * n + 4 * math.sin(n / 9) + 1.5 * math.cos(1.7 * n), 4)
        for n in range(count)
    ]


def store(legacy: Connection, symbol: str, bars: Sequence[tuple[datetime, float, int]]) -> None:
    with legacy.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO legacy.market_data "
            "(symbol, timestamp, data_source, open, high, low, close, volume) "
            "VALUES (%s, %s, 'yahoo_adjusted', %s, %s, %s, %s, %s)",
            [(symbol, at, close, close + 1, close - 1, close, vol) for at, close, vol in bars],
        )


def store_days(legacy: Connection, symbol: str, closes: Sequence[float]) -> list[date]:
    days = weekdays(len(closes))
    stamps = [datetime.combine(day, time(), NEW_YORK) for day in days]
    store(
        legacy,
        symbol,
        [(at, c, 1000 + n) for n, (at, c) in enumerate(zip(stamps, closes, strict=True))],
    )
    return days


def evening(day: date) -> str:
    return datetime.combine(day, time(20), NEW_YORK).isoformat()


def rows(legacy: Connection, symbol: str) -> list[dict[str, Any]]:
    with legacy.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            "SELECT * FROM legacy.technical_indicators WHERE symbol = %s ORDER BY date", [symbol]
        )
        return cursor.fetchall()


def without_time(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "created_at"}


def test_last_day_agrees_with_talib(job: Job, legacy: Connection) -> None:
    closes = wave(210)
    days = store_days(legacy, "IBM", closes)

    done = job(SCRIPT, "--symbols", "IBM", "--days-back", "300", "--as-of", evening(days[-1]))

    assert done.returncode == 0, done.stderr
    row = rows(legacy, "IBM")[-1]
    prices = np.array(closes)
    upper, middle, lower = (band[-1] for band in talib.BBANDS(prices, 20, 2, 2))
    for name, expected in {
        "sma_20": talib.SMA(prices, 20)[-1],
        "sma_50": talib.SMA(prices, 50)[-1],
        "sma_200": talib.SMA(prices, 200)[-1],
        "bb_upper": upper,
        "bb_middle": middle,
        "bb_lower": lower,
        "bb_position": (closes[-1] - lower) / (upper - lower) * 100,
        "bb_width": (upper - lower) / middle * 100,
        "price_change_1d": talib.ROC(prices, 1)[-1],
        "price_change_5d": talib.ROC(prices, 5)[-1],
        "price_change_30d": talib.ROC(prices, 30)[-1],
    }.items():
        assert row[name] == pytest.approx(expected, rel=1e-9), name
    # TA-Lib seeds these with averages, the old script with the first value: 210 days on, what is
    # left of that is (1 - alpha) ** ~200 of the difference.
    line, signal, histogram = (series[-1] for series in talib.MACD(prices, 12, 26, 9))
    for name, expected, tolerance in (
        ("ema_12", talib.EMA(prices, 12)[-1], 1e-9),
        ("ema_26", talib.EMA(prices, 26)[-1], 1e-5),
        ("ema_50", talib.EMA(prices, 50)[-1], 0.033),
        ("rsi_14", talib.RSI(prices, 14)[-1], 3e-5),
        ("macd_line", line, 1e-5),
        ("macd_signal", signal, 1e-5),
        ("macd_histogram", histogram, 1e-5),
    ):
        assert row[name] == pytest.approx(expected, abs=tolerance), name


def test_volatility_and_volume_by_hand(job: Job, legacy: Connection) -> None:
    closes = wave(21)
    days = store_days(legacy, "IBM", closes)

    job(SCRIPT, "--symbols", "IBM", "--as-of", evening(days[-1]))

    row = rows(legacy, "IBM")[-1]
    returns = [after / before - 1 for before, after in pairwise(closes)]
    yearly = statistics.stdev(returns) * math.sqrt(252) * 100
    assert row["volatility_20"] == pytest.approx(yearly, rel=1e-9)
    assert row["avg_volume_20"] == 1010.5  # volumes 1001 to 1020
    assert row["current_volume"] == 1020


def test_an_indicator_without_enough_days_is_null(job: Job, legacy: Connection) -> None:
    days = store_days(legacy, "IBM", wave(200))

    job(SCRIPT, "--symbols", "IBM", "--as-of", evening(days[-1]))

    stored = rows(legacy, "IBM")
    needed = {
        name: next(n for n, row in enumerate(stored, start=1) if row[name] is not None)
        for name in stored[0]
    }
    assert needed == {
        "symbol": 1, "date": 1, "created_at": 1, "current_volume": 1,
        "sma_20": 20, "sma_50": 50, "sma_200": 200,
        "ema_12": 12, "ema_26": 26, "ema_50": 50,
        "rsi_14": 15,
        "macd_line": 26, "macd_signal": 34, "macd_histogram": 34,
        "bb_upper": 20, "bb_middle": 20, "bb_lower": 20, "bb_position": 20, "bb_width": 20,
        "volatility_20": 21, "avg_volume_20": 20,
        "price_change_1d": 2, "price_change_5d": 6, "price_change_30d": 31,
    }  # fmt: skip
    assert not [
        (row["date"], name)
        for row in stored
        for name, value in row.items()
        if isinstance(value, float) and not math.isfinite(value)
    ]


def test_a_price_that_never_moves_has_no_rsi_and_no_band_position(
    job: Job, legacy: Connection
) -> None:
    days = store_days(legacy, "IBM", [77.7] * 30)

    done = job(SCRIPT, "--symbols", "IBM", "--as-of", evening(days[-1]))

    row = rows(legacy, "IBM")[-1]
    assert done.returncode == 0, done.stderr
    assert (row["rsi_14"], row["bb_position"]) == (None, None)
    assert (row["bb_width"], row["volatility_20"], row["price_change_5d"]) == (0, 0, 0)


def test_window_and_as_of_limit_the_bars(job: Job, legacy: Connection) -> None:
    days = store_days(legacy, "IBM", wave(40))

    job(SCRIPT, "--symbols", "IBM", "--days-back", "7", "--as-of", evening(days[29]))

    assert days[29] == date(2004, 6, 11)
    assert [row["date"] for row in rows(legacy, "IBM")] == days[24:30]  # from 2004-06-04 on


def test_hourly_bars_become_days_by_utc_day(job: Job, legacy: Connection) -> None:
    at = datetime(2004, 5, 3, 9, 30, tzinfo=NEW_YORK)
    hours = [(at + timedelta(hours=n), 10.0 + n, 100) for n in range(7)]
    late = (datetime(2004, 5, 3, 20, 30, tzinfo=NEW_YORK), 30.0, 5)  # 00:30 UTC, the next day
    tuesday = [(at + timedelta(days=1, hours=n), 20.0 + n, 10) for n in range(7)]
    store(legacy, "IBM", [*hours, late, *tuesday])

    job(SCRIPT, "--symbols", "IBM", "--as-of", evening(date(2004, 5, 4)))

    monday_row, tuesday_row = rows(legacy, "IBM")
    assert (monday_row["date"], monday_row["current_volume"]) == (date(2004, 5, 3), 700)
    assert (tuesday_row["date"], tuesday_row["current_volume"]) == (date(2004, 5, 4), 75)
    assert tuesday_row["price_change_1d"] == pytest.approx((26 / 16 - 1) * 100)  # last closes


def test_first_value_is_kept_and_latest_takes_the_last(job: Job, legacy: Connection) -> None:
    closes = wave(40)
    days = store_days(legacy, "IBM", closes)
    args = (SCRIPT, "--symbols", "IBM", "--as-of", evening(days[-1]))
    job(*args)
    before = rows(legacy, "IBM")

    legacy.execute("UPDATE legacy.market_data SET close = close / 2")
    done = job(*args)

    assert done.returncode == 0, done.stderr
    assert rows(legacy, "IBM") == before
    mean = legacy.execute("SELECT sma_20 FROM legacy.technical_indicators_latest").fetchone()
    assert mean is not None
    assert mean[0] == pytest.approx(sum(closes[-20:]) / 40, abs=1e-4)  # stored in 4 decimals
    assert before[-1]["sma_20"] == pytest.approx(sum(closes[-20:]) / 20)


def test_a_second_run_changes_nothing_but_created_at(job: Job, legacy: Connection) -> None:
    days = store_days(legacy, "IBM", wave(40))
    args = (SCRIPT, "--symbols", "IBM", "--as-of", evening(days[-1]))
    query = "SELECT * FROM legacy.technical_indicators_latest"

    job(*args)
    series, latest = rows(legacy, "IBM"), legacy.execute(query).fetchall()
    job(*args)

    assert rows(legacy, "IBM") == series
    (old,), (new,) = latest, legacy.execute(query).fetchall()
    assert new[:-1] == old[:-1]
    assert new[-1] > old[-1]
    assert new[:-1] == tuple(without_time(series[-1]).values())


def test_a_symbol_without_bars_costs_no_other(job: Job, legacy: Connection) -> None:
    started = datetime.now(UTC)
    days = store_days(legacy, "IBM", wave(3))

    done = job(SCRIPT, "--symbols", "NONE,IBM", "--as-of", evening(days[-1]))

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "calculate_indicators: failed: NONE"
    assert [row["date"] for row in rows(legacy, "IBM")] == days
    runs = legacy.execute(
        "SELECT job, symbol, status, rows, message, started_at, finished_at "
        "FROM legacy.load_runs ORDER BY id"
    ).fetchall()
    assert [run[:4] for run in runs] == [
        ("calculate_indicators", "NONE", "empty", 0),
        ("calculate_indicators", "IBM", "ok", 3),
    ]
    assert runs[0][4] == "no yahoo_adjusted bars since 2003-07-10"  # 300 days before 2004-05-05
    assert all(started <= run[5] <= run[6] for run in runs)
