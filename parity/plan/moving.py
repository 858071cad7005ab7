"""The transaction of a cutover, and the one that takes it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from parity.model.errors import ParityError
from parity.model.trail import TrailKind
from parity.model.verdict import Phase, Side
from parity.nightly.harness import Harness
from parity.nightly.snapshot import Say
from parity.plan.postponing import refuse_panic
from parity.switch import MARKET, Swapped, View, note, noted_since, swap

__all__ = ["KIND", "Work", "move", "take_back"]

KIND = "cutover"
# From which side and phase to which, by the side that consumers read afterwards.
_WAYS = {
    Side.CANDIDATE: (Side.LEGACY, Phase.VALIDATION, Phase.CUTOVER),
    Side.LEGACY: (Side.CANDIDATE, Phase.CUTOVER, Phase.VALIDATION),
}


@dataclass(slots=True)
class Work:
    """One cutover in progress.

    Attributes:
        harness: the migration.
        environ: what hooks inherit.
        by: who does it.
        say: is told what happens.
        now: the moment by which nights are due and rows settled.
        operation: its id in the trail.
        views: what is moved.
        forced: items of the gate that were red and overridden.
        evidence: ids of the runs that the gate rests on.
        swapped: how the switch went, once it has.
        since: number of a row of the trail after which nobody else may have switched.
    """

    harness: Harness
    environ: Mapping[str, str]
    by: str
    say: Say
    now: datetime
    operation: str
    views: tuple[View, ...]
    forced: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    swapped: Swapped | None = None
    since: int = 0

    @property
    def migration(self) -> str:
        """The migration's name."""
        return self.harness.suite.migration

    def step(self, step: str, **more: Any) -> int:
        """Notes that a step is done; returns the row's number."""
        content = {"operation": self.operation, "kind": KIND, "step": step, **more}
        return self.harness.store.append_trail(self.migration, TrailKind.STEP, self.by, content)


def move(work: Work) -> None:
    """Consumers read the candidate, and the trail says so; or nothing has changed.

    Raises:
        ParityError: nothing has changed, and why.
    """
    switching = work.harness.suite.plan.switching

    def within(connection: psycopg.Connection) -> None:
        refuse_panic(switching)
        _note(work, connection, Side.CANDIDATE, "cutover", "switched")

    work.swapped = swap(
        work.harness.database, work.views, Side.CANDIDATE, schema=MARKET,
        lock_timeout=switching.lock_timeout, attempts=switching.attempts, within=within,
        say=work.say,
    )  # fmt: skip
    work.say(f"Consumers read the candidate: switched in {work.swapped.seconds:.3f} s.")


def take_back(work: Work, why: str) -> None:
    """Consumers read legacy again.

    Raises:
        ParityError: they still read the candidate, or somebody else has switched.
    """
    switching = work.harness.suite.plan.switching
    swap(
        work.harness.database, work.views, Side.LEGACY, schema=MARKET,
        lock_timeout=switching.lock_timeout, attempts=switching.attempts, say=work.say,
        within=lambda c: _note(work, c, Side.LEGACY, f"not verified: {why}", "undone"),
    )  # fmt: skip


def _note(work: Work, connection: psycopg.Connection, to: Side, why: str, step: str) -> None:
    """The rows that are there exactly when the views are moved."""
    side, phase, to_phase = _WAYS[to]
    forced = bool(work.forced)
    rows: tuple[tuple[TrailKind, dict[str, Any]], ...] = (
        (TrailKind.SWITCH, {"operation": work.operation, "from": side.value, "to": to.value,
                            "why": why, "forced": forced,
                            "views": [view.to_json() for view in work.views]}),
        (TrailKind.PHASE, {"from": phase.value, "to": to_phase.value,
                           "why": f"{work.operation}: {why}", "evidence": list(work.evidence),
                           "forced": forced}),
        (TrailKind.STEP, {"operation": work.operation, "kind": KIND, "step": step}),
    )  # fmt: skip
    for kind, content in rows:
        note(connection, work.migration, kind, work.by, content)
    _require_unopposed(work, connection)


def _require_unopposed(work: Work, connection: psycopg.Connection) -> None:
    """Nobody else has switched meanwhile, nor called it off with a rollback.

    Looked at when our rows are there: from then on others wait for this transaction.
    """
    for kind, by, content in noted_since(connection, work.migration, work.since):
        operation = content.get("operation")
        if kind == TrailKind.SWITCH and operation != work.operation:
            raise ParityError(
                f"{by} has switched meanwhile ({operation}); nothing has been moved by this command"
            )
        if content.get("step") == "called off" and content.get("cutover") == work.operation:
            raise ParityError(f"{work.operation} was called off by {by}; nothing has been moved")
