"""Averages of one series by TA-Lib, and where there are too few bars for one."""

from __future__ import annotations

import numpy as np
import talib

from parity.causes.frame import Floats, Ints

__all__ = ["enough", "running_average", "simple_average"]


def simple_average(values: Floats, length: int) -> Floats:
    """Means of the last `length` values; NaN before there are so many."""
    return np.asarray(talib.SMA(values, length))


def running_average(values: Floats, span: int) -> Floats:
    """Exponential averages of alpha 2 / (span + 1), with the first value as seed.

    It is TA-Lib's EMA behind `span` copies of that value, whose mean is TA-Lib's seed.
    """
    padded = np.concatenate([np.full(span - 1, values[0]), values])
    return np.asarray(talib.EMA(padded, span)[span - 1 :])


def enough(first: Ints, last: Ints, needed: int, values: Floats) -> Floats:
    """NaN where fewer than `needed` bars are there."""
    return np.where(last - first + 1 >= needed, values, np.nan)
