"""All that a gate is judged by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from parity.model.plan import Gates, ManualItem
from parity.model.result import RunResult
from parity.model.trail import TrailEntry, TrailKind
from parity.model.verdict import Phase

__all__ = ["Facts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a migration at one moment.

    Attributes:
        phase: the one in force.
        began: the row of the trail with which it began; None: the migration began with it.
        config: hash of the config in force.
        gates: what the config asks for.
        manual: what people sign, of all phases.
        datasets: names of those that are compared.
        views: names of those that consumers read.
        limits: how long each job of the candidate side may take.
        sessions: of the exchange, from the first with a night to the newest that is due and
            whose night is not still to come.
        nights: the run that holds for each session, newest first.
        earlier: sessions that were compared before the phase began this time. Whatever is found
            of one again is of rows that were there then, so it tells nothing of this stay.
        configs: hash of the config that each run was compared with, by run id.
        trail: phases, signatures, switches, drills and configs, the oldest first.
        now: the moment.
        day: the exchange's date of a moment.
        link: the page of a night, relative to the reports folder.
    """

    phase: Phase
    began: TrailEntry | None = None
    config: str = ""
    gates: Gates
    manual: tuple[ManualItem, ...] = ()
    datasets: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    limits: Mapping[str, timedelta]
    sessions: tuple[date, ...] = ()
    nights: tuple[RunResult, ...] = ()
    earlier: frozenset[date] = frozenset()
    configs: Mapping[str, str] = field(default_factory=dict)
    trail: tuple[TrailEntry, ...] = ()
    now: datetime
    day: Callable[[datetime], date]
    link: Callable[[RunResult], str]

    @property
    def today(self) -> date:
        """The exchange's date."""
        return self.day(self.now)

    @property
    def newest(self) -> RunResult | None:
        """The newest night that is stored."""
        return self.nights[0] if self.nights else None

    @property
    def start(self) -> tuple[date | None, str]:
        """When the phase began, and that it did."""
        if self.began is None:
            first = self.nights[-1].session if self.nights else None
            return first, "the nights began" if first else ""
        return self.day(self.began.at), f"phase {self.phase.value} began"

    def of_phase(self, run: RunResult) -> bool:
        """True for a night of this stay in the phase."""
        return run.phase == self.phase.value and run.session not in self.earlier

    def rows(self, kind: TrailKind) -> tuple[TrailEntry, ...]:
        """The rows of the trail of one kind, the oldest first."""
        return tuple(entry for entry in self.trail if entry.kind == kind.value)
