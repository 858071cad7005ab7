"""`parity noise` as a user meets it: exit codes, streams, 80 columns."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from parity.database import Database
from tests.conftest import Inside
from tests.noise.conftest import left_behind
from tests.noise.toy import CONFIG, JITTER

pytestmark = pytest.mark.slow
NOISE = ("noise", "--session", "2024-02-29")
COMMAND = [sys.executable, "-c", "from parity.cli import main; main()", *NOISE]
Parity = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def environ(database: Database, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "old.py").write_text(JITTER, encoding="utf-8")
    (tmp_path / "parity.yaml").write_text(CONFIG, encoding="utf-8")
    return {"PARITY_DATABASE_URL": database.admin_url, "COLUMNS": "80"}


@pytest.fixture
def parity(environ: dict[str, str], tmp_path: Path, inside: Inside) -> Parity:
    """Runs `parity noise` in this process."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return inside(*NOISE, *arguments, folder=tmp_path, **environ)

    return run


@pytest.fixture
def process(environ: dict[str, str], tmp_path: Path) -> Parity:
    """The same in a process of its own."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *arguments], cwd=tmp_path, env=os.environ | environ, capture_output=True,
            text=True, timeout=120, check=False,
        )  # fmt: skip

    return run


def test_one_sentence_and_a_table_in_80_columns(parity: Parity, tmp_path: Path) -> None:
    ended = parity("--json", "noise.json")
    assert ended.returncode == 0
    assert ended.stderr.splitlines() == [
        "parity: Copying legacy into a scratch database for the second run.",
        "parity: Running the legacy jobs.",
        "parity: Running them again in the scratch database.",
    ]
    lines = ended.stdout.splitlines()
    assert [line.split()[0] for line in lines[:2]] == ["old", "old"]
    assert lines[2] == "Legacy agrees with itself on 4 of 5 rows."
    assert [line.split() for line in lines[4:]] == [
        ["dataset", "column", "rows", "differing", "max", "abs", "max", "rel"],
        ["prices", "price", "3", "1", "0.2500", "0.249", "%"],
        ["2", "others", "3", "0", "—", "—"],
        ["names", "1", "column", "2", "0", "—", "—"],
    ]
    assert max(map(len, lines)) <= 80
    found = json.loads((tmp_path / "noise.json").read_text(encoding="utf-8"))
    assert (found["migration"], found["session"]) == ("jittery-toy", "2024-02-29")
    prices = found["datasets"][0]
    assert (prices["name"], prices["reason"], prices["rows"]["mismatched"]) == ("prices", None, 1)
    assert prices["columns"][0] == {
        "dataset": "prices", "column": "price", "session": "2024-02-29", "rows": 3,
        "differing": 1, "max_abs_delta": 0.25, "max_rel_delta": 0.25 / 100.25, "only_once": 0,
    }  # fmt: skip


def test_the_json_stands_alone_on_standard_output(process: Parity) -> None:
    ended = process("--json", "-")
    assert ended.returncode == 0
    assert len(json.loads(ended.stdout)["datasets"]) == 2


def test_a_second_run_that_fails_ends_with_2_and_one_line(
    parity: Parity, tmp_path: Path, database: Database
) -> None:
    failing = JITTER + "sys.exit('no feed' if second else 0)\n"
    (tmp_path / "old.py").write_text(failing, encoding="utf-8")
    ended = parity()
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[3:] == [
        "parity: legacy job old failed in its second run (exit 1: no feed), so nothing was "
        "measured; its log is logs/2024-02-29/noise/old.log in the reports folder"
    ]
    assert left_behind(database) == []


def test_what_was_not_measured_ends_with_2(parity: Parity, tmp_path: Path) -> None:
    config = CONFIG.replace("legacy: legacy.names", "legacy: legacy.nowhere")
    (tmp_path / "parity.yaml").write_text(config, encoding="utf-8")
    ended = parity()
    assert ended.returncode == 2
    assert "Legacy agrees with itself on 2 of 3 rows." in ended.stdout
    assert ended.stderr.splitlines()[-1] == (
        'parity: dataset names: not measured: relation "legacy.nowhere" does not exist'
    )


@pytest.mark.parametrize(("number", "left"), [(signal.SIGTERM, 0), (signal.SIGKILL, 1)])
def test_a_kill_leaves_nothing_that_the_next_one_does_not_take_away(
    environ: dict[str, str],
    parity: Parity,
    tmp_path: Path,
    database: Database,
    number: signal.Signals,
    left: int,
) -> None:
    waiting = (
        JITTER + "if second:\n    open('waits', 'w').close()\n    __import__('time').sleep(15)"
    )
    (tmp_path / "old.py").write_text(waiting, encoding="utf-8")
    process = subprocess.Popen(
        COMMAND, cwd=tmp_path, env=os.environ | environ, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not (tmp_path / "waits").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    process.wait(60)
    assert len(left_behind(database)) == left
    (tmp_path / "old.py").write_text(JITTER, encoding="utf-8")
    assert parity().returncode == 0
    assert left_behind(database) == []
