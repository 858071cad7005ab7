"""The cutover: consumers read the candidate from now on, or everything is as before.

What is done stands in the trail; the row of the switch is written in the transaction that moves
the views. After a kill at any moment the same command goes on from there: nothing was switched,
and it starts anew; or it was, and what comes after the switch is finished.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from parity.model.errors import ParityError, UsageError
from parity.model.trail import TrailKind
from parity.model.verdict import Side
from parity.nightly.harness import Harness
from parity.nightly.snapshot import Say
from parity.plan.approaching import approach
from parity.plan.finishing import finish
from parity.plan.hooks import HookOutcome
from parity.plan.losing import told_in_a_line
from parity.plan.moving import KIND, Work
from parity.plan.postponing import wait_while_postponed
from parity.plan.schedules import settle
from parity.plan.standing import standing
from parity.switch import Swapped

__all__ = ["KIND", "Cutover", "SwitchedInterrupt", "cut_over"]


class SwitchedInterrupt(KeyboardInterrupt):
    """Ended by a person when consumers read the candidate already; it says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutover:
    """How a cutover ended; consumers read the candidate.

    Attributes:
        operation: its id in the trail.
        already: nothing was left to do, but perhaps for Prefect's schedules.
        swapped: how the switch went; None where an earlier command made it.
        failed: hooks after the switch that failed; they run again with the same command.
        schedules: False where Prefect has not done yet what was asked of it.
        forced: items of the gate that were red.
    """

    operation: str
    already: bool = False
    swapped: Swapped | None = None
    failed: tuple[HookOutcome, ...] = ()
    schedules: bool = True
    forced: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0, or 1 where a hook after the switch failed or Prefect's schedules do not run yet."""
        return 1 if self.failed or not self.schedules else 0

    def to_json(self) -> dict[str, Any]:
        """What `parity cutover --execute --json` prints."""
        return {
            "schema_version": 1,
            "operation": self.operation,
            "primary": Side.CANDIDATE.value,
            "already": self.already,
            "switched": self.swapped.to_json() if self.swapped else None,
            "failed_hooks": [outcome.to_json() for outcome in self.failed],
            "schedules_done": self.schedules,
            "forced": list(self.forced),
        }


def cut_over(
    harness: Harness,
    *,
    by: str,
    force: str | None,
    now: datetime,
    environ: Mapping[str, str],
    say: Say,
    clock: Callable[[], datetime] | None = None,
    as_of_given: bool = False,
) -> Cutover:
    """Makes the candidate primary; goes on with a cutover that was interrupted.

    While it is postponed it holds nothing: nights run, and what it goes on with is judged then.

    Args:
        harness: the migration.
        by: who does it.
        force: why a gate that is not open does not count; None: it counts.
        now: the moment by which nights are due and rows settled.
        environ: what hooks inherit; PREFECT_API_URL.
        say: is told what happens.
        clock: says what `now` is when time has passed; None: it stays what it is.
        as_of_given: somebody chose `now`, which goes on record as an override.

    Raises:
        UsageError: `force` is blank.
        ParityError: consumers read what they read before; the message says why. Or they read the
            candidate and the server was lost, which it says too: the same command goes on. Or
            somebody else has switched meanwhile.
        SwitchedInterrupt: for a KeyboardInterrupt after the switch.
    """
    if force is not None and not force.strip():
        raise UsageError("--force needs a reason, which is put on record")
    work = Work(harness, environ, by, say, now, clock, now if as_of_given else None)
    with told_in_a_line("when it answers, the same command goes on"):
        try:
            while (done := _unless_postponed(work, force)) is None:
                wait_while_postponed(harness.suite.plan.switching, say)
        except KeyboardInterrupt:
            if _has_switched(work):
                raise SwitchedInterrupt(
                    "consumers read the candidate; the same command finishes what is left"
                ) from None
            raise
    return done


def _unless_postponed(work: Work, force: str | None) -> Cutover | None:
    """The whole of it; None where it is postponed."""
    with work.harness.alone():
        stands = standing(work.harness)
        if stands.finished:
            runs = settle(work.harness, work.environ, work.say)
            return Cutover(operation=stands.operation, already=True, schedules=runs)
        if stands.half_done:
            work.say(f"{stands.operation} has switched already; what comes after it is finished.")
            work.operation, work.views = stands.operation, stands.views
            work.switched = stands.number
            failed, done = finish(work, stands)
        elif approach(work, force):
            failed, done = finish(work, None)
        else:
            return None
    return Cutover(
        operation=work.operation, swapped=work.swapped, failed=failed, schedules=done,
        forced=work.forced,
    )  # fmt: skip


def _has_switched(work: Work) -> bool:
    """Whether its own switch is the newest, whatever it was doing when it was interrupted."""
    try:
        switches = work.harness.store.trail(work.migration, TrailKind.SWITCH)
    except ParityError:
        return bool(work.switched)
    last = switches[-1].content if switches else {}
    return (last.get("operation"), last.get("to")) == (work.operation, Side.CANDIDATE.value)
