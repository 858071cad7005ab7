"""The sessions of a phase as a calendar: a month each, weeks by weekdays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from parity.model.phase import PhaseReport, PhaseSession
from parity.model.verdict import Verdict
from parity.report.phase.words import cut, name_of
from parity.report.view import symbol_of, word_of
from parity.report.words import day

__all__ = ["Cell", "Month", "calendar"]

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MISSING, _DELETED, _CLOSED = "∅", "⌫", "·"
_LONG = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A day. `kind` is a verdict, `missing`, `deleted`, `closed`, or empty: not of the phase.

    `says` is its title, empty where there is nothing to say; `link` leads to its night.
    """

    number: int = 0
    kind: str = ""
    symbol: str = ""
    says: str = ""
    link: str = ""
    iso: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A month: its weekdays, and a row of as many cells for each week."""

    title: str
    weekdays: tuple[str, ...]
    weeks: tuple[tuple[Cell, ...], ...]


def calendar(report: PhaseReport) -> tuple[Month, ...]:
    """The months in which the phase has sessions, oldest first.

    Saturday and Sunday are only shown where the exchange has sessions on them.
    """
    if not report.sessions:
        return ()
    sessions = {session.day: session for session in report.sessions}
    days = [*sessions, *report.open_days]
    first, last = min(sessions), max(sessions)
    shown = [
        number for number in range(7) if number < 5 or any(d.weekday() == number for d in days)
    ]
    opened = set(report.open_days)
    return tuple(
        Month(
            title=day(date(year, month, 1)).split(" ", 2)[2],
            weekdays=tuple(_WEEKDAYS[number] for number in shown),
            weeks=tuple(
                tuple(
                    _cell(one, month, sessions, opened, first <= one <= last)
                    for one in week
                    if one.weekday() in shown
                )
                for week in _weeks(year, month)
                if any(one.month == month and one.weekday() in shown for one in week)
            ),
        )
        for (year, month), _ in groupby(sorted(sessions), key=lambda one: (one.year, one.month))
    )


def _weeks(year: int, month: int) -> Iterator[Sequence[date]]:
    """Whole weeks, Monday to Sunday, that hold a day of the month."""
    begin = date(year, month, 1)
    monday = begin - timedelta(days=begin.weekday())
    while (monday.year, monday.month) <= (year, month):
        yield [monday + timedelta(days=number) for number in range(7)]
        monday += timedelta(days=7)


def _cell(
    one: date, month: int, sessions: dict[date, PhaseSession], opened: set[date], within: bool
) -> Cell:
    if one.month != month:
        return Cell()
    session = sessions.get(one)
    if session is not None:
        kind, symbol, says = _told(session)
        return Cell(
            number=one.day, kind=kind, symbol=symbol, says=f"{day(one)}: {says}",
            link=session.link, iso=one.isoformat(),
        )  # fmt: skip
    if within and one not in opened:
        return Cell(number=one.day, kind="closed", symbol=_CLOSED,
                    says=f"{day(one)}: the exchange was closed", iso=one.isoformat())  # fmt: skip
    return Cell(number=one.day)


def _told(session: PhaseSession) -> tuple[str, str, str]:
    if session.verdict is None and session.deleted:
        return "deleted", _DELETED, "its night is not kept any more"
    if session.verdict is None:
        return "missing", _MISSING, "no night is stored"
    word = word_of(session.verdict)
    why = f", {cut(session.told, _LONG)}" if session.told else ""
    said = f"{word}{why}" if session.verdict is not Verdict.PASS else word
    if session.again:
        said += f"; compared again later in {name_of(session.again)}"
    return session.verdict.value, symbol_of(session.verdict), said
