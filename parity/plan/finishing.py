"""What comes after the switch of a cutover, as long as nobody has switched since.

A rollback waits for nobody. So before each step it is asked whether the switch is still the newest:
a hook that stops the old scripts, or schedules that run, would undo what the rollback has done.
"""

from __future__ import annotations

from parity.model.errors import ParityError
from parity.model.plan import Hook
from parity.model.verdict import Side
from parity.plan.hooks import HookOutcome, run_hooks
from parity.plan.moving import Work, require_own, take_back
from parity.plan.standing import Standing
from parity.plan.verifying import verify

__all__ = ["finish", "run_hook"]


def finish(work: Work, stands: Standing | None) -> tuple[tuple[HookOutcome, ...], bool]:
    """Verifies, runs hooks, asks for schedules: whatever of it is not done.

    Args:
        work: that has switched.
        stands: what an earlier command has done of it; None where there was none.

    Returns:
        Hooks that failed; and whether Prefect has done what was asked of it.

    Raises:
        ParityError: what is served is not what the candidate holds, and it was taken back; or
            somebody else has switched meanwhile.
    """
    require_own(work)
    if stands is None or not stands.has("verified"):
        _verify(work)
    failed = _after(work, stands)
    require_own(work)
    done = _schedules(work)
    require_own(work)
    if not failed:
        work.step("finished", schedules=done)
    return failed, done


def run_hook(work: Work, hook: Hook) -> HookOutcome:
    """Runs a hook of a cutover."""
    (outcome,) = run_hooks(
        work.harness, [hook], environ=work.environ, operation=work.operation,
        side_from=Side.LEGACY, side_to=Side.CANDIDATE, say=work.say,
    )  # fmt: skip
    return outcome


def _verify(work: Work) -> None:
    """Consumers see exactly what the candidate holds, or it is taken back at once."""
    found = verify(work.harness, work.views, Side.CANDIDATE)
    if not found.wrong:
        work.step("verified", rows=dict(found.rows))
        work.say("Verified: the views serve exactly what the candidate holds.")
        return
    take_back(work, found.wrong)
    raise ParityError(f"the switch was taken back, and consumers read legacy: {found.wrong}")


def _after(work: Work, stands: Standing | None) -> tuple[HookOutcome, ...]:
    """Hooks after the switch that are not done yet; returns those that failed."""
    failed = []
    for hook in work.harness.suite.plan.switching.after:
        if stands is not None and stands.has("hook after", hook=hook.name, ok=True):
            continue
        require_own(work)
        outcome = run_hook(work, hook)
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
