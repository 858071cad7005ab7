"""Everything of a cutover up to and with the switch."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from parity.model.checklist import Checklist
from parity.model.errors import ParityError, UsageError
from parity.model.trail import TrailKind
from parity.model.verdict import Phase
from parity.nightly.harness import Harness
from parity.plan.finishing import run_hook
from parity.plan.moving import KIND, Work, move, require_unopposed
from parity.plan.postponing import postponed, refuse_panic
from parity.plan.verifying import checks, views_of

__all__ = ["approach", "gate_of"]


def gate_of(harness: Harness, now: datetime, environ: Mapping[str, str]) -> Checklist:
    """The checklist of the phase in force."""
    from parity.nightly.checklist import checklist

    return checklist(harness, now=now, environ=environ, prefect_api=environ.get("PREFECT_API_URL"))


def approach(work: Work, force: str | None) -> bool:
    """Gate, checks, hooks, and the switch; called again when a cutover is no longer postponed.

    Args:
        work: gets its id, its views, and how the switch went.
        force: why a gate that is not open does not count; None: it counts.

    Returns:
        True where consumers read the candidate; False where the postpone file is there.

    Raises:
        ParityError: nothing has been moved, and why.
    """
    harness, switching = work.harness, work.harness.suite.plan.switching
    phase = harness.store.phase(work.migration)
    if phase is not Phase.VALIDATION:
        raise UsageError(
            f"the migration is in phase {phase}; a cutover starts from {Phase.VALIDATION}"
        )
    refuse_panic(switching)
    work.operation = work.operation or _next_id(harness)
    _require_nobody_else(work)
    if postponed(switching):
        _begin(work)  # so that a rollback knows what it calls off
        return False
    work.views = views_of(harness)
    _look(work, force)
    _begin(work)
    if _before(work):
        if postponed(switching):
            return False
        _look(work, force, again=True)
    refuse_panic(switching)
    move(work)
    return True


def _next_id(harness: Harness) -> str:
    """`cutover-1`, `cutover-2` …; the migration's lock keeps two from taking the same."""
    rows = harness.store.trail(harness.suite.migration, TrailKind.STEP, TrailKind.OVERRIDE)
    ids = {str(row.content.get("operation", "")) for row in rows}
    return f"{KIND}-{1 + sum(one.startswith(f'{KIND}-') for one in ids)}"


def _require_nobody_else(work: Work) -> None:
    """While it was postponed others may have moved what it was about to move."""
    if not work.since:
        return
    rows = work.harness.store.trail(work.migration, TrailKind.SWITCH, TrailKind.STEP)
    require_unopposed(work, [(r.kind, r.by, r.content) for r in rows if r.number > work.since])


def _begin(work: Work) -> None:
    if not work.since:
        served = work.harness.suite.plan.served
        work.since = work.step("begun", views=[one.view for one in served])


def _look(work: Work, force: str | None, *, again: bool = False) -> None:
    """The gate and the checks, as of now; what is overridden goes on record.

    Looked at again as hooks take time: what they say holds until the switch, so does this.
    """
    if work.clock is not None:
        work.now = work.clock()
    as_of = None if "as-of" in work.overridden else work.as_of
    if as_of:
        work.say(f"JUDGED AS OF {as_of.isoformat()} AND NOT AS OF NOW, by {work.by}")
    gate = gate_of(work.harness, work.now, work.environ)
    work.evidence = gate.runs
    red = () if gate.open else _overridden(work, gate, force)
    _require_checks(work, again)
    if as_of:
        _override(work, "as-of", f"judged as of {as_of.isoformat()}", ())
    if red and red != work.forced:
        _override(work, "gate", force or "", red)
    work.forced = red


def _overridden(work: Work, gate: Checklist, force: str | None) -> tuple[str, ...]:
    red = tuple(item.id for item in gate.red)
    if force is None:
        raise ParityError(
            f"the gate is not open: {', '.join(red) or 'nothing was asked'}; see parity "
            "checklist, or give --force REASON, which is put on record"
        )
    if red != work.forced:
        work.say(f"THE GATE IS NOT OPEN AND IS OVERRIDDEN by {work.by}: {force}")
        for item in gate.red:
            work.say(f"  RED {item.id}: {item.missing or item.evidence}")
    return red


def _override(work: Work, what: str, reason: str, red: tuple[str, ...]) -> None:
    content: dict[str, Any] = {
        "operation": work.operation, "what": what, "reason": reason, "red": list(red),
    }  # fmt: skip
    work.harness.store.append_trail(work.migration, TrailKind.OVERRIDE, work.by, content)
    work.overridden.add(what)


def _require_checks(work: Work, again: bool) -> None:
    """Never overridden: the way back, and that the candidate has all that legacy has."""
    for check in checks(work.harness, work.views, work.now, work.say):
        seen = check.look()
        if not again:
            work.say(f"{check.title}: {seen}.")
    if again:
        work.say("After the hooks all of it was looked at again, and holds.")


def _before(work: Work) -> bool:
    """Hooks before the switch, of which each may veto it; False where there are none."""
    outcomes = []
    for hook in work.harness.suite.plan.switching.before:
        outcome = run_hook(work, hook)
        outcomes.append(outcome)
        if not outcome.ok:
            work.step("vetoed", **outcome.to_json())
            raise ParityError(
                f"hook {hook.name} vetoes the cutover: {outcome.reason}; nothing has been moved; "
                f"its log is {outcome.log}"
            )
    work.step("hooks before", hooks=[outcome.to_json() for outcome in outcomes])
    return bool(outcomes)
