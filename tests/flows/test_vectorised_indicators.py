"""Indicators of many series at once against TA-Lib, and against each series alone."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
import talib
from numpy.typing import NDArray

from prefect_flows.indicators import Series, compute_newest
from prefect_flows.tables import INDICATOR_COLUMNS

DAY = date(2006, 3, 1)
# Where an indicator begins, and where 300 calendar days end.
LENGTHS = (1, 2, 12, 15, 20, 21, 26, 33, 34, 50, 51, 199, 200, 205, 257)


def walk(seed: int, length: int) -> Series:
    """A price that wanders, as it is stored, and volumes."""
    random = np.random.default_rng(seed)
    close = np.round(50 * np.exp(np.cumsum(random.normal(0, 0.02, length))), 4)
    return Series(DAY, close, random.integers(1, 10**7, length).astype(float))


def by_talib(close: NDArray[np.float64], volume: NDArray[np.float64]) -> dict[str, float]:
    """The last value of what TA-Lib has; NaN where it has none yet."""
    upper, middle, lower = talib.BBANDS(close, 20, 2.0, 2.0)
    line, signal, histogram = talib.MACD(close, 12, 26, 9)
    found = {
        **{f"sma_{n}": talib.SMA(close, n) for n in (20, 50, 200)},
        **{f"ema_{n}": talib.EMA(close, n) for n in (12, 26, 50)},
        **{f"price_change_{n}d": talib.ROC(close, n) for n in (1, 5, 30)},
        "rsi_14": talib.RSI(close, 14),
        "macd_line": line,
        "macd_signal": signal,
        "macd_histogram": histogram,
        "bb_upper": upper,
        "bb_middle": middle,
        "bb_lower": lower,
        "avg_volume_20": talib.SMA(volume, 20),
    }
    return {name: float(values[-1]) for name, values in found.items()}


@pytest.mark.parametrize("length", LENGTHS)
def test_they_are_talibs(length: int) -> None:
    series = [walk(seed, length) for seed in range(20)]

    rows = compute_newest(series)

    for one, row in zip(series, rows, strict=True):
        values = dict(zip(INDICATOR_COLUMNS, row.values, strict=True))
        for name, expected in by_talib(one.close, one.volume).items():
            if math.isnan(expected):
                assert values[name] is None, name
            else:
                # MACD is a small difference of prices.
                assert values[name] == pytest.approx(expected, rel=1e-11, abs=1e-12), name


def test_a_row_is_the_same_to_the_bit_whatever_is_beside_it() -> None:
    series = [walk(seed, LENGTHS[seed % len(LENGTHS)]) for seed in range(150)]

    alone = [row for one in series for row in compute_newest([one])]

    assert compute_newest(series) == alone
    assert compute_newest(series[:17]) == alone[:17]
    assert compute_newest(reversed(series)) == alone[::-1]


def test_nothing_asked_is_nothing_computed() -> None:
    assert compute_newest([]) == []
