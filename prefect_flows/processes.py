"""Is a recorded process still that process? A pid alone does not tell: the system reuses it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

__all__ = ["end", "is_same", "spawn_detached", "start_token"]

# Children that this process started stay referenced, so that they can be reaped when they end.
_children: dict[int, subprocess.Popen[bytes]] = {}


def spawn_detached(command: list[str], *, environ: dict[str, str], log: Path) -> int:
    """Start a command in a session of its own and return its pid; output is appended to `log`."""
    with log.open("ab") as sink:
        child = subprocess.Popen(
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _children[child.pid] = child
    return child.pid


def start_token(pid: int) -> str | None:
    """Return a text that differs for two processes that had the same pid; None if it is gone."""
    if child := _children.get(pid):
        child.poll()
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            text = stat.read_text()
        except OSError:
            return None
        # The command's name stands in brackets and may hold spaces: count from the last bracket.
        state, *rest = text.rpartition(")")[2].split()
        return None if state in "ZX" else rest[18]
    answer = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() or None


def is_same(pid: int, token: str) -> bool:
    """Tell whether the process that had this token is alive."""
    return start_token(pid) == token


def end(pid: int, token: str, *, patience_seconds: float) -> bool:
    """End exactly that process: TERM, and KILL when it does not go in time.

    Returns:
        False when it was not there any more (or the pid belongs to another one by now).
    """
    if not is_same(pid, token):
        return False
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(pid, signal_number)
        deadline = time.monotonic() + patience_seconds
        while time.monotonic() < deadline:
            if not is_same(pid, token):
                return True
            time.sleep(0.05)
    return not is_same(pid, token)
