"""Daily bars of all series on one line, and the sessions of history before a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo

import numpy as np
import pandas as pd

from parity.causes.context import DAY, Context
from parity.causes.frame import Bools, Floats, Ints, Rows
from parity.model.verdict import Side

__all__ = ["Daily", "daily_bars", "daily_inputs"]


@dataclass(frozen=True)
class Daily:
    """One bar a session, sorted by series and day. Bars without a close are left out.

    Attributes:
        code: The series, as in `Differences.code`.
        day: Days since 1970, of the exchange.
        close: In the currency of the listing.
        volume: Shares; NaN where the bar has none.
    """

    code: Ints
    day: Ints
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.code)

    def spans(self) -> Iterator[slice]:
        """The bars of each series."""
        starts = np.flatnonzero(np.r_[True, self.code[1:] != self.code[:-1]][: len(self)])
        for start, end in zip(starts, [*starts[1:], len(self)], strict=True):
            yield slice(int(start), int(end))

    def of(self, code: int) -> slice:
        """The bars of one series."""
        first, last = np.searchsorted(self.code, [code, code + 1])
        return slice(int(first), int(last))

    def start(self, code: Ints) -> Ints:
        """The place of the first bar of each series."""
        return np.searchsorted(self.code, code).astype(np.int64)

    def since(self, code: Ints, day: Ints) -> Ints:
        """The place of the first bar of a series on or after a day (of none: one too far)."""
        low = int(self.day.min()) if len(self) else 0
        width = int(self.day.max()) - low + 2 if len(self) else 1
        within = np.clip(day - low, 0, width - 1)
        key = self.code * width + (self.day - low)
        return np.searchsorted(key, code * width + within).astype(np.int64)

    def find(self, code: Ints, day: Ints) -> Ints:
        """The place of the bar of a series and day; -1 where there is none."""
        if not len(self):
            return np.full(np.shape(code), -1, dtype=np.int64)
        place = np.minimum(self.since(code, day), len(self) - 1)
        return np.where((self.code[place] == code) & (self.day[place] == day), place, -1)

    def only(self, codes: Ints) -> Daily:
        """The bars of some series."""
        mine = np.isin(self.code, codes)
        return Daily(self.code[mine], self.day[mine], self.close[mine], self.volume[mine])

    def valued(self, close: Floats, volume: Floats) -> Daily:
        """The same sessions with other values."""
        return replace(self, close=close, volume=volume)


def daily_inputs(context: Context) -> Mapping[Side, Daily] | None:
    """The bars that the dataset is computed from, by day; None where they are not known."""
    rows, places = context.inputs(), context.input_places()
    if rows is None or "close" not in places:
        return None
    return {side: daily_bars(part, places, context.zone) for side, part in rows.items()}


def daily_bars(rows: Rows, places: Mapping[str, int], zone: tzinfo) -> Daily:
    """Bars folded to exchange days: the last close, all volume; a bar stamped midnight wins.

    Args:
        rows: bars of any interval.
        places: of `close` and, if there is one, `volume` in their values.
        zone: the exchange's; where all bars are stamped midnight UTC their UTC date counts.
    """
    close = rows.values.numbers[:, places["close"]]
    volume = (
        rows.values.numbers[:, places["volume"]]
        if "volume" in places
        else np.full(len(rows), np.nan)
    )
    keep = np.isfinite(close)
    code, time, close, volume = rows.code[keep], rows.time[keep], close[keep], volume[keep]
    day, midnight = _days(time, zone)
    if not len(code):
        return Daily(code, day, close, volume)
    new = np.r_[True, (code[1:] != code[:-1]) | (day[1:] != day[:-1])]
    if new.all():
        return Daily(code, day, close, volume)
    return _folded(code, day, close, volume, midnight, np.flatnonzero(new))


def _days(time: Ints, zone: tzinfo) -> tuple[Ints, Bools]:
    if not (time % DAY).any():
        return time // DAY, np.ones(len(time), dtype=bool)
    # Only distinct times: 500 series share them, and zones are slow.
    moments, back = np.unique(time, return_inverse=True)
    local = pd.DatetimeIndex(pd.to_datetime(moments, unit="us", utc=True)).tz_convert(zone)
    wall = local.tz_localize(None)
    days = np.asarray((wall.normalize() - pd.Timestamp("1970-01-01")).days, dtype=np.int64)
    midnight = np.asarray(wall == wall.normalize())
    return days[back], midnight[back]


def _folded(
    code: Ints, day: Ints, close: Floats, volume: Floats, midnight: Bools, first: Ints
) -> Daily:
    last = np.r_[first[1:], len(code)] - 1
    known = np.isfinite(volume)
    total = np.add.reduceat(np.where(known, volume, 0.0), first)
    total = np.where(np.logical_or.reduceat(known, first), total, np.nan)
    # Midnight is the first moment of a day, so a daily bar is the first of its day.
    daily = midnight[first]
    return Daily(
        code[first],
        day[first],
        np.where(daily, close[first], close[last]),
        np.where(daily, volume[first], total),
    )
