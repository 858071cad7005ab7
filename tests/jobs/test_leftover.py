"""Jobs that outlived a harness that was killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from parity.jobs.leftover import clear_leftovers, forget, remember

# Starts a child in its own group, says its number, and waits to be told to go.
LEADER = (
    "import subprocess, sys\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'],\n"
    "    stdout=subprocess.DEVNULL)\n"
    "print(child.pid, flush=True)\nsys.stdin.read()\n"
)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 20
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(pid)


def test_what_a_job_started_is_ended_even_when_the_job_itself_has_gone(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LEADER],
        start_new_session=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as leader:  # fmt: skip
        assert leader.stdout is not None
        child = int(leader.stdout.readline())
        remember(tmp_path, "load", leader.pid)
    assert alive(child)
    clear_leftovers(tmp_path)
    assert gone(child)
    assert list(tmp_path.iterdir()) == []


def test_another_process_with_the_same_number_is_left_alone(tmp_path: Path) -> None:
    """The process is older than the job that the note is about, so it is none of it."""
    with subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True
    ) as other:
        try:
            started = psutil.Process(other.pid).create_time() + 3600
            note = {"pid": other.pid, "started": started}
            (tmp_path / "load.json").write_text(json.dumps(note), encoding="utf-8")
            clear_leftovers(tmp_path)
            assert alive(other.pid)
        finally:
            os.killpg(other.pid, signal.SIGKILL)


def test_a_note_cut_short_by_the_crash_is_dropped(tmp_path: Path) -> None:
    (tmp_path / "load.json").write_text('{"pid": 1', encoding="utf-8")
    clear_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == []
    forget(tmp_path, "load")
