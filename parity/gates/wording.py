"""Numbers, times and lists as the items of a gate tell them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

__all__ = ["counted", "duration", "listed", "percent", "seconds"]

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def counted(number: int, noun: str) -> str:
    """`1 session`, `1,200 sessions`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def listed(names: Sequence[str], limit: int = 5, between: str = ", ") -> str:
    """`a, b and 3 more`."""
    shown = between.join(names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"


def percent(part: int, whole: int) -> str:
    """100 % only when it is exact; else cut, never rounded up, to two places."""
    if part == whole:
        return "100 %" if whole else "nothing"
    hundredths = part * 10_000 // whole
    return f"{hundredths // 100}.{hundredths % 100:02d} %"


def duration(time: timedelta) -> str:
    """`7 days`, `90 minutes`: in the largest unit of which it is a whole number."""
    whole = round(time.total_seconds())
    size, name = next(((size, name) for size, name in _UNITS if whole % size == 0), (1, "second"))
    return counted(whole // size, name)


def seconds(value: float) -> str:
    """`41.5 s`."""
    return f"{value:,.1f} s"
