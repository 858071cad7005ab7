"""Expected values are the definitions in plain arithmetic, not another call of TA-Lib."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import fmean, pstdev, stdev
from zoneinfo import ZoneInfo

import pytest

from prefect_flows.bars import Bar
from prefect_flows.indicators import compute
from prefect_flows.tables import INDICATOR_COLUMNS

START = datetime(2004, 1, 1, tzinfo=ZoneInfo("America/New_York"))


def series(count: int) -> list[float]:
    """Closes that rise, wave and never repeat."""
    return [
        round(50 + 0.1 * n + 5 * math.sin(n / 3) + (n * 7919 % 13) / 10, 4) for n in range(count)
    ]


def bars(closes: list[float], volumes: list[int | None] | None = None) -> list[Bar]:
    given = volumes or [1000 + n for n in range(len(closes))]
    return [
        Bar(START + timedelta(days=n), price, price, price, price, volume)
        for n, (price, volume) in enumerate(
            zip((Decimal(str(close)) for close in closes), given, strict=True)
        )
    ]


def last(closes: list[float], volumes: list[int | None] | None = None) -> dict[str, float | None]:
    return dict(zip(INDICATOR_COLUMNS, compute(bars(closes, volumes))[-1].values, strict=True))


def ema(values: list[float], period: int) -> list[float]:
    """Seeded with the mean of the first `period` values."""
    out = [fmean(values[:period])]
    for value in values[period:]:
        out.append(out[-1] + 2 / (period + 1) * (value - out[-1]))
    return out


def wilder_rsi(closes: list[float], period: int = 14) -> float:
    """Wilder 1978: mean of the first 14 changes, then smoothed by 1/14."""
    changes = [b - a for a, b in pairwise(closes)]
    gain = fmean(max(change, 0) for change in changes[:period])
    loss = fmean(max(-change, 0) for change in changes[:period])
    for change in changes[period:]:
        gain = (gain * (period - 1) + max(change, 0)) / period
        loss = (loss * (period - 1) + max(-change, 0)) / period
    return 100 * gain / (gain + loss)


def test_averages() -> None:
    closes = series(210)

    row = last(closes)

    for period in (20, 50, 200):
        assert row[f"sma_{period}"] == pytest.approx(fmean(closes[-period:]), rel=1e-12)
    for period in (12, 26, 50):
        assert row[f"ema_{period}"] == pytest.approx(ema(closes, period)[-1], rel=1e-12)


def test_rsi_is_wilders() -> None:
    closes = series(120)

    assert last(closes)["rsi_14"] == pytest.approx(wilder_rsi(closes), rel=1e-12)


def test_macd_starts_its_fast_average_where_the_slow_one_starts() -> None:
    closes = series(90)
    slow, fast = ema(closes, 26), ema(closes[14:], 12)
    line = [f - s for f, s in zip(fast, slow, strict=True)]
    signal = ema(line, 9)[-1]

    row = last(closes)

    assert row["macd_line"] == pytest.approx(line[-1], abs=1e-10)
    assert row["macd_signal"] == pytest.approx(signal, abs=1e-10)
    assert row["macd_histogram"] == pytest.approx(line[-1] - signal, abs=1e-10)


def test_bollinger_bands_use_the_population_deviation() -> None:
    closes = series(40)
    middle, deviation = fmean(closes[-20:]), pstdev(closes[-20:])

    row = last(closes)

    assert row["bb_upper"] == pytest.approx(middle + 2 * deviation, rel=1e-9)
    assert row["bb_middle"] == pytest.approx(middle, rel=1e-12)
    assert row["bb_lower"] == pytest.approx(middle - 2 * deviation, rel=1e-9)
    position = (closes[-1] - middle + 2 * deviation) / (4 * deviation) * 100
    assert row["bb_position"] == pytest.approx(position, rel=1e-8)
    assert row["bb_width"] == pytest.approx(4 * deviation / middle * 100, rel=1e-8)


def test_volatility_uses_the_sample_deviation_of_twenty_returns() -> None:
    closes = series(40)
    returns = [b / a - 1 for a, b in zip(closes[-21:], closes[-20:], strict=False)]

    expected = stdev(returns) * math.sqrt(252) * 100

    assert last(closes)["volatility_20"] == pytest.approx(expected, rel=1e-10)


def test_price_changes_are_in_percent_over_sessions() -> None:
    closes = [100.0] * 31
    closes[-1], closes[-2], closes[-6], closes[-31] = 120.0, 96.0, 80.0, 150.0

    row = last(closes)

    assert row["price_change_1d"] == pytest.approx(25.0)
    assert row["price_change_5d"] == pytest.approx(50.0)
    assert row["price_change_30d"] == pytest.approx(-20.0)


def test_volume() -> None:
    volumes: list[int | None] = [*[100] * 19, 2100]

    rows = compute(bars(series(20), volumes))

    assert dict(zip(INDICATOR_COLUMNS, rows[-1].values, strict=True))["avg_volume_20"] == 200
    assert rows[-1].current_volume == 2100


def test_a_missing_volume_leaves_only_its_own_twenty_sessions_without_an_average() -> None:
    volumes: list[int | None] = [None, *[100] * 20]
    place = INDICATOR_COLUMNS.index("avg_volume_20")

    rows = compute(bars(series(21), volumes))

    assert rows[0].current_volume is None
    assert rows[19].values[place] is None
    assert rows[20].values[place] == 100


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("sma_20", 20),
        ("sma_200", 200),
        ("ema_12", 12),
        ("ema_50", 50),
        ("rsi_14", 15),
        ("macd_line", 34),
        ("bb_upper", 20),
        ("volatility_20", 21),
        ("price_change_1d", 2),
        ("price_change_30d", 31),
        ("avg_volume_20", 20),
    ],
)
def test_too_few_rows_give_none_and_enough_give_a_value(name: str, needed: int) -> None:
    rows = compute(bars(series(needed)))

    assert rows[-1].values[INDICATOR_COLUMNS.index(name)] is not None
    assert name not in rows[-1].missing
    assert all(name in row.missing for row in rows[:-1])


def test_closes_that_stand_still_have_bands_but_no_place_in_them() -> None:
    row = last([42.0] * 60)

    assert row["bb_width"] == 0
    assert row["bb_position"] is None
    assert row["volatility_20"] == 0


def test_no_bars_give_no_rows() -> None:
    assert compute([]) == []
