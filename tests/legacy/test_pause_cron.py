"""The lines of cron, paused and resumed: the guard that stands in `legacy/crontab` itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LEGACY = Path(__file__).parents[2] / "legacy"


def pause(what: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environ = {k: v for k, v in os.environ.items() if k != "PARITY_STATE"} | variables
    return subprocess.run(
        [sys.executable, str(LEGACY / "pause_cron.py"), what],
        cwd=folder, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip


def lines_that_run(folder: Path) -> int:
    """How many of the lines get to their script, as cron's shell would run them."""
    text = (LEGACY / "crontab").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.lstrip()[:1].isdigit()]
    (paused,) = (line for line in text.splitlines() if line.startswith("PAUSED="))
    ran = 0
    for line in lines:
        guard = line.split("cd $CHECKOUT && ", 1)[1].split(" && . $ENVIRONMENT", 1)[0]
        command = f"{paused}; {guard} && exit 7"
        ran += subprocess.run(["sh", "-c", command], cwd=folder, check=False).returncode == 7
    return ran


def test_paused_lines_do_nothing_until_they_are_resumed(tmp_path: Path) -> None:
    assert lines_that_run(tmp_path) == 3
    for _ in range(2):  # again is safe
        assert pause("pause", tmp_path).returncode == 0
        assert lines_that_run(tmp_path) == 0
    for _ in range(2):
        assert pause("resume", tmp_path).returncode == 0
        assert lines_that_run(tmp_path) == 3


def test_another_state_folder_has_a_file_of_its_own(tmp_path: Path) -> None:
    state = tmp_path / "demo"
    assert pause("pause", tmp_path, PARITY_STATE=str(state)).returncode == 0
    assert [entry.name for entry in state.iterdir()] == ["legacy-paused"]
    assert lines_that_run(tmp_path) == 3


def test_what_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / ".parity").write_text("a file")
    ended = pause("pause", tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "pause_cron.py: .parity/legacy-paused: File exists\n"
