"""Indicators computed again from bars: each row from its own stretch of history.

Independent of what the two sides run: TA-Lib and numpy. A recursive average over a stretch that
starts anywhere is the average over all of history with its seed exchanged:
    windowed(t) = running(t) + q^(t-k) * (seed - running(k)), the seed standing at k
so one pass of TA-Lib over a series serves every row and every stretch. Tests hold it against
TA-Lib and pandas on the very stretches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from parity.causes.averages import enough, running_average, simple_average
from parity.causes.dailybars import Daily
from parity.causes.frame import Floats, Ints
from parity.causes.macd import Macd
from parity.causes.variants import Family, Indicator, Variant

__all__ = ["Recomputed"]

_BAND = 2.0  # deviations
_STILL = 1e-11  # of the price: average gains and losses below are rounding, nothing moved


@dataclass
class Recomputed:
    """Indicators of bars; what rows share is computed once and kept.

    Args:
        bars: of one side.
    """

    bars: Daily
    _kept: dict[Any, Floats] = field(default_factory=dict)

    def values(self, what: Indicator, how: Variant, first: Ints, last: Ints) -> Floats:
        """The indicator at bars `last`, computed from the bars `first` to `last`.

        Both are places in `bars`, of any shape, in the same series. NaN where there are too few
        bars, where a value is missing, or where `last` is -1.
        """
        if not len(self.bars):
            return np.full(np.broadcast_shapes(first.shape, last.shape), np.nan)
        here = np.maximum(last, 0)
        first = np.clip(first, 0, here)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
            found = _BY_FAMILY[what.family](self, what, how, first, here)
        return np.where((last >= 0) & np.isfinite(found), found, np.nan)

    def series(self, name: Any, function: Callable[[Floats], Floats]) -> Floats:
        """A function of the closes of each series by itself, computed once."""
        if name not in self._kept:
            out = np.full(len(self.bars), np.nan)
            for span in self.bars.spans():
                out[span] = function(self.bars.close[span])
            self._kept[name] = out
        return self._kept[name]

    def mean(self, length: int) -> Floats:
        """Simple averages of the closes."""
        return self.series(("mean", length), lambda close: simple_average(close, length))

    def running(self, span: int) -> Floats:
        """Exponential averages of all closes so far, alpha 2 / (span + 1)."""
        return self.series(("running", span), lambda close: running_average(close, span))


def _sma(data: Recomputed, what: Indicator, how: Variant, first: Ints, last: Ints) -> Floats:
    del how
    return enough(first, last, what.length, data.mean(what.length)[last])


def _reseeded(running: Floats, alpha: float, last: Ints, place: Ints, seed: Floats) -> Floats:
    ages = np.maximum(last - place, 0)
    found: Floats = running[last] + (1 - alpha) ** ages * (seed - running[place])
    return found


def _ema(data: Recomputed, what: Indicator, how: Variant, first: Ints, last: Ints) -> Floats:
    length = what.length
    span = length if how.smoothing == "span" else 2 * length - 1
    running, alpha = data.running(span), 2 / (span + 1)
    if how.seed == "first":
        found = _reseeded(running, alpha, last, first, data.bars.close[first])
    else:
        place = np.minimum(first + length - 1, last)
        found = _reseeded(running, alpha, last, place, data.mean(length)[place])
    return enough(first, last, length, found)


def _rsi(data: Recomputed, what: Indicator, how: Variant, first: Ints, last: Ints) -> Floats:
    gain = _moves(data, what.length, how, first, last, 1.0)
    loss = _moves(data, what.length, how, first, last, -1.0)
    both = gain + loss
    # TA-Lib says 0 where nothing moved, other ways divide by zero.
    still = 0.0 if how.seed == "sma" else np.nan
    found = np.where(both > _STILL * data.bars.close[last], 100 * gain / both, still)
    return enough(first, last, what.length + 1, found)


def _moves(
    data: Recomputed, length: int, how: Variant, first: Ints, last: Ints, sign: float
) -> Floats:
    """Average gain (sign 1) or loss (-1)."""

    def moves(close: Floats) -> Floats:
        return np.maximum(sign * np.diff(close, prepend=close[:1]), 0.0)

    mean = data.series(("moves", sign, length), lambda close: simple_average(moves(close), length))
    if how.smoothing == "rolling":
        return mean[last]
    span = length if how.smoothing == "span" else 2 * length - 1
    running = data.series(
        ("running moves", sign, span), lambda close: running_average(moves(close), span)
    )
    if how.seed == "first":
        place = np.minimum(first + 1, last)
        seed = data.series(("move", sign), moves)[place]
    else:
        place = np.minimum(first + length, last)
        seed = mean[place]
    return np.maximum(_reseeded(running, 2 / (span + 1), last, place, seed), 0.0)


def _macd(data: Recomputed, what: Indicator, how: Variant, first: Ints, last: Ints) -> Floats:
    return Macd(data.series, data.mean, data.running, data.bars.close).values(
        what.part, how.seed, first, last
    )


def _deviations(values: Floats, length: int) -> Floats:
    """Population deviations of the last `length` values, in two passes; NaN before."""
    out = np.full(len(values), np.nan)
    if len(values) >= length:
        out[length - 1 :] = sliding_window_view(values, length).std(axis=1)
    return out


def _ddof(length: int, ddof: int) -> float:
    return float(np.sqrt(length / (length - ddof))) if length > ddof else float("nan")


def _bands(data: Recomputed, what: Indicator, how: Variant, first: Ints, last: Ints) -> Floats:
    length = what.length
    middle = data.mean(length)[last]
    deviation = data.series(("deviation", length), lambda close: _deviations(close, length))[last]
    half = _BAND * deviation * _ddof(length, how.ddof)
    if what.part == "position":
        found = (data.bars.close[last] - middle + half) / (2 * half) * 100
    elif what.part == "width":
        found = 2 * half / middle * 100
    else:
        found = middle + half * {"upper": 1, "middle": 0, "lower": -1}[what.part]
    return enough(first, last, length, found)


def _returns(close: Floats, log: bool) -> Floats:
    ratio = close[1:] / close[:-1]
    return np.asarray(np.r_[np.nan, np.log(ratio) if log else ratio - 1])


def _volatility(data: Recomputed, what: Indicator, how: Variant, first: Ints, last: Ints) -> Floats:
    length = what.length
    deviation = data.series(
        ("volatility", length, how.log),
        lambda close: _deviations(_returns(close, how.log), length),
    )
    found = deviation[last] * _ddof(length, how.ddof) * np.sqrt(how.year) * 100
    return enough(first, last, length + 1, found)


def _change(data: Recomputed, what: Indicator, how: Variant, first: Ints, last: Ints) -> Floats:
    ratio = data.bars.close[last] / data.bars.close[np.maximum(last - what.length, 0)]
    found = np.log(ratio) * 100 if how.log else (ratio - 1) * 100
    return enough(first, last, what.length + 1, found)


def _average_volume(
    data: Recomputed, what: Indicator, how: Variant, first: Ints, last: Ints
) -> Floats:
    del how
    name, length = ("volume", what.length), what.length
    if name not in data._kept:
        # Not TA-Lib's: its running sum would carry one missing volume through all later bars.
        out = np.full(len(data.bars), np.nan)
        for span in data.bars.spans():
            volume = data.bars.volume[span]
            if len(volume) >= length:
                means = sliding_window_view(volume, length).mean(axis=1)
                out[span.start + length - 1 : span.stop] = means
        data._kept[name] = out
    return enough(first, last, length, data._kept[name][last])


def _volume(data: Recomputed, what: Indicator, how: Variant, first: Ints, last: Ints) -> Floats:
    del what, how, first
    return data.bars.volume[last]


_BY_FAMILY: dict[Family, Callable[[Recomputed, Indicator, Variant, Ints, Ints], Floats]] = {
    Family.SMA: _sma,
    Family.EMA: _ema,
    Family.RSI: _rsi,
    Family.MACD: _macd,
    Family.BANDS: _bands,
    Family.VOLATILITY: _volatility,
    Family.CHANGE: _change,
    Family.AVERAGE_VOLUME: _average_volume,
    Family.VOLUME: _volume,
}
