"""The night that a cutover rests on: the newest that is due, and it has passed."""

from __future__ import annotations

from datetime import datetime

from parity.database import Role
from parity.model.errors import ParityError
from parity.model.result import RunResult
from parity.model.trail import TrailKind
from parity.model.verdict import Verdict
from parity.nightly.harness import Harness
from parity.switch import config_of_run

__all__ = ["newest_night"]

NAMED = 4  # jobs


def newest_night(harness: Harness, now: datetime) -> str:
    """The night of the newest due session is stored, of this config, and has passed.

    A row that a waiver accepts does not count against it.

    Args:
        harness: the migration.
        now: the moment by which nights are due.

    Returns:
        Its verdict, run, differing rows and failed jobs.

    Raises:
        ParityError: there is none, or it is of another config, failed or undecided.
    """
    suite = harness.suite
    session = harness.exchange.latest(now, suite.at)
    run = harness.store.current(suite.migration, session)
    if run is None:
        raise ParityError(
            f"the night of session {session} is due and not stored; run parity nightly"
        )
    with harness.database.connect_as(Role.PARITY_HARNESS) as connection:
        config, compared = config_of_run(connection, run.run_id)
    if config != suite.config_hash and not _recorded_before(harness, compared):
        raise ParityError(
            f"the night of session {session} was compared under another config; run parity "
            "compare, or wait for the next night"
        )
    if run.verdict is not Verdict.PASS:
        raise ParityError(
            f"the night of session {session} ({run.run_id}) has not passed: {run.verdict.value}, "
            f"{_found(run)}; parity report says why; mend it, then parity nightly or parity compare"
        )
    return f"{run.verdict.value}: {run.run_id}, {_found(run)}"


def _found(run: RunResult) -> str:
    """Rows that differ, those that are waived among them, and jobs that failed."""
    differ = sum(dataset.rows.discrepancies for dataset in run.datasets)
    waived = sum(dataset.rows.waived for dataset in run.datasets)
    failed = [job.name for job in run.jobs if not job.ok]
    rows = f"{differ:,} {'row differs' if differ == 1 else 'rows differ'}"
    accepted = f" ({waived:,} waived)" if waived else ""
    jobs = f"{len(failed) or 'no'} {'job' if len(failed) == 1 else 'jobs'} failed"
    more = "…" if len(failed) > NAMED else ""
    names = f" ({', '.join(failed[:NAMED])}{more})" if failed else ""
    return f"{rows}{accepted}, {jobs}{names}"


def _recorded_before(harness: Harness, compared: datetime) -> bool:
    """A run that was found again keeps its old config; the trail knows since when this one is."""
    rows = harness.store.trail(harness.suite.migration, TrailKind.CONFIG)
    if not rows:
        return False
    return rows[-1].content.get("hash") == harness.suite.config_hash and rows[-1].at <= compared
