"""How the jobs of a night ended, and what is unusual about that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from urllib.parse import quote

from parity.model.result import JobOutcome, RunResult
from parity.report.view import JobView
from parity.report.words import ABSENT, memory_text, visible

__all__ = ["job_views", "slow"]

_NIGHTS = 20  # before this one that tell what is usual
_LEAST = 3  # of them that must have run a job
_FACTOR = 2.0
_LONG = "times as long as usual"
_SECONDS = 5.0  # less than that is no matter, whatever the factor


def job_views(result: RunResult, nights: Sequence[RunResult] | None) -> tuple[JobView, ...]:
    """One for each job; `nights` tell what it usually takes, None: nothing is said of that."""
    before = sorted(
        (night for night in nights or () if night.session < result.session),
        key=lambda night: night.session,
    )
    return tuple(_job(job, _usual(job, before[-_NIGHTS:])) for job in result.jobs)


def slow(jobs: Sequence[JobView]) -> int:
    """How many took far longer than usual."""
    return sum(job.unusual.endswith(_LONG) for job in jobs)


def _usual(job: JobOutcome, before: Sequence[RunResult]) -> float | None:
    """The median of the seconds it took where it ended well; None where too few nights tell."""
    taken = list(_seconds(job, before))
    return median(taken) if len(taken) >= _LEAST else None


def _seconds(job: JobOutcome, before: Sequence[RunResult]) -> Iterator[float]:
    for night in before:
        for one in night.jobs:
            if (one.name, one.side) == (job.name, job.side) and one.ok:
                yield one.seconds


def _unusual(job: JobOutcome, usual: float | None) -> str:
    """`3.4 times as long as usual`; empty where it is not, or nobody can tell."""
    if usual is None or not job.ok or abs(job.seconds - usual) < _SECONDS:
        return ""
    if job.seconds >= usual * _FACTOR:
        return f"{job.seconds / max(usual, 0.1):,.1f} {_LONG}"
    return "less than half as long as usual" if job.seconds * _FACTOR <= usual else ""


def _job(job: JobOutcome, usual: float | None) -> JobView:
    if job.exit_code is None:
        outcome = "did not finish"
    else:
        outcome = "ok" if job.ok else f"failed, exit {job.exit_code}"
    return JobView(
        name=visible(job.name),
        side=job.side.value,
        ok=job.ok,
        outcome=outcome,
        seconds=f"{job.seconds:,.1f}",
        seconds_sort=repr(job.seconds),
        usual=ABSENT if usual is None else f"{usual:,.1f}",
        usual_sort="" if usual is None else repr(usual),
        unusual=_unusual(job, usual),
        cpu=ABSENT if job.cpu_seconds is None else f"{job.cpu_seconds:,.1f}",
        cpu_sort=repr(job.cpu_seconds or 0.0),
        memory=memory_text(job.peak_memory),
        memory_sort=str(job.peak_memory or 0),
        reason=visible(job.reason),
        log=f"../../{quote(job.log)}" if job.log else "",
    )
