"""The rollback: consumers read legacy again, then legacy is brought up to what they have read.

It needs the database and nothing else. The switch comes first, in one transaction; whatever fails
after it leaves consumers on legacy and is gone on with by the same command. What is done stands in
the trail and in the catalog, so a kill at any moment costs nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import psycopg

from parity.database import Role
from parity.model.errors import ParityError
from parity.model.trail import TrailKind
from parity.model.verdict import Phase, Side
from parity.nightly.harness import Harness
from parity.plan.queries import rolling_back as queries
from parity.plan.rolled_back import RolledBack
from parity.plan.schedules import ask, settle
from parity.plan.whereabouts import CALLED_OFF, Whereabouts, look, require_legacy
from parity.switch import MARKET, Swapped, View, note, swap

if TYPE_CHECKING:
    from parity.plan.catching_up import CaughtUp
    from parity.plan.hooks import HookOutcome

__all__ = ["KIND", "LEFT", "roll_back", "switch_row"]

KIND = "rollback"
LEFT = (Phase.CUTOVER, Phase.CLEANUP)  # phases that a rollback leaves
LOOKS = 3  # times that somebody else may switch at the same moment
Say = Callable[[str], None]


class _MovedError(ParityError):
    """Somebody else has switched since it was looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """One rollback in progress."""

    harness: Harness
    environ: Mapping[str, str]
    by: str
    reason: str
    now: datetime
    say: Say

    @property
    def migration(self) -> str:
        return self.harness.suite.migration

    def step(self, operation: str, step: str, **more: Any) -> None:
        """Notes that a step is done."""
        content = {"operation": operation, "kind": KIND, "step": step, **more}
        self.harness.store.append_trail(self.migration, TrailKind.STEP, self.by, content)


def roll_back(
    harness: Harness,
    *,
    by: str,
    reason: str,
    now: datetime,
    environ: Mapping[str, str],
    say: Say,
    switch_only: bool = False,
) -> RolledBack:
    """Makes legacy primary and catches it up; goes on with a rollback that was interrupted.

    Args:
        harness: the migration; nothing of it is set up or waited for.
        by: who does it.
        reason: why, for the record.
        now: the moment up to which sessions are due.
        environ: what scripts and hooks inherit; PREFECT_API_URL.
        say: is told what happens, each as it happens.
        switch_only: leave what comes after the switch to the next call.

    Raises:
        ParityError: consumers read what they read before; the message says why.
    """
    work = _Work(harness=harness, environ=environ, by=by, reason=reason, now=now, say=say)
    found, done = _switched(work)
    if not done.operation:
        with _troubles(done):
            done.settled = settle(harness, environ, say)
        return done
    with _troubles(done):
        if not done.called_off:
            ask(harness, done.operation, "paused", by)
    if switch_only:
        say("What comes after the switch is left to: parity rollback --execute")
        return done
    with _troubles(done):
        done.settled = settle(harness, environ, say)
    with _troubles(done):
        done.hooks = _hooks(work, done.operation)
    if not done.called_off:
        with _troubles(done):
            done.caught = _catch_up(work, found, done.operation)
    with _troubles(done):
        if done.finished:
            work.step(done.operation, "finished")
    return done


def _switched(work: _Work) -> tuple[Whereabouts, RolledBack]:
    """Everything up to and with the switch; where none is needed, what there is to go on with."""
    for _ in range(LOOKS):
        found = look(work.harness)
        if not found.astray:
            return found, _on_legacy(work, found)
        require_legacy(work.harness, found)
        operation = f"{KIND}-{secrets.token_hex(4)}"
        try:
            swapped = _swap(work, found, operation)
        except _MovedError:
            continue
        work.say(
            f"Consumers read legacy: switched in {swapped.seconds:.3f} s"
            + (f" at try {swapped.attempts}." if swapped.attempts > 1 else ".")
        )
        if found.gone:
            names = ", ".join(f"{MARKET}.{name}" for name in found.gone)
            work.say(f"Made anew, as they were gone: {names}. Grant their readers SELECT again.")
        return found, RolledBack(operation=operation, swapped=swapped)
    raise ParityError("others switch the views again and again; look at parity phase show")


def _on_legacy(work: _Work, found: Whereabouts) -> RolledBack:
    if found.open:
        work.say(f"Consumers read legacy already; going on with {found.open}.")
        called_off = "a cutover" if found.called_off else ""
        return RolledBack(operation=found.open, already=True, called_off=called_off)
    if found.begun:
        operation = f"{KIND}-{secrets.token_hex(4)}"
        work.step(operation, CALLED_OFF, cutover=found.begun, why=work.reason)
        work.say(f"Consumers read legacy already; {found.begun}, which had begun, is called off.")
        return RolledBack(operation=operation, already=True, called_off=found.begun)
    work.say("Consumers read legacy already; there is nothing to roll back.")
    return RolledBack(already=True)


def _swap(work: _Work, found: Whereabouts, operation: str) -> Swapped:
    """The one transaction."""
    switching = work.harness.suite.plan.switching

    def within(connection: psycopg.Connection) -> None:
        newest = connection.execute(queries.NEWEST, [work.migration]).fetchone()
        if (newest[0] if newest else 0) != found.newest:
            raise _MovedError
        for kind, content in _rows(work, connection, found.views, operation):
            note(connection, work.migration, kind, work.by, content)

    return swap(
        work.harness.database, found.views, Side.LEGACY, schema=MARKET,
        lock_timeout=switching.lock_timeout, attempts=switching.attempts, within=within,
        say=work.say,
    )  # fmt: skip


def _rows(
    work: _Work, connection: psycopg.Connection, views: Sequence[View], operation: str
) -> Iterator[tuple[TrailKind, dict[str, Any]]]:
    """The rows that are there exactly when the views are moved."""
    yield TrailKind.SWITCH, switch_row(views, operation, work.reason)
    row = connection.execute(queries.PHASE, [work.migration]).fetchone()
    if row and row[0] in LEFT:
        yield (
            TrailKind.PHASE,
            {"from": row[0], "to": Phase.VALIDATION.value, "why": f"{operation}: {work.reason}",
             "evidence": [], "forced": False},
        )  # fmt: skip


def switch_row(views: Sequence[View], operation: str, reason: str) -> dict[str, Any]:
    """What the trail says of a switch to legacy."""
    return {
        "operation": operation,
        "from": Side.CANDIDATE.value,
        "to": Side.LEGACY.value,
        "why": reason,
        "forced": False,
        "views": [view.to_json() for view in views],
    }


def _hooks(work: _Work, operation: str) -> tuple[HookOutcome, ...]:
    """Hooks that are not done yet, one by one: each is noted as soon as it has ended."""
    from parity.plan.hooks import run_hooks

    steps = work.harness.store.trail(work.migration, TrailKind.STEP)
    done = {
        entry.content.get("hook")
        for entry in steps
        if entry.content.get("operation") == operation and entry.content.get("ok")
    }
    outcomes: tuple[HookOutcome, ...] = ()
    for hook in work.harness.suite.plan.switching.after_rollback:
        if hook.name in done:
            continue
        ended = run_hooks(
            work.harness, [hook], environ=work.environ, operation=operation,
            side_from=Side.CANDIDATE, side_to=Side.LEGACY, say=work.say,
        )  # fmt: skip
        outcomes += ended
        for outcome in ended:
            work.step(operation, "hook after", **outcome.to_json())
    return outcomes


def _catch_up(work: _Work, found: Whereabouts, operation: str) -> CaughtUp:
    # What it needs takes a while to import, and the switch waits for nothing.
    from parity.plan.catching_up import Order, catch_up
    from parity.plan.pairs import pairs_of

    harness = work.harness
    with harness.database.connect_as(Role.PARITY_HARNESS) as connection:
        pairs = pairs_of(connection, harness.suite, found.views)
    order = Order(
        operation=operation, by=work.by, switched=found.switched, now=work.now, pairs=pairs
    )
    return catch_up(harness, order, environ=work.environ, say=work.say)


@contextmanager
def _troubles(done: RolledBack) -> Iterator[None]:
    """Whatever fails after the switch is told, and the switch stands."""
    try:
        yield
    except ParityError as error:
        done.troubles.append(str(error))
    except Exception as error:  # noqa: BLE001
        line = (str(error).splitlines() or [""])[0]
        done.troubles.append(f"{type(error).__name__}: {line}")
