"""Intraday bars made from a daily bar. SYNTHETIC: no free package ships real ones.

The model is a path of the price through the session: it starts at the open, goes in straight
lines to the first extreme, to the second, and ends at the close. On days that rise the low comes
first, on days that fall the high does. The times of the extremes are drawn from the symbol and
the date (a checksum, no random state), so the same question always has the same answer. Volume
flows along a U-shaped curve: heavy at the open and at the close, as on a real day.

Whatever the edges, the bars cut from a whole path add up to the daily bar exactly: the first open,
the highest high, the lowest low, the last close and the sum of volumes are those of the day.
A bar cut off at a moment inside the session is what the vendor would show at that moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from zlib import crc32

from parity.demo.bars import Bar, Hours

__all__ = ["clock_hour_bars", "hourly_bars", "running_bar"]

HOUR = timedelta(hours=1)
PRICE_DECIMALS = 4  # the daily prices have at most four

_Path = tuple[tuple[float, float], ...]  # (share of the session gone, price)


def hourly_bars(symbol: str, day: Bar, hours: Hours, as_of: datetime) -> tuple[Bar, ...]:
    """Return Yahoo's hourly bars: 09:30, 10:30 ... in New York, the last one cut by the close.

    Bars that have not begun at `as_of` are left out; the one that runs is partial.
    """
    return _cut(symbol, day, hours, as_of, first_edge=hours.open + HOUR)


def clock_hour_bars(symbol: str, day: Bar, hours: Hours, as_of: datetime) -> tuple[Bar, ...]:
    """Return Polygon's hourly bars: on the clock hour, the first one from the open to 10:00.

    Each is labelled with its clock hour (09:00 for the first), as Polygon does.
    """
    first_hour = hours.open.replace(minute=0)
    bars = _cut(symbol, day, hours, as_of, first_edge=first_hour + HOUR)
    return tuple(replace(bar, start=bar.start.replace(minute=0)) for bar in bars)


def running_bar(symbol: str, day: Bar, hours: Hours, as_of: datetime) -> Bar | None:
    """Return the daily bar as it stands at `as_of`; None when the session has not begun.

    Before the close it is partial: the last price is the path's, high, low and volume cover what
    has been traded so far. From the close on it is the daily bar itself.
    """
    if as_of >= hours.close:
        return day
    if as_of <= hours.open:
        return None
    return _bar_between(symbol, day, hours, hours.open, as_of)


def _cut(
    symbol: str, day: Bar, hours: Hours, as_of: datetime, *, first_edge: datetime
) -> tuple[Bar, ...]:
    edges = pairwise(_edges(hours, first_edge))
    return tuple(
        _bar_between(symbol, day, hours, start, min(end, as_of))
        for start, end in edges
        if start < as_of
    )


def _edges(hours: Hours, first_edge: datetime) -> Iterator[datetime]:
    yield hours.open
    edge = first_edge
    while edge < hours.close:
        yield edge
        edge += HOUR
    yield hours.close


def _bar_between(symbol: str, day: Bar, hours: Hours, start: datetime, end: datetime) -> Bar:
    path = _price_path(symbol, day)
    begin, finish = _share(hours, start), _share(hours, end)
    opening, closing = _price_at(path, begin, day), _price_at(path, finish, day)
    prices = [opening, closing, *(price for at, price in path if begin <= at <= finish)]
    return Bar(
        session=day.session,
        start=start,
        end=end,
        open=opening,
        high=max(prices),
        low=min(prices),
        close=closing,
        volume=_volume_until(day, finish) - _volume_until(day, begin),
    )


def _share(hours: Hours, moment: datetime) -> float:
    return (moment - hours.open) / (hours.close - hours.open)


def _price_path(symbol: str, day: Bar) -> _Path:
    seed = crc32(f"{symbol} {day.session.isoformat()}".encode())
    early = 0.05 + 0.40 * (seed & 0xFFFF) / 0xFFFF
    late = 0.55 + 0.40 * (seed >> 16) / 0xFFFF
    rising = day.close >= day.open
    first, second = (day.low, day.high) if rising else (day.high, day.low)
    return ((0.0, day.open), (early, first), (late, second), (1.0, day.close))


def _price_at(path: _Path, share: float, day: Bar) -> float:
    for (left, before), (right, after) in pairwise(path):
        if share == left:
            return before
        if share < right:
            price = before + (after - before) * (share - left) / (right - left)
            # Rounding must not leave the day's range (or a high would no longer be the highest).
            return min(max(round(price, PRICE_DECIMALS), day.low), day.high)
    return path[-1][1]


def _volume_until(day: Bar, share: float) -> int:
    # The integral of 1/2 + 6 (x - 1/2)^2: 0 at the open, exactly 1 at the close.
    return int(day.volume * (0.5 * share + 2 * (share - 0.5) ** 3 + 0.25))
