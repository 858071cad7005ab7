"""The migration plan: what must hold to leave a phase, what consumers read, how it is switched.

The frozen form of `gates`, `checklist`, `serving` and `cutover` in parity.yaml.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from parity.model.verdict import Phase, Side

if TYPE_CHECKING:
    from parity.model.suite import Relation

__all__ = ["Gates", "Hook", "ManualItem", "Plan", "Served", "Switching"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gates:
    """What must hold to leave each phase.

    Attributes:
        compared: consecutive sessions on which both sides ran and were compared, whatever was
            found, to leave `parallel_run`.
        passed: consecutive sessions that passed, to leave `validation`.
        coverage: percent of history that must have been verified, with nothing overdue.
        success_rate: percent of flow runs that must have succeeded over those sessions.
        flows_within: how long each job of the candidate side may take; None: its own timeout.
        drill: how old the newest successful drill may be.
        primary: consecutive sessions on which the candidate was primary, without a rollback and
            still compared, to leave `cutover`.
    """

    compared: int = 5
    passed: int = 10
    coverage: float = 100.0
    success_rate: float = 99.0
    flows_within: timedelta | None = None
    drill: timedelta = timedelta(days=7)
    primary: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualItem:
    """What a person signs, by name, before a phase can be left."""

    id: str
    text: str
    phase: Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A view that consumers read in schema `market`, over the same relation of either side.

    Attributes:
        view: its name.
        legacy: what it reads before the cutover.
        candidate: what it reads after it.
        columns: name and type of each column, in order, in the legacy side's names; empty: all
            columns that both sides have, with the types of the legacy side.
        rename: legacy column to candidate column where they differ.
    """

    view: str
    legacy: Relation
    candidate: Relation
    columns: tuple[tuple[str, str], ...] = ()
    rename: tuple[tuple[str, str], ...] = ()

    def relation(self, side: Side) -> Relation:
        """The relation of a side."""
        return self.legacy if side is Side.LEGACY else self.candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A command that runs before or after a switch; no shell. See `Job` for its placeholders."""

    name: str
    command: tuple[str, ...]
    timeout: timedelta = timedelta(minutes=1)
    env: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Switching:
    """How the primary side is moved.

    Attributes:
        lock_timeout: how long readers may be made to wait at one try.
        attempts: how many tries.
        postpone_file: while it is there, a cutover waits before it switches.
        panic_file: once it is there, a cutover that has not switched gives up.
        before: hooks before the cutover; one that fails vetoes it.
        after: hooks after the cutover, such as one that pauses the old cron lines.
        after_rollback: hooks after a rollback, such as one that resumes them.
        schedules: Prefect deployments as FLOW/DEPLOYMENT, resumed by a cutover and paused by a
            rollback.
        quarantine: how long the old schema is kept under another name before it may be dropped.
    """

    lock_timeout: timedelta = timedelta(milliseconds=150)
    attempts: int = 40
    postpone_file: Path = Path(".parity/postpone")
    panic_file: Path = Path(".parity/panic")
    before: tuple[Hook, ...] = ()
    after: tuple[Hook, ...] = ()
    after_rollback: tuple[Hook, ...] = ()
    schedules: tuple[str, ...] = ()
    quarantine: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All of the plan that parity.yaml holds. Paths are absolute.

    `kept`: nights keep the views there. Only where the config names them: a view holds the tables
    below it, and a script that drops and makes its table anew would fail.
    """

    gates: Gates = field(default_factory=Gates)
    checklist: tuple[ManualItem, ...] = ()
    served: tuple[Served, ...] = ()
    kept: bool = False
    switching: Switching = field(default_factory=Switching)
    waivers: Path = Path("waivers.yaml")
