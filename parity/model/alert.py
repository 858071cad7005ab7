"""Troubles that somebody is told of, and what the ledger knows of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

__all__ = ["Alert", "Changes", "Part", "Trouble", "TroubleKind"]


class TroubleKind(StrEnum):
    """What kind of thing is wrong, the gravest first."""

    VERDICT = "verdict"
    LATE = "late"
    JOB = "job"
    FLOW = "flow"
    POOL = "pool"
    INCIDENT = "incident"


class Part(StrEnum):
    """Which of an alert's two messages: that something is wrong, or that it is over."""

    TROUBLE = "trouble"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something wrong that somebody should know.

    `identity` is the same as long as it is the same trouble, such as `verdict` or `job:NAME`.
    `covered` ones are told by the message of another: they are remembered, not told again.
    """

    identity: str
    kind: TroubleKind
    title: str
    body: str
    link: str = ""
    session: date | None = None
    covered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A trouble in the ledger.

    `told_at` is None until every target has it; `closed_at` is None while it lasts. `recovery` is
    the message that it is over, its first line the title; None where that is not told. `reached`
    are the targets that have the trouble, `recovery_reached` those that know that it is over.
    """

    id: int
    trouble: Trouble
    opened_at: datetime
    told_at: datetime | None = None
    closed_at: datetime | None = None
    recovery: str | None = None
    reached: frozenset[str] = frozenset()
    recovery_reached: frozenset[str] = frozenset()

    @property
    def open(self) -> bool:
        """True while it lasts."""
        return self.closed_at is None

    def part(self) -> Part | None:
        """The message that somebody may still have to get.

        What was over before it could be told is told once, as over.
        """
        if self.closed_at is not None:
            return Part.RECOVERY if self.recovery is not None else None
        return Part.TROUBLE if self.told_at is None else None

    def has(self, target: str, part: Part) -> bool:
        """True when a target has got one of the messages."""
        return target in (self.reached if part is Part.TROUBLE else self.recovery_reached)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What begins and what ends.

    `closed` maps an identity to its message of recovery, None where nothing is said. Opening what
    is open already, and closing what is not, changes nothing.
    """

    opened: tuple[Trouble, ...] = ()
    closed: Mapping[str, str | None] = field(default_factory=dict)
