"""Nights by month, each where the calendar on a wall has it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from parity.model.verdict import Verdict
from parity.report.nights import NightRow
from parity.report.view import word_of
from parity.report.words import day, month

__all__ = ["DayView", "MonthView", "months"]

_WEEKEND = 5  # Saturday's number; Monday is 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DayView:
    """One day of the calendar: of its nights the verdict of the one in the latest phase.

    `verdict` is None on a day without a night: a holiday, or one that was missed.
    """

    number: int
    verdict: Verdict | None = None
    link: str = ""
    told: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthView:
    """The days of a month from its first night to its last; `column` (1-based) is the first's.

    `days_a_week` is 5 where no night of all months is at a weekend, else 7.
    """

    name: str
    column: int
    days_a_week: int
    days: tuple[DayView, ...]


def months(nights: Sequence[NightRow]) -> tuple[MonthView, ...]:
    """The months with a night, the newest first; `nights` are the newest first."""
    width = 7 if any(one.session.weekday() >= _WEEKEND for one in nights) else 5
    by_month: dict[tuple[int, int], dict[date, list[NightRow]]] = {}
    for one in nights:
        days = by_month.setdefault((one.session.year, one.session.month), {})
        days.setdefault(one.session, []).append(one)
    return tuple(_month(held, width) for held in by_month.values())


def _month(held: dict[date, list[NightRow]], width: int) -> MonthView:
    first = min(held)
    return MonthView(
        name=month(first),
        column=first.weekday() + 1,
        days_a_week=width,
        days=tuple(
            _day(one, held.get(one, ()))
            for one in _days(first, max(held))
            if one.weekday() < width
        ),
    )  # fmt: skip


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def _day(session: date, nights: Sequence[NightRow]) -> DayView:
    if not nights:
        return DayView(number=session.day)
    shown, *others = nights
    told = f"{day(session)}: {word_of(shown.verdict)}"
    also = "".join(f"; in {one.phase.replace('_', ' ')}: {word_of(one.verdict)}" for one in others)
    return DayView(number=session.day, verdict=shown.verdict, link=shown.link, told=f"{told}{also}")
