"""The rollback: consumers read legacy again, then legacy is brought up to what they have read.

It needs the database and nothing else. The switch comes first, in one transaction; whatever fails
after it leaves consumers on legacy and is gone on with by the same command. What is done stands in
the trail and in the catalog, so a kill at any moment costs nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from parity.database import Role
from parity.model.errors import ParityError, UsageError
from parity.model.trail import TrailKind
from parity.model.verdict import Side
from parity.nightly.harness import Harness
from parity.plan.listed_before import listed_before
from parity.plan.moving_back import KIND, Moved, Say, SwitchedError, Work, move_back, stay
from parity.plan.rolled_back import RolledBack
from parity.plan.schedules import ask, settle
from parity.plan.whereabouts import (
    CALLED_OFF,
    Whereabouts,
    look,
    require_legacy,
    require_record,
)
from parity.switch import MARKET

if TYPE_CHECKING:
    from parity.plan.catching_up import CaughtUp
    from parity.plan.hooks import HookOutcome

__all__ = ["KIND", "roll_back"]

LOOKS = 3  # times that somebody else may switch at the same moment


def roll_back(
    harness: Harness,
    *,
    by: str,
    reason: str,
    now: datetime,
    environ: Mapping[str, str],
    say: Say,
    switch_only: bool = False,
    no_copy: bool = False,
) -> RolledBack:
    """Makes legacy primary and catches it up; goes on with a rollback that was interrupted.

    Args:
        harness: the migration; nothing of it is set up or waited for.
        by: who does it.
        reason: why, for the record; what is no text in it is kept as escapes. Going on with a
            rollback needs none.
        now: the moment up to which sessions are due.
        environ: what scripts and hooks inherit; PREFECT_API_URL.
        say: is told what happens, each as it happens.
        switch_only: leave what comes after the switch to the next call.
        no_copy: copy nothing into legacy; what is missing is listed.

    Raises:
        UsageError: there is something to move or to call off, and nobody says why.
        ParityError: consumers read what they read before; the message says why.
    """
    why = " ".join(reason.encode(errors="backslashreplace").decode().split())
    work = Work(harness=harness, environ=environ, by=by, reason=why, now=now, say=say)
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
            done.caught = _catch_up(work, found, done.operation, no_copy)
    with _troubles(done):
        if done.finished:
            work.step(done.operation, "finished")
    return done


def _switched(work: Work) -> tuple[Whereabouts, RolledBack]:
    """Everything up to and with the switch; where none is needed, what there is to go on with."""
    for _ in range(LOOKS):
        found = look(work.harness)
        require_record(work.harness, found)
        if not found.astray:
            done = _on_legacy(work, found)
            done.database = found.told
            return found, done
        _require_reason(work)
        odd = {**found.odd, **require_legacy(work.harness, found)}
        operation = f"{KIND}-{secrets.token_hex(4)}"
        try:
            moved = move_back(work, found, odd, operation)
        except SwitchedError:
            continue
        _say_moved(work, found, moved)
        done = RolledBack(
            operation=operation, swapped=moved.swapped, troubles=list(stay(moved.odd)),
            stayed=tuple(sorted(moved.odd)), database=found.told,
        )  # fmt: skip
        return replace(found, views=moved.views), done
    raise ParityError("others switch the views again and again; look at parity phase show")


def _require_reason(work: Work) -> None:
    if not work.reason:
        raise UsageError("say why: parity rollback --execute --reason TEXT")


def _say_moved(work: Work, found: Whereabouts, moved: Moved) -> None:
    swapped = moved.swapped
    work.say(
        f"Consumers read legacy: switched in {swapped.seconds:.3f} s"
        + (f" at try {swapped.attempts}." if swapped.attempts > 1 else ".")
    )
    work.say(found.told)
    for line in stay(moved.odd):
        work.say(f"BUT {line}")
    gone = [view.name for view in moved.views if view.name in found.gone]
    if gone:
        names = ", ".join(f"{MARKET}.{name}" for name in gone)
        work.say(f"Made anew, as they were gone: {names}. Grant their readers SELECT again.")


def _on_legacy(work: Work, found: Whereabouts) -> RolledBack:
    if found.open:
        work.say(f"Consumers read legacy already; going on with {found.open}.")
        work.say(found.told)
        if found.begun:
            why = work.reason or f"{found.open} goes on"
            work.step(found.open, CALLED_OFF, cutover=found.begun, why=why)
            work.say(f"{found.begun}, which had begun, is called off.")
        called_off = "a cutover" if found.called_off else ""
        return RolledBack(
            operation=found.open, already=True, called_off=called_off,
            troubles=list(stay(found.odd)), stayed=tuple(sorted(found.odd)),
        )  # fmt: skip
    if found.begun:
        _require_reason(work)
        operation = f"{KIND}-{secrets.token_hex(4)}"
        work.step(operation, CALLED_OFF, cutover=found.begun, why=work.reason)
        work.say(f"Consumers read legacy already; {found.begun}, which had begun, is called off.")
        work.say(found.told)
        return RolledBack(operation=operation, already=True, called_off=found.begun)
    work.say("Consumers read legacy already; there is nothing to roll back.")
    work.say(found.told)
    before = listed_before(work.harness, found.last)
    if before is not None:
        work.say(f"{before.told}.")
    return RolledBack(already=True, before=before.told if before else "")


def _hooks(work: Work, operation: str) -> tuple[HookOutcome, ...]:
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


def _catch_up(work: Work, found: Whereabouts, operation: str, no_copy: bool) -> CaughtUp:
    # What it needs takes a while to import, and the switch waits for nothing.
    from parity.plan.catching_up import Order, catch_up
    from parity.plan.pairs import pairs_of

    harness = work.harness
    with harness.database.connect_as(Role.PARITY_HARNESS) as connection:
        pairs = pairs_of(connection, harness.suite, found.views)
    order = Order(
        operation=operation, by=work.by, switched=found.switched, now=work.now, pairs=pairs,
        no_copy=no_copy,
    )  # fmt: skip
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
