"""What became of all faults, in numbers by cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from parity.model.cause import Cause, parts
from parity.model.selftest import CauseScore, SelfTest
from parity.selftest.trial import Outcome

__all__ = ["NotSeeded", "Report"]

RIGHT = 0.99  # the share of faults of a single cause that must be attributed right


@dataclass(frozen=True, slots=True)
class NotSeeded:
    """A cause that could not be seeded in a dataset, and why. Cause `""`: none could."""

    dataset: str
    cause: str
    reason: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.dataset, self.cause, self.reason) if part)


@dataclass(frozen=True, slots=True)
class Report:
    """What became of all faults."""

    seed: str
    outcomes: Sequence[Outcome]
    not_seeded: Sequence[NotSeeded] = field(default=())

    @property
    def result(self) -> SelfTest:
        """The numbers, by cause."""
        by_cause: dict[str, list[Outcome]] = {}
        for one in self.outcomes:
            by_cause.setdefault(one.cause, []).append(one)
        scores = tuple(
            CauseScore(
                cause=cause,
                injected=len(mine),
                detected=sum(one.detected for one in mine),
                right=sum(one.right for one in mine),
                wrong=sum(one.wrong for one in mine),
            )
            for cause, mine in sorted(by_cause.items())
        )
        missed = tuple(one.line(self.seed) for one in self.outcomes if not one.detected)
        wrong = tuple(one.line(self.seed) for one in self.outcomes if one.wrong)
        return SelfTest(causes=scores, seed=self.seed, undetected=missed, misattributed=wrong)

    @property
    def passed(self) -> bool:
        """All found, none attributed wrong, and nearly all faults of one cause attributed right.

        Of a pair of causes a row may stay unexplained: the weaker it is, the less it shows.
        """
        proper = [
            one
            for one in self.outcomes
            if one.cause != Cause.UNEXPLAINED and len(parts(one.cause)) == 1
        ]
        right = sum(one.right for one in proper)
        return all(one.detected and not one.wrong for one in self.outcomes) and (
            right >= RIGHT * len(proper)
        )
