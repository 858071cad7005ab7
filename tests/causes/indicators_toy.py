"""Indicators of real bars, as two pipelines compute them: one in pandas, one with TA-Lib.

Each row is computed from the bars of `days_back` days before its date. Nothing here is the code
under test, nor either pipeline's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import talib

from parity.causes import Differences, Field
from parity.causes.frame import Rows
from parity.config import load
from parity.model.suite import Dataset, Kind, Tolerance
from parity.model.verdict import Side
from tests.causes.toy import BARS, Known, compared, dataset, fields, rows_of

NAMES = (
    *("sma_20", "sma_50", "sma_200", "ema_12", "ema_26", "ema_50", "rsi_14"),
    *("macd_line", "macd_signal", "macd_histogram"),
    *("bb_upper", "bb_middle", "bb_lower", "bb_position", "bb_width", "volatility_20"),
    *("price_change_1d", "price_change_5d", "price_change_30d", "avg_volume_20"),
    "current_volume",
)
FLOAT = "double precision"
Frame = pd.DataFrame
Compute = Callable[[Frame], Mapping[str, Any]]


@dataclass(frozen=True)
class Ways:
    """How `pandas_way` computes; by default as the old scripts do."""

    ema: str = "first"  # first, sma, wilder
    rsi: str = "first"  # first, rolling, span
    macd: str = "first"  # first, sma
    ddof: int = 0
    returns: str = "simple"
    volatility_ddof: int = 1
    year: float = 252
    change: str = "simple"


@cache
def tolerances() -> Mapping[str, Tolerance]:
    """Those of the reference migration."""
    suite = load(Path(__file__).parents[2] / "parity.yaml")
    reference = next(one for one in suite.datasets if one.name == "indicators")
    return {name: reference.tolerance(name) for name in NAMES}


def indicator_fields(types: Mapping[str, Any] | None = None) -> tuple[Field, ...]:
    """The reference columns with their tolerances."""
    usual: dict[str, Any] = dict.fromkeys(NAMES, FLOAT) | {"current_volume": "bigint"}
    return fields(NAMES, usual | dict(types or {}), tolerances())


def indicator_dataset(days_back: int = 300, **more: Any) -> Dataset:
    """A dataset of indicators, computed from `adjusted`."""
    return dataset(
        Kind.INDICATORS, "date", name="indicators", computed_from="adjusted",
        days_back=days_back, **more,
    )  # fmt: skip


def _sma_seeded(values: pd.Series[float], span: int) -> pd.Series[float]:
    """An exponential average whose first value is a simple one."""
    known = values.dropna()
    seeded = known.copy()
    seeded.iloc[: span - 1] = np.nan
    seeded.iloc[span - 1] = known.iloc[:span].mean()
    return seeded.ewm(span=span, adjust=False).mean().reindex(values.index)


def _ema(values: pd.Series[float], span: int, way: str) -> pd.Series[float]:
    if values.notna().sum() < span:
        return values * np.nan
    if way == "sma":
        return _sma_seeded(values, span)
    if way == "wilder":
        return values.ewm(alpha=1 / span, adjust=False, min_periods=span).mean()
    return values.ewm(span=span, adjust=False, min_periods=span).mean()


def _rsi(close: pd.Series[float], way: str) -> pd.Series[float]:
    change = close.diff()

    def average(moves: pd.Series[float]) -> pd.Series[float]:
        if way == "rolling":
            return moves.rolling(14).mean()
        how: dict[str, Any] = {"span": 14} if way == "span" else {"alpha": 1 / 14}
        return moves.ewm(**how, adjust=False, min_periods=14).mean()

    return 100 - 100 / (1 + average(change.clip(lower=0)) / average((-change).clip(lower=0)))


def pandas_way(bars: Frame, ways: Ways | None = None) -> dict[str, Any]:
    """The last row's indicators, computed in pandas."""
    ways = ways or Ways()
    close, volume = bars["close"].reset_index(drop=True), bars["volume"].reset_index(drop=True)
    out: dict[str, Any] = {f"sma_{n}": close.rolling(n).mean() for n in (20, 50, 200)}
    out |= {f"ema_{n}": _ema(close, n, ways.ema) for n in (12, 26, 50)}
    out["rsi_14"] = _rsi(close, ways.rsi)
    out["macd_line"] = _ema(close, 12, ways.macd) - _ema(close, 26, ways.macd)
    enough = out["macd_line"].notna().any()
    out["macd_signal"] = _ema(out["macd_line"], 9, ways.macd) if enough else close * np.nan
    out["macd_histogram"] = out["macd_line"] - out["macd_signal"]
    band = 2 * close.rolling(20).std(ddof=ways.ddof)
    middle = close.rolling(20).mean()
    out |= {"bb_upper": middle + band, "bb_middle": middle, "bb_lower": middle - band}
    out["bb_position"] = (close - middle + band) / (2 * band) * 100
    out["bb_width"] = 2 * band / middle * 100
    returns = close.pct_change() if ways.returns == "simple" else close.apply(math.log).diff()
    deviation = returns.rolling(20).std(ddof=ways.volatility_ddof)
    out["volatility_20"] = deviation * math.sqrt(ways.year) * 100
    for n in (1, 5, 30):
        ratio = close / close.shift(n)
        out[f"price_change_{n}d"] = (
            (ratio - 1) * 100 if ways.change == "simple" else ratio.apply(math.log) * 100
        )
    out["avg_volume_20"] = volume.rolling(20).mean()
    out["current_volume"] = volume
    return {name: out[name].iloc[-1] for name in NAMES}


def talib_way(bars: Frame) -> dict[str, Any]:
    """The last row's indicators, computed with TA-Lib as the flows do."""
    close = bars["close"].to_numpy(dtype=float)
    out = {f"sma_{n}": talib.SMA(close, n) for n in (20, 50, 200)}
    out |= {f"ema_{n}": talib.EMA(close, n) for n in (12, 26, 50)}
    out["rsi_14"] = talib.RSI(close, 14)
    for name, values in zip(("line", "signal", "histogram"), talib.MACD(close, 12, 26, 9),
                            strict=True):  # fmt: skip
        out[f"macd_{name}"] = values
    upper, middle, lower = talib.BBANDS(close, 20, 2.0, 2.0)
    out |= {"bb_upper": upper, "bb_middle": middle, "bb_lower": lower}
    out["bb_position"] = (close - lower) / (upper - lower) * 100
    out["bb_width"] = (upper - lower) / middle * 100
    out |= {f"price_change_{n}d": talib.ROC(close, n) for n in (1, 5, 30)}
    found = {name: float(values[-1]) for name, values in out.items()}
    returns = close[-20:] / close[-21:-1] - 1 if len(close) > 20 else np.array([np.nan])
    found["volatility_20"] = float(np.std(returns, ddof=1)) * math.sqrt(252) * 100 if (
        len(returns) == 20) else math.nan  # fmt: skip
    volume = bars["volume"].to_numpy(dtype=float)
    found["avg_volume_20"] = float(volume[-20:].mean()) if len(volume) >= 20 else math.nan
    found["current_volume"] = float(volume[-1])
    return {name: found[name] for name in NAMES}


def edited(
    frame: Frame,
    rows: int | Sequence[int],
    columns: Sequence[str],
    *,
    times: Any = 1.0,
    plus: float = 0.0,
) -> Frame:
    """A copy with some cells changed (rows by their number)."""
    out = frame.reset_index(drop=True)
    for name in columns:
        values = out[name].to_numpy(dtype=float).copy()
        values[rows] = values[rows] * times + plus
        out[name] = values
    return out


def days_of(bars: Frame) -> pd.Series[Any]:
    """The exchange's date of each bar."""
    stamps = pd.to_datetime(bars["timestamp"], utc=True).dt.tz_convert("America/New_York")
    return stamps.dt.date


def indicators(
    bars: Frame,
    way: Compute,
    dates: Iterable[date],
    *,
    days_back: int = 300,
    sessions: int | None = None,
    start: date | None = None,
) -> Frame:
    """Rows of every symbol for those of the dates that have a bar.

    Each from the bars of `days_back` days before it, or of the last `sessions`, or since `start`.
    """
    wanted, out = set(dates), []
    for symbol, mine in bars.groupby("symbol", sort=False):
        days = days_of(mine)
        for day in sorted(wanted & set(days)):
            since = start or day - timedelta(days=days_back)
            history = mine[(days <= day) & (days >= since)] if sessions is None else (
                mine[days <= day].iloc[-sessions:])  # fmt: skip
            out.append({"symbol": symbol, "date": day, **way(history)})
    return pd.DataFrame(out)


def bar_rows(legacy: Frame, candidate: Frame, symbols: Sequence[str]) -> dict[Side, Rows]:
    """The inputs as the rules see them."""
    wanted = fields(BARS)
    return {
        side: rows_of(frame, symbols, wanted, "timestamp")
        for side, frame in ((Side.LEGACY, legacy), (Side.CANDIDATE, candidate))
    }


def judged(
    legacy: Frame,
    candidate: Frame,
    bars: tuple[Frame, Frame],
    *,
    of: Dataset | None = None,
    wanted: Sequence[Field] | None = None,
    **context: Any,
) -> tuple[Differences, Known]:
    """Two frames of indicators and the bars of both sides."""
    symbols = sorted({*legacy["symbol"], *candidate["symbol"]})
    return compared(
        legacy,
        candidate,
        of=of or indicator_dataset(),
        wanted=wanted or indicator_fields(),
        bars=bar_rows(*bars, symbols),
        bar_places={name: place for place, name in enumerate(BARS)},
        **context,
    )


__all__ = [
    "NAMES",
    "Ways",
    "bar_rows",
    "days_of",
    "edited",
    "indicator_dataset",
    "indicator_fields",
    "indicators",
    "judged",
    "pandas_way",
    "talib_way",
    "tolerances",
]
