"""Commands of the team's own around a switch, run as jobs are: no shell, a time limit, a log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from parity.jobs import run_jobs
from parity.model.errors import UsageError
from parity.model.plan import Hook
from parity.model.suite import Job
from parity.model.verdict import Side
from parity.nightly.harness import Harness

__all__ = ["HookOutcome", "run_hooks"]

LOGS = "logs"
Say = Callable[[str], None]

# What a hook that does not ask is told.
_NO_DAY = date(1970, 1, 1), datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class HookOutcome:
    """How a hook ended.

    `exit_code` is None where its time limit ended it or it could not start; `reason` is one line,
    empty on success.
    """

    name: str
    exit_code: int | None
    seconds: float
    reason: str
    log: Path

    @property
    def ok(self) -> bool:
        """True when it ended by itself with exit code 0."""
        return self.exit_code == 0

    def to_json(self) -> dict[str, Any]:
        """Part of a step's row in the trail."""
        return {
            "hook": self.name,
            "ok": self.ok,
            "exit_code": self.exit_code,
            "seconds": self.seconds,
            "reason": self.reason,
        }


def run_hooks(
    harness: Harness,
    hooks: Sequence[Hook],
    *,
    environ: Mapping[str, str],
    operation: str,
    side_from: Side,
    side_to: Side,
    say: Say,
) -> tuple[HookOutcome, ...]:
    """Runs hooks one after the other, each whether or not the one before it failed.

    Args:
        harness: whose state folder takes the logs.
        hooks: what to run.
        environ: the environment that hooks inherit, without the harness's own logins.
        operation: id of the switch; hooks find it as PARITY_OPERATION.
        side_from: the side that consumers read before it; PARITY_FROM.
        side_to: the side that they read after it; PARITY_TO.
        say: is told how each ended.

    Returns:
        How each ended, in order. What cannot even be started has an outcome too.
    """
    told = {
        **{k: v for k, v in environ.items() if not k.startswith("PARITY_DATABASE_URL")},
        "PARITY_STATE": str(harness.suite.state),
        "PARITY_OPERATION": operation,
        "PARITY_FROM": side_from.value,
        "PARITY_TO": side_to.value,
    }
    outcomes = []
    for hook in hooks:
        outcome = _run(harness, hook, told, harness.suite.state / LOGS / operation)
        outcomes.append(outcome)
        say(f"Hook {hook.name}: {'done' if outcome.ok else f'failed: {outcome.reason}'}.")
    return tuple(outcomes)


def _run(harness: Harness, hook: Hook, environ: Mapping[str, str], logs: Path) -> HookOutcome:
    suite = harness.suite
    # As far as running it goes a hook is a job; which side it counts for matters to nobody.
    job = Job(name=hook.name, side=Side.LEGACY, command=hook.command, timeout=hook.timeout,
              env=hook.env)  # fmt: skip
    try:
        session, as_of = _newest(harness, hook)
        outcome, = run_jobs(
            [job], session=session, as_of=as_of, root=suite.root, state=suite.state / "hooks",
            logs=logs, database_url=harness.database_url, environ=environ,
        )  # fmt: skip
    except (OSError, UsageError) as error:
        return HookOutcome(name=hook.name, exit_code=None, seconds=0.0, reason=str(error), log=logs)
    return HookOutcome(
        name=hook.name, exit_code=outcome.exit_code, seconds=outcome.seconds,
        reason=outcome.failure, log=logs / outcome.log,
    )  # fmt: skip


def _newest(harness: Harness, hook: Hook) -> tuple[date, datetime]:
    """The newest stored night, where a hook asks for {session} or {as_of}."""
    texts = [*hook.command, *(value for _, value in hook.env)]
    if not any(place in text for text in texts for place in ("{session}", "{as_of}")):
        return _NO_DAY
    nights = harness.store.nights(harness.suite.migration)
    if not nights:
        raise UsageError("it asks for {session}, but no night is stored")
    return nights[0].session, nights[0].as_of
