"""Ranges of a time column, and the scope of a night."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

__all__ = ["EVERYTHING", "Moment", "Range", "Scope", "merged"]

Moment = date | datetime

# The key under which a write that may have touched any symbol (a TRUNCATE) is told.
EVERYTHING = "*"


@dataclass(frozen=True, slots=True)
class Range:
    """Moments from `start` up to but not including `end`; None is open.

    All ranges of a dataset hold the same type: dates, or datetimes with (or all without) a zone.
    """

    start: Moment
    end: Moment | None

    @property
    def empty(self) -> bool:
        """True when nothing can lie in it."""
        return self.end is not None and self.end <= self.start

    @property
    def from_the_beginning(self) -> bool:
        """True when it starts at the smallest date or datetime that Python has.

        That start stands for everything before it too: years BC, `-infinity` and NULL.
        """
        if isinstance(self.start, datetime):
            return self.start.replace(tzinfo=UTC) == datetime.min.replace(tzinfo=UTC)
        return self.start == date.min


@dataclass(frozen=True, slots=True)
class Scope:
    """What a night compares of a dataset.

    `whole` symbols are compared with all of their history; sorted by code point. Each other
    symbol has its `ranges`, half-open on the time column: sorted by symbol, then start; those of
    one symbol neither overlap nor touch.
    """

    whole: tuple[str, ...]
    ranges: tuple[tuple[str, Range], ...]


def merged(ranges: Iterable[Range]) -> list[Range]:
    """The same moments in as few ranges as possible, in order; empty ones are left out."""
    out: list[Range] = []
    for found in sorted((one for one in ranges if not one.empty), key=lambda one: one.start):
        last = out[-1] if out else None
        if last is None or (last.end is not None and last.end < found.start):
            out.append(found)
        elif last.end is not None and (found.end is None or found.end > last.end):
            out[-1] = Range(last.start, found.end)
    return out
