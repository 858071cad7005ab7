"""Stored bars of many symbols, cut into series of one row a session. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["NO_BARS", "Daily", "by_symbol"]

Daily = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]
NO_BARS: Daily = (np.empty(0, np.int64), np.empty(0), np.empty(0))


def by_symbol(
    rows: Sequence[tuple[str, int, bool, float, int | None]],
) -> Mapping[str, Daily]:
    """Cut rows in order of symbol and time into series of one row a session."""
    if not rows:
        return {}
    names, days, daily, close, volume = zip(*rows, strict=True)
    symbols = np.array(names, dtype=object)
    starts = np.flatnonzero(np.r_[True, symbols[1:] != symbols[:-1]])
    ends = [*starts[1:], len(rows)]
    session, is_daily = np.array(days, dtype=np.int64), np.array(daily, dtype=bool)
    price = np.array(close, dtype=np.float64)
    shares = np.array([np.nan if shares is None else shares for shares in volume], dtype=np.float64)
    return {
        names[start]: _daily(
            session[start:end], is_daily[start:end], price[start:end], shares[start:end]
        )
        for start, end in zip(starts, ends, strict=True)
    }


def _daily(
    days: NDArray[np.int64],
    daily: NDArray[np.bool_],
    close: NDArray[np.float64],
    volume: NDArray[np.float64],
) -> Daily:
    """One row a session: its daily bar where it has one, else its hourly bars folded.

    Of hourly bars, the last close and the sum of the volumes that there are.
    """
    first = np.flatnonzero(np.r_[True, days[1:] != days[:-1]])
    if len(first) == len(days):
        return days, close, volume
    last = np.r_[first[1:], len(days)] - 1
    known_volume = np.add.reduceat(np.isfinite(volume).astype(np.int64), first)
    folded = np.where(known_volume > 0, np.add.reduceat(np.nan_to_num(volume), first), np.nan)
    folded_close = close[last]
    # A daily bar is stamped at midnight, so it is its session's first.
    has_daily = daily[first]
    folded_close[has_daily] = close[first[has_daily]]
    folded[has_daily] = volume[first[has_daily]]
    return days[first], folded_close, folded
