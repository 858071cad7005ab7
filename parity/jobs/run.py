"""Runs the commands of both sides: no shell, a time limit, a log, and nothing left behind.

The jobs of one side run one after the other, as cron would run them, each whether or not the one
before it failed; the two sides run at the same time. Both sides' jobs are measured alike.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from parity.jobs.leftover import clear_leftovers, forget, remember
from parity.jobs.measuring import Account, Measured
from parity.model.result import JobOutcome
from parity.model.suite import Job
from parity.model.verdict import Side

__all__ = ["run_jobs"]

Report = Callable[[JobOutcome], None]
DatabaseUrl = Callable[[str], str]


def run_jobs(
    jobs: Sequence[Job],
    *,
    session: date,
    as_of: datetime,
    root: Path,
    state: Path,
    logs: Path,
    database_url: DatabaseUrl,
    environ: Mapping[str, str],
    report: Report | None = None,
) -> tuple[JobOutcome, ...]:
    """Runs all jobs and says how each ended, in the order of the config.

    Args:
        jobs: what to run.
        session: the session of the night.
        as_of: what the jobs take as now.
        root: the folder they run in, that of parity.yaml.
        state: where running jobs are remembered, to end them after a crash of the harness.
        logs: the folder of the logs; outcomes name them by file name.
        database_url: the libpq URI of a role; handed to jobs in their environment only.
        environ: the environment that jobs inherit.
        report: called in a job's thread as it ends.
    """
    logs.mkdir(parents=True, exist_ok=True)
    running = state / "jobs"
    clear_leftovers(running)
    places = {"{python}": sys.executable, "{session}": session.isoformat()}
    places["{as_of}"] = as_of.isoformat()

    started = _Started()

    def side(which: Side) -> list[JobOutcome]:
        outcomes = []
        for job in (job for job in jobs if job.side is which):
            if started.interrupted:
                break
            command = [_fill(part, places) for part in job.command]
            env = {**environ, **{k: _with_urls(_fill(v, places), database_url) for k, v in job.env}}
            place = _Place(root=root, running=running, log=logs / f"{job.name}.log")
            outcome = _run(job, command, env, place, started)
            if report is not None:
                report(outcome)
            outcomes.append(outcome)
        return outcomes

    with ThreadPoolExecutor(max_workers=2) as pool:
        try:
            found = {job.name: job for done in pool.map(side, Side) for job in done}
        except BaseException:
            # Interrupted: the threads wait for their jobs, so the jobs must end first.
            pool.shutdown(wait=False, cancel_futures=True)
            started.end()
            raise
    return tuple(found[job.name] for job in jobs)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a job runs, is remembered and logs."""

    root: Path
    running: Path
    log: Path


class _Started:
    """The processes of one night, which an interruption ends: those that are and those to come."""

    def __init__(self) -> None:
        self.interrupted = False
        self._processes: list[Measured] = []
        self._lock = threading.Lock()

    def add(self, process: Measured) -> None:
        with self._lock:
            self._processes.append(process)
            late = self.interrupted
        if late:
            process.end()

    def end(self) -> None:
        with self._lock:
            self.interrupted = True
        for process in self._processes:
            process.end()


def _fill(text: str, places: Mapping[str, str]) -> str:
    for place, value in places.items():
        text = text.replace(place, value)
    return text


def _with_urls(text: str, database_url: DatabaseUrl) -> str:
    """Replaces `{database_url:ROLE}`; the config has checked that ROLE is known."""
    head, mark, rest = text.partition("{database_url:")
    if not mark:
        return text
    role, _, tail = rest.partition("}")
    return head + database_url(role) + _with_urls(tail, database_url)


def _run(
    job: Job,
    command: list[str],
    env: dict[str, str],
    place: _Place,
    processes: _Started,
) -> JobOutcome:
    started = time.monotonic()
    log = place.log
    in_time = False
    with log.open("wb") as out:
        try:
            process = Measured(command, folder=place.root, environ=env, log=out)
        except OSError as error:
            reason = f"cannot start {command[0]}: {error.strerror}"
            return _outcome(job, Account(), started, log, reason)
        processes.add(process)
        try:
            remember(place.running, job.name, process.pid)
            process.wait(job.timeout.total_seconds())
            in_time = True
        except subprocess.TimeoutExpired:
            pass
        finally:
            process.end()
            forget(place.running, job.name)
    account = process.account()
    if not in_time:
        reason = f"ended by its time limit of {job.timeout.total_seconds():g} s"
        return _outcome(job, replace(account, exit_code=None), started, log, reason)
    return _outcome(job, account, started, log, _why(account.exit_code, log))


def _why(exit_code: int | None, log: Path) -> str:
    if exit_code == 0:
        return ""
    if exit_code is None:
        return "its end was not seen"
    if exit_code < 0:
        return f"ended by signal {_signal_name(-exit_code)}"
    return _last_line(log)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # real-time signals have no name
        return str(number)


def _last_line(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4096))
        lines = file.read().decode("utf-8", "replace").replace("\0", "").split("\n")
    lines = [line.strip() for line in lines if line.strip()]
    return textwrap.shorten(lines[-1], 200, placeholder=" …") if lines else ""


def _outcome(job: Job, account: Account, started: float, log: Path, reason: str) -> JobOutcome:
    return JobOutcome(
        name=job.name,
        side=job.side,
        exit_code=account.exit_code,
        seconds=round(time.monotonic() - started, 3),
        log=log.name,
        reason=reason,
        cpu_seconds=account.cpu_seconds,
        peak_memory=account.peak_memory,
    )
