"""Indicators of daily bars. Pure; computed with TA-Lib, whose seeding counts.

TA-Lib seeds an EMA with the simple mean of its first bars and MACD's fast EMA on the bars where
the slow one starts. An indicator that has too few rows is None: never NaN, never 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import talib
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from prefect_flows.bars import Bar, session_of
from prefect_flows.tables import INDICATOR_COLUMNS

__all__ = ["IndicatorRow", "compute", "compute_last"]

_SESSIONS_A_YEAR = 252
_Series = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class IndicatorRow:
    """The indicators of one session.

    Attributes:
        date: Exchange's calendar date.
        values: In the order of INDICATOR_COLUMNS; None where there are too few rows. Averages
            and bands in price, MACD in price, RSI 0 to 100, band position and width, volatility
            and price changes in percent, average volume in shares.
        current_volume: Shares; None where the bar has none.
    """

    date: date
    values: tuple[float | None, ...]
    current_volume: int | None

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the indicators without a value."""
        return tuple(n for n, v in zip(INDICATOR_COLUMNS, self.values, strict=True) if v is None)


def compute(bars: Sequence[Bar]) -> list[IndicatorRow]:
    """Compute all indicators for each of the sessions.

    Args:
        bars: One daily bar a session, in order; what comes first is where warm-up starts.
    """
    if not bars:
        return []
    close = np.array([float(bar.close) for bar in bars])
    volume = np.array([math.nan if bar.volume is None else float(bar.volume) for bar in bars])
    ordered = _ordered(close, volume)
    return [
        IndicatorRow(
            date=session_of(bar.timestamp),
            values=tuple(_or_none(series[place]) for series in ordered),
            current_volume=bar.volume,
        )
        for place, bar in enumerate(bars)
    ]


def compute_last(day: date, close: _Series, volume: _Series) -> IndicatorRow:
    """Compute all indicators of the last of some sessions.

    Args:
        day: That session.
        close: Closes in order, at least one; the first is where warm-up starts.
        volume: As many volumes; NaN where there is none.
    """
    return IndicatorRow(
        date=day,
        values=tuple(_or_none(series[-1]) for series in _ordered(close, volume)),
        current_volume=None if math.isnan(volume[-1]) else int(volume[-1]),
    )


def _ordered(close: _Series, volume: _Series) -> list[_Series]:
    """A series for each of INDICATOR_COLUMNS."""
    columns = {**_averages(close), **_bands(close), **_changes(close)}
    columns["avg_volume_20"] = _rolling_mean(volume, 20)
    columns["rsi_14"] = talib.RSI(close, 14)
    line, signal, histogram = talib.MACD(close, 12, 26, 9)
    columns |= {"macd_line": line, "macd_signal": signal, "macd_histogram": histogram}
    return [columns[name] for name in INDICATOR_COLUMNS]


def _averages(close: _Series) -> dict[str, _Series]:
    simple = {f"sma_{n}": talib.SMA(close, n) for n in (20, 50, 200)}
    exponential = {f"ema_{n}": talib.EMA(close, n) for n in (12, 26, 50)}
    return {**simple, **exponential}


def _bands(close: _Series) -> dict[str, _Series]:
    """Bollinger bands: 20 sessions, 2 population standard deviations (ddof 0)."""
    upper, middle, lower = talib.BBANDS(close, 20, 2.0, 2.0)
    width = upper - lower
    with np.errstate(divide="ignore", invalid="ignore"):
        # Closes that do not move have no band to stand in: infinite or NaN here, None later.
        position = (close - lower) / width * 100
    return {
        "bb_upper": upper,
        "bb_middle": middle,
        "bb_lower": lower,
        "bb_position": position,
        "bb_width": width / middle * 100,
    }


def _changes(close: _Series) -> dict[str, _Series]:
    """Price changes over n sessions, and the volatility of 20 daily changes (ddof 1), a year's."""
    returns = close[1:] / close[:-1] - 1
    volatility = np.full(len(close), math.nan)
    if len(returns) >= 20:
        deviations = sliding_window_view(returns, 20).std(axis=1, ddof=1)
        volatility[20:] = deviations * math.sqrt(_SESSIONS_A_YEAR) * 100
    changes = {f"price_change_{n}d": talib.ROC(close, n) for n in (1, 5, 30)}
    return {**changes, "volatility_20": volatility}


def _rolling_mean(values: _Series, size: int) -> _Series:
    # Not talib.SMA: its running sum would carry one missing volume through all later rows.
    means = np.full(len(values), math.nan)
    if len(values) >= size:
        means[size - 1 :] = sliding_window_view(values, size).mean(axis=1)
    return means


def _or_none(value: np.float64) -> float | None:
    return float(value) if math.isfinite(value) else None
