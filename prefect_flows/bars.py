"""Bars and the arithmetic on them. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from zoneinfo import ZoneInfo

__all__ = [
    "NEW_YORK",
    "Bar",
    "Window",
    "differs",
    "is_daily",
    "midnight",
    "oldest_common",
    "price",
    "session_of",
    "to_daily",
]

NEW_YORK = ZoneInfo("America/New_York")

_PLACES = Decimal("0.0001")
_TOO_DEAR = 1e11  # for numeric(15, 4)
# Two prices further apart than this are on two scales: the smallest dividend moves a history
# by about a basis point, rounding to four places and a vendor's own rounding by far less.
_RELATIVE = Decimal("0.00001")
_ABSOLUTE = Decimal("0.0002")


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar as it is stored.

    Attributes:
        timestamp: Start of the bar, time-zone aware; midnight in New York for a daily bar.
        open: First price, four decimal places, in the currency of the listing; as the others.
        high: Highest price.
        low: Lowest price.
        close: Last price.
        volume: Shares; None where the vendor gave none.
    """

    timestamp: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int | None


@dataclass(frozen=True, slots=True)
class Window:
    """What to ask for: from `start` (inclusive) to `end` (exclusive), both aware."""

    start: datetime
    end: datetime

    @classmethod
    def days(cls, days_back: int, as_of: datetime) -> Window:
        """The window that starts at midnight in New York `days_back` calendar days ago."""
        day = as_of.astimezone(NEW_YORK).date() - timedelta(days=days_back)
        return cls(midnight(day), as_of)

    def reaching(self, start: datetime | None) -> Window:
        """The window with an earlier start, where `start` is earlier."""
        if start is None or start >= self.start:
            return self
        return Window(midnight(session_of(start)), self.end)

    def covers(self, moment: datetime) -> bool:
        """Tell whether a bar of that moment belongs to the window."""
        return self.start <= moment < self.end

    @property
    def span_days(self) -> float:
        """Its length in days."""
        return (self.end - self.start) / timedelta(days=1)


def price(value: float) -> Decimal:
    """Return a price at four places, rounded half up from its shortest decimal form.

    Raises:
        ValueError: Not a finite number above zero and below what numeric(15, 4) holds.
    """
    if not 0 < value < _TOO_DEAR:
        raise ValueError(f"{value} is not a price")
    return Decimal(repr(float(value))).quantize(_PLACES, ROUND_HALF_UP)


def session_of(moment: datetime) -> date:
    """Return the exchange's calendar date."""
    return moment.astimezone(NEW_YORK).date()


def is_daily(bar: Bar) -> bool:
    """Tell a daily bar (stamped at midnight in New York) from an hourly one."""
    return bar.timestamp.astimezone(NEW_YORK).time() == time(0)


def differs(fetched: Bar, stored: Bar) -> bool:
    """Tell whether two versions of a bar disagree on a price: the vendor restated it.

    Volume does not count: a late correction of it does not put prices on another scale.
    """
    pairs = zip(_prices(fetched), _prices(stored), strict=True)
    return any(abs(a - b) > max(_ABSOLUTE, _RELATIVE * max(a, b)) for a, b in pairs)


def oldest_common(fetched: Iterable[Bar], stored: Mapping[datetime, Bar]) -> tuple[Bar, Bar] | None:
    """Return the oldest bar that both have, as (fetched, stored); None when they share none."""
    common = [bar for bar in fetched if bar.timestamp in stored]
    if not common:
        return None
    oldest = min(common, key=lambda bar: bar.timestamp)
    return oldest, stored[oldest.timestamp]


def to_daily(bars: Sequence[Bar]) -> list[Bar]:
    """Return one bar a session, by the exchange's date, in order.

    A session that has a daily bar keeps it; otherwise its hourly bars are folded into one.
    """
    ordered = sorted(bars, key=lambda bar: bar.timestamp)
    return [_fold(list(group)) for _, group in groupby(ordered, lambda b: session_of(b.timestamp))]


def _fold(bars: list[Bar]) -> Bar:
    for bar in bars:
        if is_daily(bar):
            return bar
    volumes = [bar.volume for bar in bars if bar.volume is not None]
    return Bar(
        timestamp=midnight(session_of(bars[0].timestamp)),
        open=bars[0].open,
        high=max(bar.high for bar in bars),
        low=min(bar.low for bar in bars),
        close=bars[-1].close,
        volume=sum(volumes) if volumes else None,
    )


def _prices(bar: Bar) -> tuple[Decimal, ...]:
    return bar.open, bar.high, bar.low, bar.close


def midnight(day: date) -> datetime:
    """Return the start of an exchange day."""
    return datetime.combine(day, time(0), NEW_YORK)
