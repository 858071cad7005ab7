"""What must hold for bars before they are stored, whoever sent them. Pure: no I/O, no clock.

A bar that is wrong makes the whole answer suspect: nothing of it is used, and the error names the
first one. What can be right and is worth knowing, a session without a bar, is a note.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from itertools import pairwise

from prefect_flows.bars import NEW_YORK, Bar, Window, is_daily, session_of
from prefect_flows.errors import PassingError
from prefect_flows.vendors import exchange

__all__ = [
    "CLOSES",
    "OPENS",
    "check_bars",
    "check_not_empty",
    "check_order",
    "note_missing",
    "on_the_hour",
    "spell",
]

# The usual hours. A vendor goes by them on the rare days on which the exchange opened late.
OPENS, CLOSES = time(9, 30), time(16)
# A vendor may round open, high, low and close of a bar apart from each other, and Yahoo's are
# single-precision numbers. Further than this an open or close does not lie outside of low and
# high: a hundred-thousandth of the price, two units of the last stored place at least. (Of the
# 13,000 real bars of the demo none lies outside at all.)
_RELATIVE = Decimal("0.00001")
_ABSOLUTE = Decimal("0.0002")
_NAMED = 3
_MOST_SHARES = 2**63 - 1  # for bigint


def check_bars(symbol: str, bars: Sequence[Bar], window: Window, *, daily: bool) -> None:
    """Check bars as they were delivered, in that order.

    Args:
        symbol: Ticker, for the error.
        bars: All of one kind, daily or hourly.
        window: What was asked for; none may lie at or after its end.
        daily: Daily bars stand at midnight in New York on a session; hourly ones begin a whole
            number of hours after 09:30 on a session, before its close.

    Raises:
        PassingError: A bar is wrong; the first one is named.
    """
    check_order(symbol, [bar.timestamp for bar in bars])
    for bar in bars:
        why = _wrong_price(bar) or _wrong_time(bar, window, daily=daily)
        if why:
            raise PassingError(symbol, f"the bar of {spell(bar.timestamp)} {why}")


def check_order(symbol: str, moments: Sequence[datetime]) -> None:
    """Check that times grow strictly.

    Raises:
        PassingError: One comes twice, or before an earlier one.
    """
    for before, after in pairwise(moments):
        if after == before:
            raise PassingError(symbol, f"the bar of {spell(after)} comes twice")
        if after < before:
            raise PassingError(symbol, f"the bar of {spell(after)} comes after {spell(before)}")


def check_not_empty(symbol: str, window: Window) -> None:
    """Check that an answer without bars can be right.

    Raises:
        PassingError: A whole session lies in the window.
    """
    whole = _closed_sessions(session_of(window.start), window)
    if whole:
        raise PassingError(
            symbol, f"no bars in {window.span_days:.0f} days, though {_names(whole)} had a session"
        )


def note_missing(present: Collection[date], window: Window) -> str:
    """Name the sessions without a bar, from the first present one to the end of the window.

    A halted share has none, and a vendor may be late: neither is an error.

    Returns:
        A line; empty when none is missing, and where nothing is present.
    """
    if not present:
        return ""
    missing = [day for day in _closed_sessions(min(present), window) if day not in set(present)]
    return f"no bar for {_names(missing)}" if missing else ""


def on_the_hour(moment: datetime) -> bool:
    """Tell whether an hourly bar may begin then: at 09:30 in New York, 10:30 ... 15:30."""
    local = moment.astimezone(NEW_YORK)
    return (local.minute, local.second) == (30, 0) and OPENS <= local.time() < CLOSES


def spell(moment: datetime) -> str:
    """Write a bar's time as New York sees it; the date alone at midnight."""
    local = moment.astimezone(NEW_YORK)
    return (
        f"{local:%Y-%m-%d}" if (local.hour, local.minute) == (0, 0) else f"{local:%Y-%m-%d %H:%M}"
    )


def _wrong_price(bar: Bar) -> str:
    slack = max(_ABSOLUTE, _RELATIVE * bar.high)
    for name, price in (("open", bar.open), ("close", bar.close)):
        if not bar.low - slack <= price <= bar.high + slack:
            return f"has {name} {price} outside of low {bar.low} and high {bar.high}"
    if bar.low > bar.high:
        return f"has low {bar.low} above high {bar.high}"
    if bar.low <= 0:
        return f"has low {bar.low}"
    if bar.volume is not None and not 0 <= bar.volume <= _MOST_SHARES:
        return f"has volume {bar.volume}"
    return ""


def _wrong_time(bar: Bar, window: Window, *, daily: bool) -> str:
    if bar.timestamp >= window.end:
        return f"lies after the end of what was asked for, {spell(window.end)}"
    day = session_of(bar.timestamp)
    if daily and not is_daily(bar):
        return "does not stand at midnight in New York"
    if not exchange.knows(day):
        return ""
    hours = exchange.hours().get(day)
    if hours is None:
        return "lies on a day without a session"
    if not daily and not (on_the_hour(bar.timestamp) and bar.timestamp < hours.close):
        return (
            f"does not begin on an hour of the session ({hours.open:%H:%M} to {hours.close:%H:%M})"
        )
    return ""


def _closed_sessions(first: date, window: Window) -> list[date]:
    known = exchange.hours()
    days = exchange.between(max(first, session_of(window.start)), session_of(window.end))
    return [day for day in days if known[day].close <= window.end]


def _names(days: Iterable[date]) -> str:
    named = [day.isoformat() for day in days]
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return ", ".join(named[:_NAMED]) + more
