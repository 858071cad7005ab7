"""What became of seeded faults."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CauseScore", "SelfTest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseScore:
    """Seeded faults of one cause: found by the comparison, attributed right, attributed wrong.

    A fault is attributed right when all its rows are in incidents of its cause, wrong when any
    row is in a proved incident of another one; else its rows (or some) are unexplained.
    """

    cause: str
    injected: int
    detected: int
    right: int
    wrong: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTest:
    """Seeded faults of all causes. `seed` makes the same faults again on the same rows."""

    causes: tuple[CauseScore, ...] = ()
    seed: str = ""
    undetected: tuple[str, ...] = ()  # one line for each fault that the comparison missed
    misattributed: tuple[str, ...] = ()  # one for each fault that was given a wrong cause

    @property
    def injected(self) -> int:
        """Faults seeded."""
        return sum(score.injected for score in self.causes)

    @property
    def detected(self) -> int:
        """Faults of which the comparison found every row."""
        return sum(score.detected for score in self.causes)

    @property
    def attributed(self) -> int:
        """Faults attributed to their own cause, and to no other."""
        return sum(score.right for score in self.causes)

    @property
    def wrong(self) -> int:
        """Faults of which some row was attributed to another cause."""
        return sum(score.wrong for score in self.causes)

    def to_json(self) -> dict[str, int | str]:
        """The `selftest` object of result.json."""
        return {
            "seed": self.seed,
            "injected": self.injected,
            "detected": self.detected,
            "attributed": self.attributed,
            "wrong": self.wrong,
        }
