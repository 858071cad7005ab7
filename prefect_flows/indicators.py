"""Indicators of the newest session of many series, in one pass. Pure.

They are TA-Lib's, whose seeding counts: an EMA starts with the simple mean of its first closes,
MACD's fast EMA on the closes where the slow one starts, RSI with the mean of its first changes
(Wilder 1978). Each such average is a sum of weighted closes, so that series of one length are done
together. A row comes out the same, to the bit, whatever series are beside it. An indicator that
has too few rows is None: never NaN, never 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from prefect_flows.bars import Bar, session_of
from prefect_flows.tables import INDICATOR_COLUMNS

__all__ = ["IndicatorRow", "Series", "compute", "compute_newest"]

_SESSIONS_A_YEAR = 252
_Floats = NDArray[np.float64]


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


@dataclass(frozen=True, slots=True)
class Series:
    """The sessions that one row is calculated from.

    Attributes:
        day: The newest of them.
        close: Their closes in order, at least one; the first is where warm-up starts.
        volume: As many volumes; NaN where there is none.
    """

    day: date
    close: _Floats
    volume: _Floats


def compute(bars: Sequence[Bar]) -> list[IndicatorRow]:
    """Compute all indicators for each of the sessions.

    Args:
        bars: One daily bar a session, in order; what comes first is where warm-up starts.
    """
    close = np.array([float(bar.close) for bar in bars])
    volume = np.array([math.nan if bar.volume is None else float(bar.volume) for bar in bars])
    return compute_newest(
        Series(session_of(bar.timestamp), close[:end], volume[:end])
        for end, bar in enumerate(bars, start=1)
    )


def compute_newest(series: Iterable[Series]) -> list[IndicatorRow]:
    """Compute all indicators of the newest session of each series, in order."""
    asked = list(series)
    places: dict[int, list[int]] = {}
    for place, one in enumerate(asked):
        places.setdefault(len(one.close), []).append(place)
    rows: dict[int, IndicatorRow] = {}
    for together in places.values():
        close = np.stack([asked[place].close for place in together])
        volume = np.stack([asked[place].volume for place in together])
        values = _values(close, volume)
        known = np.isfinite(values).tolist()
        for place, row, has in zip(together, values.tolist(), known, strict=True):
            shares = asked[place].volume[-1]
            rows[place] = IndicatorRow(
                date=asked[place].day,
                values=tuple(v if is_known else None for v, is_known in zip(row, has, strict=True)),
                current_volume=None if math.isnan(shares) else int(shares),
            )
    return [rows[place] for place in range(len(asked))]


def _values(close: _Floats, volume: _Floats) -> _Floats:
    """A row a series, a column for each of INDICATOR_COLUMNS; not finite where unknown."""
    length = close.shape[1]
    last = close[:, -1]
    # Averages of the distance to the last close are exact where closes stand still.
    away = close - last[:, None]
    columns = {
        **{f"sma_{n}": last + _mean(away, n) for n in (20, 50, 200)},
        **{f"price_change_{n}d": _change(close, n) for n in (1, 5, 30)},
        "volatility_20": _volatility(close),
        "avg_volume_20": _mean(volume, 20),
        "rsi_14": _rsi(close),
    }
    weights = _weights(1 << (length - 1).bit_length())
    for name in ("ema_12", "ema_26", "ema_50"):
        columns[name] = last + _sum(away, weights[name], length - 1)
    for name in ("macd_line", "macd_signal", "macd_histogram"):
        columns[name] = _sum(away, weights[name], length - 1)
    columns |= _bands(last, away, columns["sma_20"])
    return np.stack([columns[name] for name in INDICATOR_COLUMNS], axis=1)


def _sum(values: _Floats, weights: _Floats, place: int) -> _Floats:
    """Weighted sums of rows, by the weights of that place."""
    # No product of matrices: its last bit depends on how many rows there are.
    return np.asarray((values * weights[place, : place + 1]).sum(axis=1))


def _mean(values: _Floats, size: int) -> _Floats:
    """Means of the last `size` values; NaN where there are fewer, or one of them is NaN."""
    count, length = values.shape
    return values[:, -size:].mean(axis=1) if length >= size else np.full(count, math.nan)


def _bands(last: _Floats, away: _Floats, middle: _Floats) -> dict[str, _Floats]:
    """Bollinger bands: 20 sessions, 2 population standard deviations (ddof 0)."""
    # Where there are too few sessions the middle is NaN, and so is all else.
    deviation = away[:, -20:].std(axis=1)
    upper, lower = middle + 2 * deviation, middle - 2 * deviation
    width = upper - lower
    with np.errstate(divide="ignore", invalid="ignore"):
        # Closes that do not move have no band to stand in: NaN here, None later.
        position = (last - lower) / width * 100
    return {
        "bb_upper": upper,
        "bb_middle": middle,
        "bb_lower": lower,
        "bb_position": position,
        "bb_width": width / middle * 100,
    }


def _change(close: _Floats, size: int) -> _Floats:
    """Change over so many sessions, in percent."""
    count, length = close.shape
    if length <= size:
        return np.full(count, math.nan)
    return (close[:, -1] / close[:, -1 - size] - 1) * 100


def _volatility(close: _Floats) -> _Floats:
    """Deviation of 20 daily changes (ddof 1), a year's, in percent."""
    count, length = close.shape
    if length <= 20:
        return np.full(count, math.nan)
    returns = close[:, -20:] / close[:, -21:-1] - 1
    return np.asarray(returns.std(axis=1, ddof=1) * math.sqrt(_SESSIONS_A_YEAR) * 100)


def _rsi(close: _Floats) -> _Floats:
    """Relative strength of 14 changes; 0 where the price never moved, as TA-Lib has it."""
    count, length = close.shape
    if length <= 14:
        return np.full(count, math.nan)
    changes = np.diff(close, axis=1)
    weights = _weights(1 << (length - 1).bit_length())["wilder_14"]
    gain = _sum(changes.clip(min=0), weights, length - 2)
    loss = _sum(-changes.clip(max=0), weights, length - 2)
    moved = gain + loss
    return np.divide(100 * gain, moved, out=np.zeros(count), where=moved != 0)


@lru_cache(maxsize=4)
def _weights(size: int) -> Mapping[str, _Floats]:
    """Row t holds what each of the values 0 to t counts in an average at t; NaN before it starts.

    `size` is the number of rows.
    """
    one = np.eye(size)
    found = {f"ema_{n}": _average(one, n, 2 / (n + 1)) for n in (12, 26, 50)}
    line = _average(one, 12, 2 / 13, start=14) - found["ema_26"]
    signal = _average(line, 9, 2 / 10, start=25)
    started = np.where(np.isnan(signal), math.nan, line)  # all three start together
    macd = {"macd_line": started, "macd_signal": signal, "macd_histogram": line - signal}
    return found | macd | {"wilder_14": _average(one, 14, 1 / 14)}


def _average(values: _Floats, span: int, alpha: float, *, start: int = 0) -> _Floats:
    """Exponential average of rows, seeded with the mean of the first `span` from `start` on."""
    out = np.full_like(values, math.nan)
    first = start + span - 1
    if first < len(values):
        out[first] = values[start : first + 1].mean(axis=0)
    for place in range(first + 1, len(values)):
        out[place] = out[place - 1] + alpha * (values[place] - out[place - 1])
    return out
