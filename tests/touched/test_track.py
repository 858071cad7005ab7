"""`parity track` as a user meets it: what it says, and how it ends."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from parity.database import Database
from tests.conftest import Inside
from tests.touched.conftest import write

pytestmark = pytest.mark.slow
Track = Callable[..., "subprocess.CompletedProcess[str]"]

CONFIG = """
version: 1
migration: toy
selftest_seconds: 0
datasets:
  - name: yahoo
    kind: table
    legacy: legacy.bars
    candidate: prefect.prices
    key: [symbol, day]
    symbol: symbol
    time: day
    rename: {day: session}
    window: {log: true}
  - name: polygon
    kind: table
    legacy: legacy.bars
    candidate: prefect.polygon
    key: [symbol, day]
    symbol: symbol
    time: day
"""


@pytest.fixture
def track(database: Database, tmp_path: Path, inside: Inside) -> Track:
    """Runs `parity track …` in a folder with a config; both sides' tables are there."""
    (tmp_path / "parity.yaml").write_text(CONFIG, encoding="utf-8")
    write(database, "CREATE TABLE legacy.bars (symbol text, day date)")
    for table in ("prices (symbol text, session date)", "polygon (symbol text, day date)"):
        write(database, f"CREATE TABLE prefect.{table}", role="prefect_writer")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return inside(
            "track", *arguments, folder=tmp_path,
            PARITY_DATABASE_URL=database.admin_url, COLUMNS="80",
        )  # fmt: skip

    return run


def said(ended: subprocess.CompletedProcess[str]) -> str:
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def test_on_status_off(track: Track, database: Database, tmp_path: Path) -> None:
    assert said(track("status")) == (
        "legacy     legacy.bars  off, 0 entries\n"
        "           legacy.bars has no triggers of the log for columns symbol and day\n"
        "candidate  prefect.prices  off, 0 entries\n"
        "           prefect.prices has no triggers of the log for columns symbol and session\n"
        "candidate  prefect.polygon  off, as the config says, 0 entries\n"
    )
    assert said(track("on")) == "legacy     legacy.bars  on\ncandidate  prefect.prices  on\n"
    assert said(track("on")) == (
        "legacy     legacy.bars  was on\ncandidate  prefect.prices  was on\n"
    )
    write(database, "INSERT INTO prefect.prices VALUES ('A', now())", role="prefect_writer")
    assert said(track("status")) == (
        "legacy     legacy.bars  on, 1 entry\n"
        "candidate  prefect.prices  on, 2 entries\n"
        "candidate  prefect.polygon  off, as the config says, 0 entries\n"
    )

    # The config no longer wants it; the triggers are still found and taken away.
    without = CONFIG.replace("    window: {log: true}\n", "")
    (tmp_path / "parity.yaml").write_text(without, encoding="utf-8")
    assert said(track("status")).splitlines()[0] == (
        "legacy     legacy.bars  on, though not in the config, 1 entry"
    )
    assert said(track("off")) == "legacy     legacy.bars  off\ncandidate  prefect.prices  off\n"
    assert said(track("off")) == ""
    assert said(track("status")).splitlines()[-1] == "No dataset has window.log in the config."

    ended = track("on")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        "parity: no dataset has a log: write window: {log: true} in the datasets of which parity "
        "should know what was written\n"
    )


def test_what_cannot_be_is_one_line_and_exit_2(
    track: Track, database: Database, tmp_path: Path
) -> None:
    write(database, "DROP TABLE prefect.prices", role="prefect_writer")
    ended = track("on")
    assert ended.returncode == 2
    assert ended.stdout == "legacy     legacy.bars  on\n"
    assert ended.stderr == (
        "parity: there is no table prefect.prices; run the job that makes it, then parity "
        "track on\n"
    )
    wants = "    window: {log: true}\n"
    other = CONFIG.split("  - name: polygon")[1].replace("day", "stamp")
    both = CONFIG.split("  - name: polygon")[0] + "  - name: polygon" + other + wants
    (tmp_path / "parity.yaml").write_text(both, encoding="utf-8")
    ended = track("on")
    assert ended.returncode == 2
    assert ended.stderr.startswith("parity: datasets yahoo and polygon both log legacy.bars, but")
