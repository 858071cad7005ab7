"""The command line as a user meets it: exit codes, streams, signals.

`process` is the real thing, a process of its own; `parity` is the same command in this one.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from parity.database import Database
from tests.conftest import Inside
from tests.nightly.toy import CONFIG, ROWS, script

pytestmark = pytest.mark.slow
Parity = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(autouse=True)
def migration(tmp_path: Path) -> None:
    """A small migration in the folder."""
    (tmp_path / "old.py").write_text(script("legacy", ROWS), encoding="utf-8")
    (tmp_path / "new.py").write_text(script("prefect", ROWS), encoding="utf-8")
    (tmp_path / "parity.yaml").write_text(CONFIG, encoding="utf-8")


@pytest.fixture
def parity(database: Database, tmp_path: Path, inside: Inside) -> Parity:
    """Runs `parity …` in the migration's folder."""

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return inside(*arguments, folder=tmp_path, **{**own(database), **variables})

    return run


@pytest.fixture
def process(database: Database, tmp_path: Path) -> Parity:
    """The same in a process of its own."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*arguments),
            cwd=tmp_path,
            env=environ(database),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from parity.cli import main; main()", *arguments]


def environ(database: Database) -> dict[str, str]:
    return os.environ | own(database)


def own(database: Database) -> dict[str, str]:
    """The variables that the command needs."""
    return {"PARITY_DATABASE_URL": database.admin_url, "COLUMNS": "80"}


SESSION = ("--session", "2024-02-29")


def test_a_night_passes_with_exit_0_and_its_json_alone_on_standard_output(
    process: Parity, parity: Parity, tmp_path: Path
) -> None:
    ended = process("nightly", *SESSION, "--json", "-")
    assert (ended.returncode, ended.stderr) == (0, "")
    published = tmp_path / "reports" / "parallel_run" / "2024-02-29" / "result.json"
    assert ended.stdout == published.read_text(encoding="utf-8")
    assert json.loads(ended.stdout)["verdict"] == "pass"

    status = parity("status")
    assert status.returncode == 0
    assert "2024-02-29" in status.stdout


def test_differences_end_with_1_and_fit_80_columns(parity: Parity, tmp_path: Path) -> None:
    changed = script("prefect", [("A", 7.0), *ROWS[1:]])
    (tmp_path / "new.py").write_text(changed, encoding="utf-8")
    ended = parity("nightly", *SESSION, "--json", "out.json")
    assert (ended.returncode, ended.stderr) == (1, "")
    assert "Report: reports/parallel_run/2024-02-29/index.html" in ended.stdout
    assert max(len(line) for line in ended.stdout.splitlines()) <= 80
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["verdict"] == "fail"
    again = parity("report", *SESSION)
    assert again.returncode == 1
    assert "Fail" in again.stdout


def test_a_comparison_says_what_is_new_gone_and_persisting_since_a_run(
    parity: Parity, database: Database, tmp_path: Path
) -> None:
    (tmp_path / "new.py").write_text(
        script("prefect", [("A", 7.0), ("B", 8.0), ROWS[2]]), encoding="utf-8"
    )
    first = json.loads(parity("nightly", *SESSION, "--json", "-").stdout)
    with psycopg.connect(database.admin_url) as connection:
        connection.execute("UPDATE prefect.prices SET price = 1 WHERE symbol = 'A'")
        connection.execute("UPDATE prefect.prices SET price = 9 WHERE symbol = 'B'")
        connection.execute("DELETE FROM prefect.prices WHERE symbol = '<script>'")
    ended = parity("compare", *SESSION, "--since", first["run_id"])
    assert (ended.returncode, ended.stderr) == (1, "")
    words = " ".join(ended.stdout.split())
    assert f"Since run {first['run_id']}: 1 new, 1 gone, 1 persisting (1 changed)" in words
    assert "new: <script> 2024-02-29" in words
    assert "gone: A 2024-02-29" in words
    assert "Report: reports/parallel_run/2024-02-29/index.html" in words
    assert max(len(line) for line in ended.stdout.splitlines()) <= 80

    again = parity("compare", *SESSION, "--since", first["run_id"], "--json", "-", "--full")
    assert (again.returncode, again.stderr) == (1, "")
    found = json.loads(again.stdout)
    assert list(found)[-1] == "since"
    assert {key: found["since"][0][key] for key in ("dataset", "new", "gone", "persisting")} == {
        "dataset": "prices", "new": 1, "gone": 1, "persisting": 1,
    }  # fmt: skip
    published = tmp_path / "reports" / "parallel_run" / "2024-02-29" / "result.json"
    del found["since"]
    assert found == json.loads(published.read_text(encoding="utf-8"))


def test_an_unknown_run_is_refused_before_anything_is_compared(parity: Parity) -> None:
    never = parity("compare", *SESSION, "--since", "nope")
    assert never.returncode == 2
    assert never.stderr.startswith("parity: --since nope: migration toy has no run yet")
    first = json.loads(parity("nightly", *SESSION, "--json", "-").stdout)
    ended = parity("compare", *SESSION, "--since", "nope")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == f"parity: run nope is not known; the newest are {first['run_id']}\n"


def test_a_process_that_could_not_run_ends_with_2_and_one_line(process: Parity) -> None:
    ended = process("nightly", "--session", "2024-02-30")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        "parity: Invalid value for '--session': '2024-02-30' is no date; write it as 2005-02-28 "
        "(see parity nightly --help)\n"
    )


def test_undecided_ends_with_2_and_one_line_on_standard_error(
    parity: Parity, tmp_path: Path
) -> None:
    (tmp_path / "old.py").write_text("raise SystemExit('no key')", encoding="utf-8")
    ended = parity("nightly", *SESSION)
    assert ended.returncode == 2
    assert ended.stderr == "parity: undecided: legacy job old failed: exit 1: no key\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nightly", "--session", "2024-02-30"), "'2024-02-30' is no date; write it as 2005-02-28"),
        (("nightly", "--session", "2024-03-02"), "2024-03-02 is no session of XNYS"),
        (("nightly", "--as-of", "2024-02-29T20:00"), "write a time with its offset"),
        (("report", "--session", "2024-02-28"), "no night of 2024-02-28 is stored"),
        (("nightly", "--config", "no.yaml"), "no.yaml"),
        (("compare", "--as-of", "1980-01-01T00:00:00+00:00"), "knows no session near 1979-12-31"),
        (("compare", *SESSION, "--json", "/no/such/dir/x"), "--json /no/such/dir/x: No such file"),
    ],
)
def test_bad_input_ends_with_2_and_says_how_to_mend_it(
    parity: Parity, arguments: tuple[str, ...], says: str
) -> None:
    ended = parity(*arguments)
    assert ended.returncode == 2
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr


def test_all_mistakes_of_a_config_are_told_at_once_with_their_lines(
    parity: Parity, tmp_path: Path
) -> None:
    bad = CONFIG.replace("side: legacy", "side: old").replace("key:", "keys:")
    (tmp_path / "parity.yaml").write_text(bad, encoding="utf-8")
    ended = parity("nightly", *SESSION)
    assert ended.returncode == 2
    assert "jobs[0].side" in ended.stderr
    assert "datasets[0].keys" in ended.stderr
    assert "line 6" in ended.stderr
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    "url",
    ["postgresql://nobody:s3cret@127.0.0.1:1/x", "mysql://nobody:s3cret@h/x", "s3cret nonsense"],
)
def test_a_wrong_database_url_is_told_without_its_password(parity: Parity, url: str) -> None:
    ended = parity("nightly", *SESSION, PARITY_DATABASE_URL=url)
    assert ended.returncode == 2
    assert "PARITY_DATABASE_URL" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert "s3cret" not in ended.stderr + ended.stdout


def test_what_nobody_foresaw_is_never_taken_for_a_difference(
    parity: Parity, tmp_path: Path
) -> None:
    (tmp_path / "reports").write_text("a file where a folder is wanted", encoding="utf-8")
    ended = parity("nightly", *SESSION)
    assert ended.returncode == 2
    assert ended.stderr.startswith("parity: ")
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_night_ends_its_jobs_and_stores_nothing(
    parity: Parity, database: Database, tmp_path: Path, number: signal.Signals
) -> None:
    marker = tmp_path / "started"
    endless = f"import pathlib, time; pathlib.Path({str(marker)!r}).touch(); time.sleep(600)"
    (tmp_path / "old.py").write_text(endless, encoding="utf-8")
    with subprocess.Popen(
        command("nightly", *SESSION), cwd=tmp_path, env=environ(database),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        _wait_for(marker)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.strip() == "parity: interrupted; nothing half-done was stored"
    with psycopg.connect(database.admin_url) as connection:
        assert connection.execute("SELECT count(*) FROM parity.run").fetchone() == (0,)
    assert list((tmp_path / ".parity" / "jobs").glob("*.json")) == []


def test_a_killed_night_leaves_no_job_running_after_the_next_one(
    parity: Parity, database: Database, tmp_path: Path
) -> None:
    marker = tmp_path / "started"
    endless = (
        "import os, pathlib, time\n"
        f"pathlib.Path({str(marker)!r}).write_text(str(os.getpid()))\ntime.sleep(600)"
    )
    (tmp_path / "old.py").write_text(endless, encoding="utf-8")
    with subprocess.Popen(
        command("nightly", *SESSION), cwd=tmp_path, env=environ(database),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        _wait_for(marker)
        process.kill()
    orphan = int(marker.read_text())
    os.kill(orphan, 0)  # it lives on: nobody could end it
    (tmp_path / "old.py").write_text(script("legacy", ROWS), encoding="utf-8")
    assert parity("nightly", *SESSION).returncode == 0
    with pytest.raises(ProcessLookupError):
        _until_gone(orphan)


def _wait_for(marker: Path) -> None:
    deadline = time.monotonic() + 60
    while not marker.exists():
        assert time.monotonic() < deadline, "the job did not start"
        time.sleep(0.05)
    time.sleep(0.2)


def _until_gone(pid: int) -> None:
    """Raises ProcessLookupError once the process is gone."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        os.kill(pid, 0)
        time.sleep(0.05)
