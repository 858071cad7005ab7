"""The cutover: consumers read the candidate from now on, or everything is as before.

What is done stands in the trail; the row of the switch is written in the transaction that moves
the views. After a kill at any moment the same command goes on from there: nothing was switched,
and it starts anew; or it was, and what comes after the switch is finished.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from parity.model.checklist import Checklist
from parity.model.errors import ParityError, UsageError
from parity.model.plan import Hook
from parity.model.trail import TrailKind
from parity.model.verdict import Phase, Side
from parity.nightly.harness import Harness
from parity.nightly.snapshot import Say
from parity.plan.hooks import HookOutcome, run_hooks
from parity.plan.losing import told_in_a_line
from parity.plan.moving import KIND, Work, move, take_back
from parity.plan.postponing import refuse_panic, wait_while_postponed
from parity.plan.standing import Standing, standing
from parity.plan.verifying import checks, unlike, views_of
from parity.switch import Swapped

__all__ = ["KIND", "Cutover", "cut_over", "gate_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutover:
    """How a cutover ended; consumers read the candidate.

    Attributes:
        operation: its id in the trail.
        already: nothing was left to do.
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
        """0, or 1 where a hook after the switch failed."""
        return 1 if self.failed else 0

    def to_json(self) -> dict[str, Any]:
        """What `parity cutover --execute --json` prints."""
        swapped = self.swapped
        return {
            "schema_version": 1,
            "operation": self.operation,
            "primary": Side.CANDIDATE.value,
            "already": self.already,
            "switched": None
            if swapped is None
            else {
                "seconds": round(swapped.seconds, 4),
                "attempts": swapped.attempts,
                "longest_hold": round(swapped.longest_hold, 4),
            },
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
) -> Cutover:
    """Makes the candidate primary; goes on with a cutover that was interrupted.

    Args:
        harness: the migration.
        by: who does it.
        force: why a gate that is not open does not count; None: it counts.
        now: the moment by which nights are due and rows settled.
        environ: what hooks inherit; PREFECT_API_URL.
        say: is told what happens.

    Raises:
        ParityError: consumers read what they read before; the message says why. Or they read the
            candidate and the server was lost, which it says too: the same command goes on.
    """
    with told_in_a_line("when it answers, the same command goes on"), harness.alone():
        stands = standing(harness)
        if stands.finished:
            return Cutover(operation=stands.operation, already=True)
        if stands.half_done:
            say(f"{stands.operation} has switched already; what comes after it is finished now.")
            work = Work(harness, environ, by, say, now, stands.operation, stands.views)
        else:
            work = _switched(harness, by, force, now, environ, say)
            stands = standing(harness)
        work.since = stands.number
        try:
            return _finish(work, stands)
        except KeyboardInterrupt:
            say("Consumers read the candidate; the same command finishes what is left.")
            raise


def gate_of(harness: Harness, now: datetime, environ: Mapping[str, str]) -> Checklist:
    """The checklist of the phase in force."""
    from parity.plan.checklist import checklist

    return checklist(harness, now=now, environ=environ, prefect_api=environ.get("PREFECT_API_URL"))


def _switched(
    harness: Harness,
    by: str,
    force: str | None,
    now: datetime,
    environ: Mapping[str, str],
    say: Say,
) -> Work:
    """Everything up to and with the switch."""
    phase = harness.store.phase(harness.suite.migration)
    if phase is not Phase.VALIDATION:
        raise UsageError(
            f"the migration is in phase {phase}; a cutover starts from {Phase.VALIDATION}"
        )
    refuse_panic(harness.suite.plan.switching)
    views = views_of(harness)
    work = Work(harness, environ, by, say, now, _next_id(harness), views)
    _pass_gate(work, force)
    _require_checks(work)
    if force is not None and work.forced:
        content = {"operation": work.operation, "what": "gate", "reason": force,
                   "red": list(work.forced)}  # fmt: skip
        harness.store.append_trail(work.migration, TrailKind.OVERRIDE, by, content)
    work.since = work.step("begun", views=[view.name for view in views])
    _before(work)
    if wait_while_postponed(harness.suite.plan.switching, say):
        _require_checks(work)  # time has passed
    move(work)
    return work


def _next_id(harness: Harness) -> str:
    """`cutover-1`, `cutover-2` …; the migration's lock keeps two from taking the same."""
    rows = harness.store.trail(harness.suite.migration, TrailKind.STEP, TrailKind.OVERRIDE)
    ids = {str(row.content.get("operation", "")) for row in rows}
    return f"{KIND}-{1 + sum(one.startswith(f'{KIND}-') for one in ids)}"


def _pass_gate(work: Work, force: str | None) -> None:
    gate = gate_of(work.harness, work.now, work.environ)
    work.evidence = gate.runs
    red = tuple(item.id for item in gate.red)
    if gate.open:
        return
    if force is None:
        raise ParityError(
            f"the gate is not open: {', '.join(red) or 'nothing was asked'}; see parity "
            "checklist, or give --force REASON, which is put on record"
        )
    work.forced = red
    work.say(f"THE GATE IS NOT OPEN AND IS OVERRIDDEN by {work.by}: {force}")
    for item in gate.red:
        work.say(f"  RED {item.id}: {item.missing or item.evidence}")


def _require_checks(work: Work) -> None:
    """Never overridden: the way back, and that the candidate has all that legacy has."""
    for check in checks(work.harness, work.views, work.now):
        work.say(f"{check.title}: {check.look()}.")


def _before(work: Work) -> None:
    """Hooks before the switch, of which each may veto it."""
    outcomes = []
    for hook in work.harness.suite.plan.switching.before:
        outcome = _hook(work, hook)
        outcomes.append(outcome)
        if not outcome.ok:
            work.step("vetoed", **outcome.to_json())
            raise ParityError(
                f"hook {hook.name} vetoes the cutover: {outcome.reason}; nothing has been moved; "
                f"its log is {outcome.log}"
            )
    work.step("hooks before", hooks=[outcome.to_json() for outcome in outcomes])


def _hook(work: Work, hook: Hook) -> HookOutcome:
    (outcome,) = run_hooks(
        work.harness, [hook], environ=work.environ, operation=work.operation,
        side_from=Side.LEGACY, side_to=Side.CANDIDATE, say=work.say,
    )  # fmt: skip
    return outcome


def _finish(work: Work, stands: Standing) -> Cutover:
    """What comes after the switch, as far as it is not done."""
    if not stands.has("verified"):
        _verify(work)
    failed = _after(work, stands)
    done = _schedules(work)
    if not failed:
        work.step("finished", schedules=done)
    return Cutover(
        operation=work.operation, swapped=work.swapped, failed=failed, schedules=done,
        forced=work.forced,
    )  # fmt: skip


def _verify(work: Work) -> None:
    """Consumers see exactly what the candidate holds, or it is taken back at once."""
    wrong = unlike(work.harness, work.views, Side.CANDIDATE)
    if not wrong:
        work.step("verified")
        work.say("Verified: the views serve exactly what the candidate holds.")
        return
    take_back(work, wrong)
    raise ParityError(f"the switch was taken back, and consumers read legacy: {wrong}")


def _after(work: Work, stands: Standing) -> tuple[HookOutcome, ...]:
    """Hooks after the switch that are not done yet; returns those that failed."""
    failed = []
    for hook in work.harness.suite.plan.switching.after:
        if stands.has("hook after", hook=hook.name, ok=True):
            continue
        outcome = _hook(work, hook)
        work.step("hook after", **outcome.to_json())
        if not outcome.ok:
            failed.append(outcome)
    if not failed:
        work.step("hooks after")
    return tuple(failed)


def _schedules(work: Work) -> bool:
    """Prefect's schedules run from now on; what Prefect does not do now stays asked."""
    from parity.plan.schedules import ask, settle

    ask(work.harness, work.operation, "running", work.by)
    return settle(work.harness, work.environ, work.say)
