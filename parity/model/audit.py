"""How far a dataset's history has been verified, and what a night leaves to the next one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

__all__ = ["Audit", "Coverage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of a dataset's history has been verified, and when, as of one night.

    A segment is one symbol in one month. `compared` of them were compared whole this night,
    the others (but for the rows of the night's window) on an earlier night, the one longest ago
    at session `oldest`. `overdue` ones were not within the last `cycle` nights.
    """

    segments: int
    compared: int
    overdue: int
    cycle: int
    oldest: date | None

    def to_json(self) -> dict[str, Any]:
        """The `coverage` object of a dataset in result.json."""
        return {
            "segments": self.segments,
            "compared": self.compared,
            "overdue": self.overdue,
            "cycle": self.cycle,
            "oldest": self.oldest.isoformat() if self.oldest else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What a night leaves to the next one, for a dataset that is compared by windows.

    `digest` stands for how the dataset was compared: under another one nothing counts as
    verified. `snapshot` (pg_current_snapshot as text) and `at` (the database's clock) say up to
    where writes have been seen. `verified` has the session at which each symbol's whole history
    was last compared, `differing` the symbols with a row that differs.
    """

    digest: str
    snapshot: str
    at: datetime
    verified: dict[str, date]
    differing: frozenset[str]
