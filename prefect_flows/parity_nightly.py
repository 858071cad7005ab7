"""The nightly comparison as a Prefect flow: the same steps as `parity nightly`, each a task.

The only module of the flows that knows the harness. Nothing is retried: jobs have retries of
their own, and a comparison that fails is a finding.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_link_artifact, create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from parity.model.result import JobOutcome, RunResult
from parity.model.verdict import Verdict
from parity.nightly import Night, open_harness
from parity.report.terminal import render_night

__all__ = ["parity_nightly"]

# A night's objects hold connections and open files: they are handed on in memory, never stored.
STEP: dict[str, Any] = {"cache_policy": NO_CACHE, "persist_result": False}


@task(name="run jobs", **STEP)
def run_jobs(night: Night) -> tuple[JobOutcome, ...]:
    """Run the jobs of both sides."""
    return night.jobs(os.environ)


@task(name="compare", **STEP)
def compare(night: Night, jobs: tuple[JobOutcome, ...]) -> RunResult:
    """Check, compare, explain, judge and store; test the harness itself with seeded faults."""
    with night.look(jobs) as findings:
        return night.conclude(findings, jobs, night.selftest())


@task(name="publish", **STEP)
def publish(night: Night, result: RunResult) -> Path:
    """Write the report; leave a link to it and its text as artifacts."""
    page = night.publish(result)
    create_link_artifact(
        key="parity-report",
        link=page.as_uri(),
        link_text=f"{result.session}: {result.verdict.value}",
        description=f"Parity of {result.migration} on {result.session}",
    )
    store = night.harness.store
    text = render_night(
        result, nights=store.nights(result.migration), noise=store.noise(result.migration)
    )
    create_markdown_artifact(key="parity-night", markdown=f"```\n{text}\n```")
    return page


@flow(name="parity_nightly")
def parity_nightly(
    session: date | None = None, config: str = "parity.yaml", as_of: datetime | None = None
) -> State[Any]:
    """Run both sides' jobs, compare what they wrote, publish the report.

    Args:
        session: the trading date; by default the newest one whose night is due.
        config: path of parity.yaml.
        as_of: what jobs take as now; by default the time at which the night is due.

    Returns:
        Completed on a pass; Failed, named Fail or Undecided, on anything else.
    """
    harness = open_harness(Path(config), os.environ)
    with harness.alone():
        night = Night.of(harness, session, as_of, datetime.now(UTC))
        jobs = run_jobs(night)
        result = compare(night, jobs)
        page = publish(night, result)
    message = "; ".join(result.reasons) or f"{len(result.datasets)} datasets agree"
    if result.verdict is Verdict.PASS:
        return Completed(message=message)
    return Failed(name=result.verdict.value.title(), message=f"{message} (report: {page})")
