"""A comparison that is killed goes on in its own snapshot, or begins anew and says so."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from parity.database import Database
from tests.nightly.toy import CONFIG, SESSION

pytestmark = pytest.mark.slow

# Compares in small slices. With KILL_AFTER it ends like a power cut once so many are finished.
CHILD = """
import os, signal, sys
from datetime import UTC, date, datetime
from pathlib import Path
from parity.diff import layout
from parity.diff.journal import DatasetJournal
from parity.nightly import Night, examine, open_harness
from parity.report.publish import render_json

examine.check = lambda *_: ()  # importing Great Expectations takes most of the time
layout.SMALL, layout.SLICE, layout.PIECE = 0, 200, 50
finish, finished = DatasetJournal.finish, []

def counted(self, task, outcome):
    finish(self, task, outcome)
    finished.append(task.name)
    print("finished", task.name, file=sys.stderr)
    if len(finished) == int(os.environ.get("KILL_AFTER", "-1")):
        os.kill(os.getpid(), signal.SIGKILL)

DatasetJournal.finish = counted
harness = open_harness(Path(sys.argv[1]), os.environ)
night = Night.of(harness, date.fromisoformat(sys.argv[2]), None, datetime.now(UTC))
result = night.compare(say=lambda line: print("said", line, file=sys.stderr))
print(render_json(result))
"""


def compare(
    folder: Path, database: Database, *, kill_after: int | None = None
) -> tuple[int, dict[str, Any], list[str]]:
    """Exit code, result.json, and what was finished and said."""
    environ = {
        **os.environ,
        "PARITY_DATABASE_URL": database.admin_url,
        "PARITY_RESUME_ROWS": "0",
        **({"KILL_AFTER": str(kill_after)} if kill_after else {}),
    }
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(folder / "parity.yaml"), SESSION.isoformat()],
        capture_output=True,
        text=True,
        env=environ,
        timeout=120,
        check=False,
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith(("finished", "said"))]
    return done.returncode, json.loads(done.stdout or "{}"), lines


@pytest.fixture
def folder(tmp_path: Path, database: Database) -> Path:
    config, datasets = CONFIG.split("jobs:")[0], CONFIG.split("datasets:")[1]
    (tmp_path / "parity.yaml").write_text(f"{config}connections: 1\ndatasets:{datasets}")
    with psycopg.connect(database.admin_url) as connection:
        for schema in ("legacy", "prefect"):
            connection.execute(
                f'CREATE TABLE {schema}.prices (symbol text COLLATE "C", day date, price float8, '
                "PRIMARY KEY (symbol, day))"
            )
            connection.execute(
                f"INSERT INTO {schema}.prices SELECT 'S' || s, date '2024-02-29' - d, d "
                "FROM generate_series(1, 9) s, generate_series(0, 119) d"
            )
            connection.execute(f"GRANT SELECT ON {schema}.prices TO parity_harness")
        connection.execute("UPDATE prefect.prices SET price = price + 1 WHERE day = '2024-02-07'")
        connection.execute("DELETE FROM legacy.prices WHERE symbol = 'S7'")
        connection.execute("DELETE FROM prefect.prices WHERE symbol = 'S2' AND day > '2024-02-01'")
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE legacy.prices, prefect.prices")
    return tmp_path


def change(database: Database) -> None:
    """A writer goes on while the comparison lies dead."""
    with psycopg.connect(database.admin_url) as connection:
        connection.execute("UPDATE legacy.prices SET price = -1 WHERE day = '2024-02-28'")


def test_killed_after_the_first_and_the_last_slice_and_started_again_it_finds_the_same(
    folder: Path, database: Database
) -> None:
    code, expected, lines = compare(folder, database)
    assert code == 0
    assert expected["datasets"][0]["rows"] == {
        "legacy": 960, "candidate": 1052, "matched": 925, "mismatched": 7, "legacy_only": 28,
        "candidate_only": 120, "duplicate_key": 0, "null_key": 0, "waived": 0, "unsettled": 0,
    }  # fmt: skip
    total = len(lines)
    assert total >= 4
    for finished in (1, total - 1):
        code, _, _ = compare(folder, database, kill_after=finished)
        assert code == -signal.SIGKILL
        code, found, lines = compare(folder, database)
        assert code == 0
        assert found == expected
        assert lines[0] == "said An interrupted comparison goes on in its own snapshot."
        assert len(lines) == 1 + total - finished  # nothing is done twice, nothing is left out


def test_killed_twice_it_still_sees_the_first_snapshot(folder: Path, database: Database) -> None:
    _, expected, lines = compare(folder, database)
    assert compare(folder, database, kill_after=1)[0] == -signal.SIGKILL
    change(database)
    assert compare(folder, database, kill_after=1)[0] == -signal.SIGKILL
    code, found, again = compare(folder, database)
    assert (code, found) == (0, expected)
    assert len(again) == 1 + len(lines) - 2
    assert compare(folder, database)[1] != expected  # the next one sees the change


def test_when_the_snapshot_is_gone_it_begins_anew_and_says_why(
    folder: Path, database: Database
) -> None:
    _, before, lines = compare(folder, database)
    assert compare(folder, database, kill_after=2)[0] == -signal.SIGKILL
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE application_name = 'parity snapshot keeper'"
        ).fetchall()
    assert ended == [(True,)]
    change(database)
    code, found, again = compare(folder, database)
    assert code == 0
    assert again[0].startswith("said An interrupted comparison was begun anew: its snapshot is")
    assert len(again) == 1 + len(lines)
    rows = found["datasets"][0]["rows"]
    # Legacy prices of the 28th, but for S2 (missing in candidate) and S7 (missing in legacy).
    assert rows["mismatched"] == before["datasets"][0]["rows"]["mismatched"] + 7


def test_nothing_is_left_of_a_comparison_that_came_to_its_end(
    folder: Path, database: Database
) -> None:
    compare(folder, database)
    assert not (folder / ".parity" / "comparing" / "toy").exists()
    with psycopg.connect(database.admin_url) as connection:
        kept = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE '%keeper%'"
        ).fetchone()
    assert kept == (0,)
