"""Runs the old scripts for the sessions that they missed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from parity.jobs import run_jobs
from parity.model.errors import ParityError
from parity.model.monitoring import JobRun
from parity.model.result import JobOutcome
from parity.model.suite import Job
from parity.model.verdict import Side
from parity.nightly.harness import Harness

__all__ = ["Era", "era_of", "missed", "rerun", "spanned"]

MOST = 260  # sessions: a year. More are no rollback's to catch up.
LOGS = "logs"
RUNNING = "rollback"  # below the state folder: what runs here is not the night's to end
_LONGEST_BREAK = timedelta(days=30)  # between two sessions of any exchange
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Era:
    """The sessions for which the scripts were not primary, oldest first; `trouble`: why not all."""

    sessions: tuple[date, ...]
    trouble: str = ""


def era_of(harness: Harness, switched: datetime | None, now: datetime) -> Era:
    """The sessions since the candidate became primary whose night is due.

    It begins after the newest session that a script had run for by then; where the harness has
    never run one, with the first session whose night was still to come.

    Args:
        harness: whose jobs and calendar.
        switched: when the candidate became primary; None where it never was: no session.
        now: the moment up to which sessions are due.

    Raises:
        ParityError: the calendar does not know the day.
    """
    if switched is None or not _scripts(harness):
        return Era(())
    exchange, at = harness.exchange, harness.suite.at
    last = exchange.latest(now, at)
    before = [
        run.session
        for run in harness.store.job_history(harness.suite.migration)
        if run.side is Side.LEGACY and run.exit_code == 0 and run.ended and run.ended <= switched
    ]
    if before:
        found = exchange.between(max(before) + timedelta(days=1), last)
    else:
        day = switched.astimezone(exchange.zone).date()
        days = exchange.between(day - _LONGEST_BREAK, last)
        found = tuple(one for one in days if exchange.night(one, at) > switched)
    if len(found) <= MOST:
        return Era(found)
    return Era(
        (),
        f"the scripts have missed {len(found):,} sessions since {found[0]}, too many to run them "
        "for; say up to which moment with --as-of",
    )


def missed(harness: Harness, era: Era) -> tuple[date, ...]:
    """The sessions for which a script has not run with success, oldest first."""
    done = _done(harness.store.job_history(harness.suite.migration))
    names = {job.name for job in _scripts(harness)}
    return tuple(day for day in era.sessions if not names <= done.get(day, set()))


def spanned(days: Sequence[date]) -> str:
    """Some sessions in a few words, the oldest first."""
    if len(days) == 1:
        return f"session {days[0]}"
    return f"{len(days)} sessions from {days[0]} to {days[-1]}"


def rerun(
    harness: Harness, sessions: Iterable[date], *, environ: Mapping[str, str], say: Say
) -> dict[date, tuple[JobOutcome, ...]]:
    """Runs all scripts for each session, the oldest first, as its night would have.

    Every run is noted among the others, its beginning too.

    Returns:
        How they ended, by session.

    Raises:
        ParityError: the runs cannot be noted, or there is no folder for their logs.
    """
    found: dict[date, tuple[JobOutcome, ...]] = {}
    for session in sorted(sessions):
        outcomes = _run(harness, session, environ)
        found[session] = outcomes
        failed = [
            f"{job.name}: {job.failure or 'it did not end'}" for job in outcomes if not job.ok
        ]
        say(f"  {session}: {'; '.join(failed) or 'done'}")
    return found


def _run(harness: Harness, session: date, environ: Mapping[str, str]) -> tuple[JobOutcome, ...]:
    suite, scripts = harness.suite, _scripts(harness)
    as_of = harness.exchange.night(session, suite.at)
    # Should the harness be killed, this is what is known of the jobs.
    _note(harness, session, [_begun(job) for job in scripts])
    with _folder(suite.reports / LOGS / session.isoformat(), suite.state / RUNNING) as (
        logs,
        state,
    ):
        outcomes = run_jobs(
            scripts,
            session=session,
            as_of=as_of,
            root=suite.root,
            state=state,
            logs=logs,
            database_url=harness.database_url,
            environ={
                **{k: v for k, v in environ.items() if not k.startswith("PARITY_DATABASE_URL")},
                "PARITY_STATE": str(suite.state),
            },
        )
        where = Path(LOGS) / session.isoformat() if logs.is_relative_to(suite.reports) else logs
        outcomes = tuple(replace(job, log=(where / job.log).as_posix()) for job in outcomes)
    _note(harness, session, outcomes)
    return outcomes


@contextmanager
def _folder(logs: Path, state: Path) -> Iterator[tuple[Path, Path]]:
    """The folders of logs and of what is known of running scripts; others where they are read-only.

    Raises:
        ParityError: there is no folder to write into.
    """
    try:
        for folder in (logs, state / "jobs"):
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
    except OSError:
        pass
    else:
        yield logs, state
        return
    try:
        made = Path(tempfile.mkdtemp(prefix="parity-rollback-"))  # logs are kept
    except OSError as error:
        raise ParityError(
            f"the scripts were not run again: no folder for their logs: {error.strerror}"
        ) from None
    yield made, made


def _begun(job: Job) -> JobOutcome:
    return JobOutcome(
        name=job.name, side=job.side, exit_code=None, seconds=0.0, log="",
        reason="started, but its end was not seen",
    )  # fmt: skip


def _scripts(harness: Harness) -> list[Job]:
    return [job for job in harness.suite.jobs if job.side is Side.LEGACY]


def _done(history: Sequence[JobRun]) -> dict[date, set[str]]:
    found: dict[date, set[str]] = {}
    for run in history:
        if run.exit_code == 0:
            found.setdefault(run.session, set()).add(run.name)
    return found


def _note(harness: Harness, session: date, outcomes: Sequence[JobOutcome]) -> None:
    harness.store.record_jobs(harness.suite.migration, session, outcomes)
