"""Verdicts, their exit codes, and how they combine."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

__all__ = ["Phase", "Side", "Verdict"]


class Side(StrEnum):
    """The two sides of a comparison."""

    LEGACY = "legacy"
    CANDIDATE = "candidate"


class Phase(StrEnum):
    """The four phases of a migration, in order."""

    PARALLEL_RUN = "parallel_run"
    VALIDATION = "validation"
    CUTOVER = "cutover"
    CLEANUP = "cleanup"


class Verdict(StrEnum):
    """What a comparison says. Nothing passes vacuously: what was not compared is `undecided`."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    UNDECIDED = "undecided"

    @property
    def exit_code(self) -> int:
        """0 pass, 1 fail, 2 undecided."""
        return {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.UNDECIDED: 2}[self]

    @classmethod
    def combine(cls, verdicts: Iterable[Verdict]) -> Verdict:
        """Undecided if any part is, else fail if any part is; of no parts, undecided.

        A run that could not see everything must not be read as a mere difference: the part that
        was not compared may be the worse one.
        """
        parts = set(verdicts)
        if not parts or cls.UNDECIDED in parts:
            return cls.UNDECIDED
        return cls.FAIL if cls.FAIL in parts else cls.PASS
