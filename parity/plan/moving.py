"""The transaction of a cutover, and the one that takes it back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
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

__all__ = ["KIND", "Work", "move", "require_own", "require_unopposed", "take_back"]

KIND = "cutover"
# From which side and phase to which, by the side that consumers read afterwards.
_WAYS = {
    Side.CANDIDATE: (Side.LEGACY, Phase.VALIDATION, Phase.CUTOVER),
    Side.LEGACY: (Side.CANDIDATE, Phase.CUTOVER, Phase.VALIDATION),
}
Noted = tuple[str, str, dict[str, Any]]  # of a row of the trail: kind, by whom, content


@dataclass(slots=True)
class Work:
    """One cutover in progress.

    Attributes:
        harness: the migration.
        environ: what hooks inherit.
        by: who does it.
        say: is told what happens.
        now: the moment by which nights are due and rows settled.
        clock: is asked for `now` again whenever time has passed; None: it stays what it is.
        as_of: `now` was given and is in the past, which goes on record; None: it was not.
        operation: its id in the trail; empty until it has one.
        views: what is moved.
        forced: items of the gate that were red and overridden.
        evidence: ids of the runs that the gate rests on.
        swapped: how the switch went, once it has.
        since: number of a row of the trail after which nobody else may have switched; 0: none.
        switched: number of the row of its own switch; 0 where there is none.
        overridden: what has been put on record as overridden.
    """

    harness: Harness
    environ: Mapping[str, str]
    by: str
    say: Say
    now: datetime
    clock: Callable[[], datetime] | None = None
    as_of: datetime | None = None
    operation: str = ""
    views: tuple[View, ...] = ()
    forced: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    swapped: Swapped | None = None
    since: int = 0
    switched: int = 0
    overridden: set[str] = field(default_factory=set)

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
    number = 0

    def within(connection: psycopg.Connection) -> None:
        nonlocal number
        refuse_panic(switching)
        number = _note(work, connection, Side.CANDIDATE, "cutover", "switched", work.since)

    work.swapped = swap(
        work.harness.database, work.views, Side.CANDIDATE, schema=MARKET,
        lock_timeout=switching.lock_timeout, attempts=switching.attempts, within=within,
        say=work.say,
    )  # fmt: skip
    work.switched = number
    work.say(f"Consumers read the candidate: switched in {work.swapped.seconds:.3f} s.")


def take_back(work: Work, why: str) -> None:
    """Consumers read legacy again.

    Raises:
        ParityError: they still read the candidate, or somebody else has switched.
    """
    switching = work.harness.suite.plan.switching

    def within(connection: psycopg.Connection) -> None:
        _note(work, connection, Side.LEGACY, f"not verified: {why}", "undone", work.switched)

    swap(
        work.harness.database, work.views, Side.LEGACY, schema=MARKET,
        lock_timeout=switching.lock_timeout, attempts=switching.attempts, say=work.say,
        within=within,
    )  # fmt: skip


def require_own(work: Work) -> None:
    """Raises where somebody else has switched since, such as a rollback: nothing of ours is left.

    Raises:
        ParityError: whose switch is the newest, and what consumers read.
    """
    newest = work.harness.store.trail(work.migration, TrailKind.SWITCH)[-1]
    if newest.number != work.switched:
        content = newest.content
        raise ParityError(
            f"{newest.by} has switched meanwhile ({content.get('operation')}): consumers read "
            f"{content.get('to')}, and what was left of {work.operation} is not done"
        )


def require_unopposed(work: Work, rows: Iterable[Noted]) -> None:
    """Raises where, by rows of the trail, somebody else has switched or called the cutover off.

    Raises:
        ParityError: who did.
    """
    for kind, by, content in rows:
        operation = content.get("operation")
        if kind == TrailKind.SWITCH and operation != work.operation:
            raise ParityError(
                f"{by} has switched meanwhile ({operation}); nothing has been moved by this command"
                if not work.switched
                else f"{by} has switched meanwhile ({operation}), so nothing is taken back"
            )
        if content.get("step") == "called off" and content.get("cutover") == work.operation:
            raise ParityError(f"{work.operation} was called off by {by}; nothing has been moved")


def _note(
    work: Work, connection: psycopg.Connection, to: Side, why: str, step: str, since: int
) -> int:
    """The rows that are there exactly when the views are moved; returns the switch's number."""
    side, phase, to_phase = _WAYS[to]
    forced = bool(work.forced)
    as_of = {"as_of": work.as_of.isoformat()} if work.as_of else {}
    rows: tuple[tuple[TrailKind, dict[str, Any]], ...] = (
        (TrailKind.SWITCH, {"operation": work.operation, "from": side.value, "to": to.value,
                            "why": why, "forced": forced, **as_of,
                            "views": [view.to_json() for view in work.views]}),
        (TrailKind.PHASE, {"from": phase.value, "to": to_phase.value,
                           "why": f"{work.operation}: {why}", "evidence": list(work.evidence),
                           "forced": forced, **as_of}),
        (TrailKind.STEP, {"operation": work.operation, "kind": KIND, "step": step}),
    )  # fmt: skip
    numbers = [note(connection, work.migration, kind, work.by, content) for kind, content in rows]
    # From our rows on others wait for this transaction.
    require_unopposed(work, noted_since(connection, work.migration, since))
    return numbers[0]
