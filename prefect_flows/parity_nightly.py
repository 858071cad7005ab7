"""The nightly comparison as a Prefect flow: the same steps as `parity nightly`, each a task.

Nothing is retried: jobs have retries of their own, and a comparison that fails is a finding.
"""

from __future__ import annotations

import os
import threading
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, runtime, task
from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_table_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.settings import PREFECT_API_URL
from prefect.states import Completed, Failed

from parity.exchange import Exchange
from parity.model.errors import ParityError, UsageError
from parity.model.result import JobOutcome, RunResult
from parity.model.suite import Suite
from parity.model.verdict import Verdict
from parity.nightly import Harness, Night, harness_of, read_suite
from parity.nightly.alerting import alert_after_night
from parity.nightly.pruning import prune_old_evidence
from parity.nightly.publishing import beside_of
from parity.plan.schedules import settle
from parity.report.headline import compared_rows
from parity.report.nights import night_link
from parity.report.terminal import render_night
from prefect_flows.blocks import alert_block
from prefect_flows.work.progress import Bar

__all__ = ["parity_nightly"]

# A night's objects hold connections and open files: they are handed on in memory, never stored.
STEP: dict[str, Any] = {"cache_policy": NO_CACHE, "persist_result": False}


class JobsProgress:
    """A bar in Prefect's UI of how many jobs have ended. Called in the jobs' threads."""

    def __init__(self, jobs: int) -> None:
        self._ended = 0
        self._lock = threading.Lock()
        self._bar = Bar("parity-jobs", f"Jobs that have ended, of {jobs}", jobs)

    def __call__(self, outcome: JobOutcome) -> None:
        """Count one more."""
        del outcome
        with self._lock:
            self._ended += 1
            self._bar.move(self._ended)


@task(name="run jobs", **STEP)
def run_jobs(night: Night) -> tuple[JobOutcome, ...]:
    """Run the jobs of both sides."""
    jobs = len(night.harness.suite.jobs)
    return night.jobs(os.environ, JobsProgress(jobs) if jobs else None)


@task(name="compare", **STEP)
def compare(night: Night, jobs: tuple[JobOutcome, ...]) -> RunResult:
    """Check, compare, explain, judge and store; test the harness itself with seeded faults."""
    with night.look(jobs) as findings:
        return night.conclude(findings, jobs, night.selftest())


@task(name="publish", **STEP)
def publish(night: Night, result: RunResult) -> Path:
    """Write the report; leave its link, its table of verdicts and its text as artifacts."""
    page = night.publish(result, os.environ)
    link = night.harness.suite.alerts.link
    create_link_artifact(
        key="parity-report",
        link=f"{link}/{night_link(result)}" if link else page.as_uri(),
        link_text=f"{result.session}: {result.verdict.value}",
        description=f"Parity of {result.migration} on {result.session}",
    )
    create_table_artifact(
        key="parity-verdict",
        table=[
            {
                "dataset": dataset.name,
                "verdict": dataset.verdict.value,
                "rows": compared_rows(dataset),
                "differing": dataset.rows.discrepancies,
                "waived": dataset.rows.waived,
                "incidents": len(dataset.incidents),
            }
            for dataset in result.datasets
        ],
        description=f"{result.session}: {result.verdict.value}",
    )
    store = night.harness.store
    nights, noise = store.nights(result.migration), store.noise(result.migration)
    text = render_night(result, beside=beside_of(night.harness, result, nights, noise))
    create_markdown_artifact(key="parity-night", markdown=f"```\n{text}\n```")
    return page


@task(name="alert", **STEP)
def tell(harness: Harness) -> None:
    """Tell whom the config names, once each; the night's result does not depend on it."""
    alert_after_night(
        harness, datetime.now(UTC), os.environ, get_run_logger().warning, block=alert_block
    )


@flow(name="parity_nightly")
def parity_nightly(
    session: date | None = None,
    config: str = "parity.yaml",
    as_of: datetime | None = None,
    sessions_only: bool = False,
) -> State[Any]:
    """Run both sides' jobs, compare what they wrote, publish the report, tell who is to be told.

    Args:
        session: the trading date; by default the newest one whose night is due.
        config: path of parity.yaml.
        as_of: what jobs take as now; by default the time at which the night is due.
        sessions_only: do nothing on a day that is no session of the exchange.

    Returns:
        Completed on a pass, and named NoSession where nothing was to be done; Failed, named Fail or
        Undecided, on anything else; Failed with one line where the night could not run.
    """
    try:
        if as_of is not None and as_of.tzinfo is None:
            raise UsageError(f"as_of {as_of.isoformat()} has no time zone")
        suite = read_suite(Path(config), os.environ)
        why = _no_session(suite, as_of) if sessions_only and session is None else ""
        if why:
            return Completed(name="NoSession", message=why)
        return _night(harness_of(suite, os.environ), session, as_of)
    except ParityError as error:
        return Failed(message=str(error))


def _night(harness: Harness, session: date | None, as_of: datetime | None) -> State[Any]:
    with harness.alone():
        night = Night.of(harness, session, as_of, datetime.now(UTC))
        jobs = run_jobs(night)
        result = compare(night, jobs)
        page = publish(night, result)
        prune_old_evidence(harness, datetime.now(UTC))
        # What a switch asked of Prefect while it was away.
        here = {**os.environ, "PREFECT_API_URL": PREFECT_API_URL.value() or ""}
        settle(harness, here, get_run_logger().info)
    tell(harness)
    waived = sum(dataset.rows.waived for dataset in result.datasets)
    agree = f"{len(result.datasets)} datasets agree"
    message = "; ".join(result.reasons) or (f"{agree}, {waived} rows waived" if waived else agree)
    if result.verdict is Verdict.PASS:
        return Completed(message=message)
    return Failed(name=result.verdict.value.title(), message=f"{message} (report: {page})")


def _no_session(suite: Suite, as_of: datetime | None) -> str:
    """Say why there is nothing to do; empty where the day is a session.

    The day is that for which the run was scheduled: a worker may begin it after midnight.
    """
    exchange = Exchange(suite.calendar)
    moment: datetime = as_of or runtime.flow_run.scheduled_start_time or datetime.now(UTC)
    day = moment.astimezone(exchange.zone).date()
    if exchange.between(day, day):
        return ""
    return f"{day} is no session of {suite.calendar}: nothing was run"
