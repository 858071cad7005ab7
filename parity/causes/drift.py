"""How far an indicator moves when each of its closes moves by at most so much."""

from __future__ import annotations

import numpy as np

from parity.causes.averages import simple_average
from parity.causes.frame import Floats, Ints
from parity.causes.recompute import Recomputed
from parity.causes.variants import Family, Indicator, parse

__all__ = ["drift"]

_TIMES = {"": 1, "middle": 1, "upper": 3, "lower": 3, "line": 2, "signal": 2, "histogram": 4}
_YEAR = float(np.sqrt(365))


def drift(what: Indicator, data: Recomputed, last: Ints, digit: Floats) -> Floats:
    """The most it may move, by row, in the indicator's units.

    An average moves no more than its values, a deviation neither; changes move by twice that.
    (Of RSI it is by the size of the last moves, whatever weight they have.)

    Args:
        what: the indicator.
        data: the bars that it is computed from.
        last: the bar of each row.
        digit: how far a close may be off, by row.
    """
    here = np.maximum(last, 0)
    price = data.bars.close[here]
    share = np.where(price > 0, digit / price, 0.0)
    if what.family in (Family.AVERAGE_VOLUME, Family.VOLUME):
        return np.zeros(len(last))
    if what.family is Family.CHANGE:
        return 400 * share
    if what.family is Family.VOLATILITY:
        return 400 * _YEAR * share
    if what.family is Family.RSI:
        return _of_rsi(what, data, here, digit)
    if what.part == "width":
        return 800 * share
    if what.part == "position":
        band = _of_band(data, here)
        return np.where(band > 0, 1600 * digit / np.where(band > 0, band, 1), 0.0)
    return digit * _TIMES[what.part]


def _of_rsi(what: Indicator, data: Recomputed, here: Ints, digit: Floats) -> Floats:
    def moves(close: Floats) -> Floats:
        return simple_average(np.abs(np.diff(close, prepend=close[:1])), what.length)

    moved = np.nan_to_num(data.series(("all moves", what.length), moves)[here])
    return np.where(moved > 0, 200 * digit / np.where(moved > 0, moved, 1), 0.0)


def _of_band(data: Recomputed, here: Ints) -> Floats:
    upper, lower = parse("bb_upper", {}), parse("bb_lower", {})
    assert upper is not None
    assert lower is not None
    first = np.maximum(here - upper.length + 1, 0)
    top = data.values(upper, upper.variants[0], first, here)
    return np.nan_to_num(top - data.values(lower, lower.variants[0], first, here))
