"""`parity maintain`, as it prints and ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from parity.cli.upkeep import ALL
from parity.model.errors import UsageError
from tests.upkeep.conftest import MakeHarness, night, publish

Execute = Callable[..., list[tuple[object, ...]]]
[MAINTAIN] = ALL


def maintain(folder: Path, command: str, *arguments: str) -> Result:
    config = ["--config", str(folder / "parity.yaml")]
    result = CliRunner().invoke(MAINTAIN, [command, *config, *arguments], standalone_mode=False)
    assert all(len(line) <= 80 for line in result.stdout.splitlines() if "/" not in line)
    return result


def test_each_says_what_it_did(
    make: MakeHarness, execute: Execute, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    execute(
        "SET ROLE legacy_writer; CREATE TABLE legacy.prices (symbol text, day date);"
        "INSERT INTO legacy.prices VALUES ('A', '2005-02-28'), ('A', '2005-03-01')"
    )
    harness = make()
    night(harness, date(2005, 2, 28))
    publish(harness, date(2005, 2, 28))
    execute("SELECT parity.append_trail('toy', 'phase', 'me', '{\"to\": \"cutover\"}')")
    as_of = ("--as-of", "2007-01-01T00:00:00-05:00")
    dry = maintain(tmp_path, "cleanup", "--dry-run", *as_of)
    assert (dry.return_value, dry.exception) == (0, None)
    assert dry.stdout.splitlines()[:6] == [
        "reports/parallel_run/2005-02-28",
        "reports/logs/2005-02-28",
        "session 2005-02-28",
        ".parity/evidence/toy.2005-02-28.1",
        "Would delete of toy",
        "1  pages",
    ]
    assert dry.stdout.splitlines()[-1] == "Phase cutover is in force: its evidence stays."
    done = maintain(tmp_path, "cleanup", *as_of, "--json", "-")
    counts = json.loads(done.stdout)["counts"]
    assert (counts["pages"], counts["runs"], counts["rows of prefect.load_runs"]) == (1, 1, 0)
    assert done.stderr.splitlines()[0] == "reports/parallel_run/2005-02-28"

    kept = maintain(tmp_path, "archive", "--first", "2005-03-01", "--folder", "a")
    assert kept.stdout.splitlines()[0] == "legacy.prices: 1 rows"
    assert kept.stdout.splitlines()[-1] == "a/toy-legacy-from-2005-03-01"
    again = maintain(tmp_path, "archive", "--first", "2005-03-01", "--folder", "a")
    assert "Archive toy-legacy-from-2005-03-01 is complete already" in again.stdout
    wrong = maintain(tmp_path, "archive", "--first", "2005-03-01", "--last", "2005-02-01")
    assert isinstance(wrong.exception, UsageError)


@pytest.mark.slow
def test_a_backup(make: MakeHarness, tmp_path: Path) -> None:
    night(make(), date(2005, 2, 28))
    done = maintain(tmp_path, "backup", "--json", str(tmp_path / "b.json"))
    assert (done.return_value, done.exception) == (0, None)
    content = json.loads((tmp_path / "b.json").read_bytes())
    assert content["counts"]["rows of schema legacy"] == 0
    assert Path(content["path"]).parent == tmp_path / ".parity" / "backups"
    assert Path(content["path"]).is_file()
