"""Indicators by their textbook formulas, each row from a history window of its own.

A window is a row of a matrix, its newest bar last, filled up with NaN on the left. Written for the
self-test alone, so that a fault does not come from the arithmetic that later explains it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

__all__ = ["Recipe", "computed", "known"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What formulas leave open.

    Attributes:
        seed: Of exponential averages: `first` (the first value) or `sma` (a simple mean).
        rsi: `wilder` or `simple` (a rolling mean).
        band_ddof: Of the Bollinger bands' deviation.
        volatility_ddof: Of the volatility's deviation.
        log: Returns are logarithms.
        days: Trading days of a year.
    """

    seed: str = "first"
    rsi: str = "wilder"
    band_ddof: int = 0
    volatility_ddof: int = 1
    log: bool = False
    days: int = 252


def computed(name: str, close: Floats, volume: Floats, recipe: Recipe) -> Floats | None:
    """The indicator at the end of each window, NaN where it is too short; None for no known name.

    Args:
        name: As `sma_20`, `ema_50`, `rsi_14`, `macd_line`, `bb_upper`, `price_change_5d` ...
        close: (rows, bars) closes.
        volume: (rows, bars) volumes.
        recipe: What the formula leaves open.
    """
    make = _maker(name)
    return None if make is None else make(close, volume, recipe)


def known(name: str) -> bool:
    """Whether there is a formula for the name."""
    return _maker(name) is not None


_Maker = Callable[[Floats, Floats, Recipe], Floats]


def _maker(name: str) -> _Maker | None:
    if name in _NAMED:
        return _NAMED[name]
    for pattern, make in _PATTERNS:
        found = re.fullmatch(pattern, name)
        if found:
            return partial(make, int(found.group(1)))
    return None


def _sma(length: int, close: Floats, _volume: Floats, _recipe: Recipe) -> Floats:
    return _mean(_last(close, length))


def _avg_volume(length: int, _close: Floats, volume: Floats, _recipe: Recipe) -> Floats:
    return _mean(_last(volume, length))


def _ema(length: int, close: Floats, _volume: Floats, recipe: Recipe) -> Floats:
    return _average(close, length, recipe.seed)[:, -1]


def _change(length: int, close: Floats, _volume: Floats, _recipe: Recipe) -> Floats:
    change: Floats = (close[:, -1] / _last(close, length + 1)[:, 0] - 1) * 100
    return change


def _rsi(length: int, close: Floats, _volume: Floats, recipe: Recipe) -> Floats:
    change = np.diff(close, axis=1)
    gain, loss = np.where(change < 0, 0.0, change), np.where(change > 0, 0.0, -change)
    if recipe.rsi == "simple":
        up, down = _mean(_last(gain, length)), _mean(_last(loss, length))
    else:
        up = _smooth(gain, length, 1 / length, recipe.seed)[:, -1]
        down = _smooth(loss, length, 1 / length, recipe.seed)[:, -1]
    with np.errstate(divide="ignore", invalid="ignore"):
        strength: Floats = 100 - 100 / (1 + up / down)
    return strength


def _volatility(length: int, close: Floats, _volume: Floats, recipe: Recipe) -> Floats:
    part = _last(close, length + 1)
    ratio = part[:, 1:] / part[:, :-1]
    returns = np.log(ratio) if recipe.log else ratio - 1
    deviation: Floats = returns.std(axis=1, ddof=recipe.volatility_ddof)
    return deviation * math.sqrt(recipe.days) * 100


def _macd(part: str, close: Floats, _volume: Floats, recipe: Recipe) -> Floats:
    slow = _average(close, 26, recipe.seed)
    fast = _average(close if recipe.seed == "first" else _from(close, 14), 12, recipe.seed)
    line = fast - slow
    signal = _average(line, 9, recipe.seed)
    found: dict[str, Floats] = {"line": line, "signal": signal, "histogram": line - signal}
    return found[part][:, -1]


def _from(close: Floats, skip: int) -> Floats:
    """Without each window's first bars: TA-Lib starts the fast average where the slow one does."""
    known = np.cumsum(~np.isnan(close), axis=1)
    return np.where(known > skip, close, np.nan)


def _bands(part: str, close: Floats, _volume: Floats, recipe: Recipe) -> Floats:
    last = _last(close, 20)
    middle, band = _mean(last), 2 * last.std(axis=1, ddof=recipe.band_ddof)
    upper, lower = middle + band, middle - band
    with np.errstate(divide="ignore", invalid="ignore"):
        found: dict[str, Floats] = {
            "upper": upper,
            "middle": middle,
            "lower": lower,
            "position": (close[:, -1] - lower) / (upper - lower) * 100,
            "width": (upper - lower) / middle * 100,
        }
    return found[part]


def _current(_close: Floats, volume: Floats, _recipe: Recipe) -> Floats:
    return volume[:, -1]


def _last(values: Floats, length: int) -> Floats:
    """The last columns; all NaN where there are fewer."""
    if values.shape[1] >= length:
        return values[:, -length:]
    return np.full((len(values), length), np.nan)


def _mean(values: Floats) -> Floats:
    mean: Floats = values.mean(axis=1)
    return mean


def _average(values: Floats, length: int, seed: str) -> Floats:
    return _smooth(values, length, 2 / (length + 1), seed)


def _smooth(values: Floats, length: int, alpha: float, seed: str) -> Floats:
    """An exponential average; NaN until `length` values are known."""
    by_bar = np.ascontiguousarray(values.T)
    out = np.full_like(by_bar, np.nan)
    seen = np.zeros(len(values), dtype=np.int64)
    state = np.zeros(len(values))
    for place, value in enumerate(by_bar):
        here = ~np.isnan(value)
        filled = np.where(here, value, 0.0)
        if seed == "first":
            state = np.where(here & (seen == 0), filled,
                             np.where(here, state + alpha * (filled - state), state))  # fmt: skip
        else:
            summed = np.where(seen < length, state + filled / length,
                              state + alpha * (filled - state))  # fmt: skip
            state = np.where(here, summed, state)
        seen += here
        out[place] = np.where(here & (seen >= length), state, np.nan)
    return out.T


_PATTERNS: tuple[tuple[str, Callable[[int, Floats, Floats, Recipe], Floats]], ...] = (
    (r"sma_(\d+)", _sma),
    (r"ema_(\d+)", _ema),
    (r"rsi_(\d+)", _rsi),
    (r"volatility_(\d+)", _volatility),
    (r"price_change_(\d+)d", _change),
    (r"avg_volume_(\d+)", _avg_volume),
)
_NAMED: dict[str, _Maker] = {
    **{f"macd_{part}": partial(_macd, part) for part in ("line", "signal", "histogram")},
    **{
        f"bb_{part}": partial(_bands, part)
        for part in ("upper", "middle", "lower", "position", "width")
    },
    "current_volume": _current,
}
