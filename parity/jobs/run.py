"""Runs the commands of both sides: no shell, a time limit, a log, and nothing left behind.

The jobs of one side run one after the other, as cron would run them, each whether or not the one
before it failed; the two sides run at the same time.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from parity.jobs.leftover import clear_leftovers, forget, remember
from parity.model.result import JobOutcome
from parity.model.suite import Job
from parity.model.verdict import Side

__all__ = ["run_jobs"]

GRACE = 5.0  # seconds between TERM and KILL
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

    started: list[subprocess.Popen[bytes]] = []
    interrupted = threading.Event()

    def side(which: Side) -> list[JobOutcome]:
        outcomes = []
        for job in (job for job in jobs if job.side is which):
            if interrupted.is_set():
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
            interrupted.set()
            for process in tuple(started):
                end_group(process)
            raise
    return tuple(found[job.name] for job in jobs)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a job runs, is remembered and logs."""

    root: Path
    running: Path
    log: Path


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
    processes: list[subprocess.Popen[bytes]],
) -> JobOutcome:
    started = time.monotonic()
    log = place.log
    exit_code: int | None = None
    with log.open("wb") as out:
        try:
            process = subprocess.Popen(
                command,
                cwd=place.root,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a group of its own, so that all of it can be ended
            )
        except OSError as error:
            reason = f"cannot start {command[0]}: {error.strerror}"
            return _outcome(job, None, started, log, reason)
        processes.append(process)
        remember(place.running, job.name, process.pid)
        try:
            exit_code = process.wait(job.timeout.total_seconds())
            reason = "" if exit_code == 0 else _why(exit_code, log)
        except subprocess.TimeoutExpired:
            reason = f"ended by its time limit of {job.timeout.total_seconds():g} s"
        finally:
            end_group(process)
            forget(place.running, job.name)
    return _outcome(job, exit_code, started, log, reason)


def _why(exit_code: int, log: Path) -> str:
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


def _outcome(job: Job, exit_code: int | None, started: float, log: Path, reason: str) -> JobOutcome:
    return JobOutcome(
        name=job.name,
        side=job.side,
        exit_code=exit_code,
        seconds=round(time.monotonic() - started, 3),
        log=log.name,
        reason=reason,
    )


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Ends what is left of a job's process group: TERM, then KILL after a while."""
    group = process.pid
    for signal_number, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, GRACE)):
        try:
            os.killpg(group, signal_number)
        except ProcessLookupError:
            return
        except PermissionError:
            pass  # on macOS a group of zombies says so
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            process.poll()  # reaps the leader, or its group would live on as a zombie
            try:
                os.killpg(group, 0)
            except ProcessLookupError:
                return
            time.sleep(0.02)
