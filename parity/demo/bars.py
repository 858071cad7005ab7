"""The value types of the replayed market: bars, session hours, corporate actions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

__all__ = ["EXCHANGE_TZ", "Bar", "Dividend", "Hours", "Split", "epoch", "midnight"]

EXCHANGE_TZ = ZoneInfo("America/New_York")


def midnight(day: date) -> datetime:
    """Return the moment at which `day` begins in New York."""
    return datetime.combine(day, time(), EXCHANGE_TZ)


def epoch(moment: datetime) -> int:
    """Return whole seconds since 1970-01-01 UTC."""
    return int(moment.timestamp())


@dataclass(frozen=True, slots=True)
class Hours:
    """Regular trading hours of one session: aware times, America/New_York, `open` < `close`."""

    open: datetime
    close: datetime


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of one session, covering [start, end); prices in USD, volume in shares."""

    session: date
    start: datetime
    end: datetime
    open: float
    high: float
    low: float
    close: float
    volume: int

    def scaled(self, ratio: float) -> Bar:
        """Return the bar after a split of `ratio` new shares for one old share."""
        if ratio == 1:
            return self
        return replace(
            self,
            open=self.open / ratio,
            high=self.high / ratio,
            low=self.low / ratio,
            close=self.close / ratio,
            volume=round(self.volume * ratio),
        )


@dataclass(frozen=True, slots=True)
class Split:
    """`numerator` new shares replace `denominator` old ones, from `ex_date` on."""

    ex_date: date
    numerator: int
    denominator: int

    @property
    def ratio(self) -> float:
        """New shares for one old share."""
        return self.numerator / self.denominator


@dataclass(frozen=True, slots=True)
class Dividend:
    """A cash dividend: USD a share as declared; `ex_close` is the raw close of `ex_date`."""

    ex_date: date
    amount: float
    ex_close: float

    @property
    def factor(self) -> float:
        """What earlier closes are multiplied by, in the data set's own convention.

        close / (close + dividend), both of the ex-date (so the WIKI prices were adjusted).
        """
        return self.ex_close / (self.ex_close + self.amount)
