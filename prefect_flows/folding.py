"""Stored bars, daily and hourly, made a series of one row a session. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["NO_BARS", "Daily", "daily"]

Daily = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]
NO_BARS: Daily = (np.empty(0, np.int64), np.empty(0), np.empty(0))


def daily(
    days: Sequence[int],
    is_daily: Sequence[bool],
    close: Sequence[float],
    volume: Sequence[int | None],
) -> Daily:
    """Return one row a session: its daily bar where it has one, else its hourly bars folded.

    Of hourly bars, the last close and the sum of the volumes that there are.

    Args:
        days: Session of each bar as days since 1970-01-01, in order of time.
        is_daily: Whether it is a daily bar.
        close: Its close.
        volume: Its volume; None where there is none.
    """
    return _fold(
        np.array(days, np.int64),
        np.array(is_daily, np.bool_),
        np.array(close, np.float64),
        np.array(volume, np.float64),  # None becomes NaN
    )


def _fold(
    days: NDArray[np.int64],
    is_daily: NDArray[np.bool_],
    close: NDArray[np.float64],
    volume: NDArray[np.float64],
) -> Daily:
    first = np.flatnonzero(np.r_[True, days[1:] != days[:-1]])
    if len(first) == len(days):
        return days, close, volume
    last = np.r_[first[1:], len(days)] - 1
    known_volume = np.add.reduceat(np.isfinite(volume).astype(np.int64), first)
    folded = np.where(known_volume > 0, np.add.reduceat(np.nan_to_num(volume), first), np.nan)
    folded_close = close[last]
    # A daily bar is stamped at midnight, so it is its session's first.
    has_daily = is_daily[first]
    folded_close[has_daily] = close[first[has_daily]]
    folded[has_daily] = volume[first[has_daily]]
    return days[first], folded_close, folded
