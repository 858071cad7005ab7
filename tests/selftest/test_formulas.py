"""The self-test's own arithmetic against TA-Lib and pandas."""

from __future__ import annotations

import math
from datetime import datetime, time
from typing import Any

import numpy as np
import pandas as pd
import pytest
import talib

from parity.demo.market import daily_bars
from parity.selftest.faults.formulas import Recipe, computed, known
from prefect_flows.bars import NEW_YORK
from tests.selftest.toy import LAST

_BARS = daily_bars("IBM", datetime.combine(LAST, time(20), NEW_YORK))[-207:]
CLOSE = np.array([bar.close for bar in _BARS])
VOLUME = np.array([float(bar.volume) for bar in _BARS])


def last(name: str, **recipe: Any) -> float:
    """The newest value, from a window with room on the left."""
    pad = [np.nan] * 13
    found = computed(
        name, np.array([[*pad, *CLOSE]]), np.array([[*pad, *VOLUME]]), Recipe(**recipe)
    )
    assert found is not None
    return float(found[0])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sma_200", talib.SMA(CLOSE, 200)),
        ("ema_50", talib.EMA(CLOSE, 50)),
        ("rsi_14", talib.RSI(CLOSE, 14)),
        ("macd_line", talib.MACD(CLOSE, 12, 26, 9)[0]),
        ("macd_signal", talib.MACD(CLOSE, 12, 26, 9)[1]),
        ("macd_histogram", talib.MACD(CLOSE, 12, 26, 9)[2]),
        ("bb_upper", talib.BBANDS(CLOSE, 20, 2, 2)[0]),
        ("bb_lower", talib.BBANDS(CLOSE, 20, 2, 2)[2]),
        ("price_change_5d", talib.ROC(CLOSE, 5)),
        ("avg_volume_20", talib.SMA(VOLUME, 20)),
    ],
)
def test_as_ta_lib_has_it(name: str, expected: Any) -> None:
    assert last(name, seed="sma") == pytest.approx(expected[-1], rel=1e-9)


def test_as_pandas_has_it() -> None:
    close = pd.Series(CLOSE)
    returns = close.pct_change()
    change = close.diff()
    up, down = change.clip(lower=0), (-change).clip(lower=0)

    def wilder(values: Any) -> float:
        return float(values.ewm(alpha=1 / 14, adjust=False, min_periods=14).mean().iloc[-1])

    ema = close.ewm(span=26, adjust=False, min_periods=26).mean()
    line = close.ewm(span=12, adjust=False, min_periods=12).mean() - ema
    signal = line.ewm(span=9, adjust=False, min_periods=9).mean()
    assert last("ema_26") == pytest.approx(ema.iloc[-1])
    assert last("macd_signal") == pytest.approx(signal.iloc[-1])
    assert last("rsi_14") == pytest.approx(100 - 100 / (1 + wilder(up) / wilder(down)))
    simple = up.rolling(14).mean().iloc[-1] / down.rolling(14).mean().iloc[-1]
    assert last("rsi_14", rsi="simple") == pytest.approx(100 - 100 / (1 + simple))
    for ddof in (0, 1):
        deviation = returns.rolling(20).std(ddof=ddof).iloc[-1]
        assert last("volatility_20", volatility_ddof=ddof) == pytest.approx(
            deviation * 252**0.5 * 100
        )
    logs = close.map(math.log).diff().rolling(20).std().iloc[-1]
    assert last("volatility_20", log=True, days=365) == pytest.approx(logs * 365**0.5 * 100)


def test_too_few_bars_give_nothing() -> None:
    short = np.array([CLOSE[:10]])
    for name in ("sma_20", "ema_12", "rsi_14", "macd_signal", "bb_width", "volatility_20"):
        found = computed(name, short, short, Recipe())
        assert found is not None
        assert np.isnan(found).all()


def test_unknown_names() -> None:
    assert known("sma_7")
    assert not known("sma_x")
    assert computed("beta", np.ones((1, 3)), np.ones((1, 3)), Recipe()) is None
