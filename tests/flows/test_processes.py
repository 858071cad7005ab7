from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from prefect_flows import processes


def sleeper(tmp_path: Path) -> tuple[int, str]:
    pid = processes.spawn_detached(
        [sys.executable, "-c", "import time; time.sleep(60)"],
        environ=dict(os.environ),
        log=tmp_path / "log",
    )
    token = processes.start_token(pid)
    assert token is not None
    return pid, token


def test_a_process_is_known_by_its_start_and_ended(tmp_path: Path) -> None:
    pid, token = sleeper(tmp_path)

    assert processes.is_same(pid, token)
    assert processes.end(pid, token, patience_seconds=10)
    assert not processes.is_same(pid, token)
    assert processes.start_token(pid) is None


def test_another_process_with_the_same_pid_is_left_alone(tmp_path: Path) -> None:
    pid, token = sleeper(tmp_path)
    try:
        assert not processes.end(pid, "another start", patience_seconds=10)
        assert processes.is_same(pid, token)
    finally:
        processes.end(pid, token, patience_seconds=10)


def test_one_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('ready', flush=True); time.sleep(60)"
    )
    pid = processes.spawn_detached([sys.executable, "-c", code], environ=dict(os.environ), log=log)
    token = processes.start_token(pid)
    assert token is not None
    while "ready" not in log.read_text():
        time.sleep(0.02)

    assert processes.end(pid, token, patience_seconds=0.3)
    assert not processes.is_same(pid, token)
