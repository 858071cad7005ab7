"""Jobs of a night that failed: told when they begin to, and when they end well again."""

from __future__ import annotations

from collections.abc import Mapping

from parity.alerts import short
from parity.model.alert import Alert, Changes, Trouble, TroubleKind
from parity.model.result import JobOutcome, RunResult
from parity.model.suite import Suite
from parity.nightly.alerting.saying import link_to, of_night, page_of

__all__ = ["job_changes"]

JOB = "job:"


def job_changes(suite: Suite, night: RunResult, open_ones: Mapping[str, Alert]) -> Changes:
    """What the jobs of a night change; `open_ones` are the open alerts by identity."""
    jobs = {JOB + job.name: job for job in night.jobs}
    closed: dict[str, str | None] = {}
    for identity in open_ones:
        if not identity.startswith(JOB):
            continue
        where, name = of_night(suite, night), identity.removeprefix(JOB)
        if identity not in jobs:
            closed[identity] = f"{where}: job {name} is no part of the night any more"
        elif jobs[identity].ok:
            closed[identity] = f"{where}: job {name} ended well again"
    opened = tuple(
        _failed(suite, night, identity, job)
        for identity, job in jobs.items()
        if not job.ok and identity not in open_ones
    )
    return Changes(opened=opened, closed=closed)


def _failed(suite: Suite, night: RunResult, identity: str, job: JobOutcome) -> Trouble:
    lines = (
        short(f"The {job.side.value} side's job {job.name}: {job.failure}"),
        "Look at its log, mend what is wrong, then run the night again:",
        f"parity nightly --session {night.session}",
    )
    return Trouble(
        identity=identity,
        kind=TroubleKind.JOB,
        title=f"{of_night(suite, night)}: job {job.name} failed",
        body="\n".join(lines),
        link=link_to(suite, job.log) if job.log else page_of(suite, night),
        session=night.session,
    )
