"""The exchange's sessions in the numbers that rules compute with."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np

from parity.causes import NO_TIME
from parity.causes.frame import Bools, Ints
from parity.exchange import Exchange

__all__ = ["Sessions", "day_number", "microseconds"]

_EPOCH = date(1970, 1, 1)
_START = datetime(1970, 1, 1, tzinfo=UTC)


def day_number(day: date) -> int:
    """Days since 1970."""
    return (day - _EPOCH).days


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970 (UTC)."""
    return (moment - _START) // timedelta(microseconds=1)


class Sessions:
    """A `parity.causes.Calendar` of an exchange, for all the years that its calendar knows."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    @property
    def _table(self) -> tuple[Ints, Ints, Ints]:
        return self._exchange.hours()

    def sessions(self, first: int, last: int) -> Ints:
        """The days of the sessions from `first` to `last`, both included."""
        days = self._table[0]
        return days[(days >= first) & (days <= last)]

    def is_session(self, days: Ints) -> Bools:
        """Which days are sessions."""
        return np.isin(days, self._table[0])

    def hours(self, days: Ints) -> tuple[Ints, Ints]:
        """Opening and close of each session; NO_TIME for a day that is none."""
        known, opens, closes = self._table
        place = np.minimum(np.searchsorted(known, days), len(known) - 1)
        hit = known[place] == days
        return np.where(hit, opens[place], NO_TIME), np.where(hit, closes[place], NO_TIME)
