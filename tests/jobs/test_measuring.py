"""Jobs are measured by the operating system, whoever starts them and however they end."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from parity.jobs import run_jobs
from parity.model.result import JobOutcome
from parity.model.suite import Job
from parity.model.verdict import Side

MB = 2**20
BUSY = "import time\nend = time.process_time() + {seconds}\nwhile time.process_time() < end: pass\n"
HOLD = "held = b'x' * ({megabytes} * 2**20)\n"
# Asks the system itself, at the end: the high-water mark of this process, in kB.
OWN_PEAK = "print([line.split()[1] for line in open('/proc/self/status') if 'VmHWM' in line][0])\n"


def job(code: str, *, side: Side = Side.LEGACY, name: str = "job", timeout: float = 60) -> Job:
    command = ("{python}", "-c", code)
    return Job(name=name, side=side, command=command, timeout=timedelta(seconds=timeout))


def run(folder: Path, *jobs: Job, **variables: str) -> tuple[JobOutcome, ...]:
    moment = datetime(2024, 2, 29, 20, tzinfo=UTC)
    return run_jobs(
        jobs, session=date(2024, 2, 29), as_of=moment, root=folder, state=folder / "state",
        logs=folder / "logs", database_url=lambda role: f"postgresql://{role}@/",
        environ=os.environ | variables,
    )  # fmt: skip


def test_cpu_and_peak_memory_of_both_sides(tmp_path: Path) -> None:
    code = HOLD.format(megabytes=100) + "del held\n" + BUSY.format(seconds=0.5) + OWN_PEAK
    both = run(tmp_path, job(code, name="old"), job(code, name="new", side=Side.CANDIDATE))
    for outcome in both:
        assert outcome.ok
        assert outcome.cpu_seconds is not None
        assert outcome.peak_memory is not None
        assert 0.5 <= outcome.cpu_seconds < 2
        said = int((tmp_path / "logs" / outcome.log).read_text()) * 1024
        assert outcome.peak_memory == pytest.approx(said, abs=2 * MB)
        assert outcome.peak_memory > 100 * MB


def test_what_the_harness_holds_is_not_the_jobs(tmp_path: Path) -> None:
    """Linux gives a new process the peak of the one that started it."""
    held = b"x" * (400 * MB)
    (small,) = run(tmp_path, job("pass"))
    assert small.peak_memory is not None
    assert 0 < small.peak_memory < 100 * MB < len(held)


def test_children_that_a_job_waits_for_count(tmp_path: Path) -> None:
    child = HOLD.format(megabytes=150) + BUSY.format(seconds=0.5)
    code = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {child!r}], check=True)"
    (outcome,) = run(tmp_path, job(code))
    assert outcome.peak_memory is not None
    assert outcome.cpu_seconds is not None
    assert 150 * MB < outcome.peak_memory < 250 * MB
    assert 0.5 <= outcome.cpu_seconds < 2


def test_a_job_that_ran_out_of_time_is_measured(tmp_path: Path) -> None:
    code = HOLD.format(megabytes=100) + BUSY.format(seconds=60)
    (outcome,) = run(tmp_path, job(code, timeout=1.5))
    assert (outcome.exit_code, outcome.reason) == (None, "ended by its time limit of 1.5 s")
    assert outcome.peak_memory is not None
    assert outcome.cpu_seconds is not None
    assert outcome.peak_memory > 100 * MB
    assert 0 < outcome.cpu_seconds <= outcome.seconds


def test_a_job_that_a_signal_ended_is_measured(tmp_path: Path) -> None:
    code = HOLD.format(megabytes=100) + "import os\nos.kill(os.getpid(), 9)"
    (outcome,) = run(tmp_path, job(code))
    assert (outcome.exit_code, outcome.reason) == (-9, "ended by signal SIGKILL")
    assert outcome.peak_memory is not None
    assert outcome.peak_memory > 100 * MB


def test_a_job_that_cannot_start_says_why_and_has_no_figures(tmp_path: Path) -> None:
    absent = Job(name="job", side=Side.LEGACY, command=("./absent", "x"))
    (outcome,) = run(tmp_path, absent)
    assert outcome.reason == "cannot start ./absent: No such file or directory"
    assert (outcome.exit_code, outcome.cpu_seconds, outcome.peak_memory) == (None, None, None)
    (closed,) = run(tmp_path, Job(name="job", side=Side.LEGACY, command=(str(tmp_path),)))
    assert closed.reason == f"cannot start {tmp_path}: Permission denied"


def test_a_job_has_what_it_would_have_without_a_launcher(tmp_path: Path) -> None:
    """Environment, folder, both streams in one log in order, default signals, no more files."""
    code = (
        "import os, sys\n"
        "print(os.environ['WORD'], os.getcwd(), flush=True)\n"
        "print(sys.stdin.read() == '', file=sys.stderr, flush=True)\n"
        "print(os.getpgrp() == os.getsid(0) == os.getpid(), flush=True)\n"
    )
    (outcome,) = run(tmp_path, job(code), WORD="naïve = 'ünï'")
    lines = (tmp_path / "logs" / outcome.log).read_text().splitlines()
    assert lines == [f"naïve = 'ünï' {tmp_path}", "True", "True"]
    shell = ("sh", "-c", "ls /proc/self/fd | wc -l; kill -PIPE $$; echo alive")
    (outcome,) = run(tmp_path, Job(name="shell", side=Side.LEGACY, command=shell))
    # Standard input, output, error, and the folder that ls reads.
    assert (tmp_path / "logs" / outcome.log).read_text().split() == ["4"]
    assert outcome.reason == "ended by signal SIGPIPE"


@pytest.mark.slow
def test_an_interruption_ends_the_jobs_and_their_launchers(tmp_path: Path) -> None:
    sleep = "import subprocess, sys, time\nprint('up', flush=True)\ntime.sleep(600)\n"
    source = f"""
import signal, sys
from pathlib import Path
from parity.model.verdict import Side
from tests.jobs.test_measuring import job, run
def stop(*_): raise KeyboardInterrupt
signal.signal(signal.SIGTERM, stop)
run(Path({str(tmp_path)!r}), job({sleep!r}), job({sleep!r}, name="new", side=Side.CANDIDATE))
"""
    with subprocess.Popen(
        [sys.executable, "-c", source], cwd=Path(__file__).parents[2], stderr=subprocess.PIPE
    ) as harness:
        logs = [tmp_path / "logs" / f"{name}.log" for name in ("job", "new")]
        while not all(log.exists() and "up" in log.read_text() for log in logs):
            assert harness.poll() is None
        below = psutil.Process(harness.pid).children(recursive=True)
        assert len(below) == 4
        harness.terminate()
        assert harness.stderr is not None
        assert b"KeyboardInterrupt" in harness.stderr.read()
    gone, alive = psutil.wait_procs(below, timeout=20)
    assert len(gone) == 4, alive
