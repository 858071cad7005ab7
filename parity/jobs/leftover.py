"""Jobs that outlived a harness that was killed: remembered on disk, ended at the next start."""

from __future__ import annotations

import json
import os
import signal
from contextlib import suppress
from pathlib import Path

import psutil

__all__ = ["clear_leftovers", "forget", "remember"]


def remember(folder: Path, name: str, pid: int) -> None:
    """Notes a running job. Its start time tells it from a later process with the same id."""
    folder.mkdir(parents=True, exist_ok=True)
    with suppress(psutil.NoSuchProcess):
        note = {"pid": pid, "started": psutil.Process(pid).create_time()}
        (folder / f"{name}.json").write_text(json.dumps(note), encoding="utf-8")


def forget(folder: Path, name: str) -> None:
    """The job has ended."""
    (folder / f"{name}.json").unlink(missing_ok=True)


def clear_leftovers(folder: Path) -> None:
    """Ends the process groups of jobs that an earlier harness could not end itself."""
    for note in folder.glob("*.json"):
        try:
            data = json.loads(note.read_text(encoding="utf-8"))
            pid, started = int(data["pid"]), float(data["started"])
        except (ValueError, KeyError, TypeError):
            note.unlink(missing_ok=True)  # cut short by the crash: it names nobody
            continue
        if _is_still_its_group(pid, started):
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        note.unlink(missing_ok=True)


def _is_still_its_group(group: int, started: float) -> bool:
    """True while a process of the job lives, be it only one that the job started.

    The system gives a group's number to nobody else while the group has members, and all of
    them are younger than the job.
    """
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied, ProcessLookupError):
            if os.getpgid(process.pid) == group and process.create_time() >= started - 1.0:
                return True
    return False
