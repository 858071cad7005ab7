"""A migration in its last phase, and its clean-up: what is done, and what must hold afterwards.

For the crash matrix: `prepare` makes it, `act` does what `wanted` in the folder says (`quarantine`,
`undo` or `drop`), `check` says where it stands and fails where that is neither old nor new.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from parity.model.errors import ParityError
from parity.model.trail import TrailKind
from parity.nightly import Harness, open_harness
from parity.plan import quarantine as plan
from parity.plan.quarantining.archive import archived, folder_of

__all__ = ["NOW", "act", "check", "opened", "prepare", "want"]

NOW = datetime(2005, 3, 4, 1, 2, 3, tzinfo=UTC)  # still the 3rd in New York
NEW = "legacy_quarantined_20050303"
SCRATCH = "SELECT count(*) FROM pg_database WHERE datname ~ '^parity_backup_'"

CONFIG = """version: 1
migration: toy
flows:
  load_runs: {legacy: legacy.load_runs, candidate: prefect.load_runs}
jobs:
  - {name: old, side: legacy, command: ["{python}", scripts/old.py, "{session}"]}
  - {name: new, side: candidate, command: ["{python}", new.py]}
datasets:
  - name: prices
    kind: table
    legacy: legacy.prices
    candidate: prefect.prices
    key: [symbol, day]
cutover: {lock_timeout: 100ms, attempts: 2, quarantine: 30d}
"""

TABLES = """
SET ROLE legacy_writer;
CREATE TABLE legacy.prices (symbol text, day date, price float8, PRIMARY KEY (symbol, day));
INSERT INTO legacy.prices SELECT 'A', date '2005-01-01' + i, i / 7.0 FROM generate_series(1, 100) i;
CREATE TABLE legacy.load_runs (id bigint GENERATED ALWAYS AS IDENTITY, job text);
INSERT INTO legacy.load_runs (job) VALUES ('old'), ('old');
SET ROLE prefect_writer;
CREATE TABLE prefect.prices AS SELECT * FROM generate_series(1, 0) i, (SELECT 'A'::text AS symbol,
  date '2005-01-01' AS day, 1.0::float8 AS price) r;
SET ROLE parity_switch;
CREATE VIEW market.prices AS SELECT symbol, day, price FROM prefect.prices;
RESET ROLE;
"""


def opened(url: str, folder: Path) -> Harness:
    """The harness, as a command opens it."""
    return open_harness(folder / "parity.yaml", {"PARITY_DATABASE_URL": url})


def prepare(url: str, folder: Path) -> Harness:
    """Cut over long ago: the old schema is there, and nothing reads it any more."""
    (folder / "parity.yaml").write_text(CONFIG, encoding="utf-8")
    (folder / "scripts").mkdir()
    (folder / "scripts" / "old.py").write_text("", encoding="utf-8")
    harness = opened(url, folder)
    with psycopg.connect(url) as connection:
        connection.execute(TABLES.encode())
    harness.store.append_trail("toy", TrailKind.SWITCH, "anna", {"to": "candidate"})
    harness.store.append_trail("toy", TrailKind.PHASE, "anna", {"to": "cleanup"})
    return harness


def want(folder: Path, what: str) -> None:
    """What `act` shall do from now on."""
    (folder / "wanted").write_text(what, encoding="utf-8")


def act(url: str, folder: Path) -> int:
    """Does it, as the command does; returns its exit code."""
    what = (folder / "wanted").read_text(encoding="utf-8")
    try:
        harness = opened(url, folder)
        if what == "undo":
            plan.restore(harness, by="anna", now=NOW)
        elif what == "drop":
            later = NOW + timedelta(days=31)
            plan.drop(harness, "toy", by="anna", now=later, folder=None)
        else:
            plan.quarantine(harness, "toy", by="anna", now=NOW, folder=None, say=print)
    except (ParityError, psycopg.Error) as error:
        print(f"parity: {error}", file=sys.stderr)
        return 2
    return 0


def check(url: str, folder: Path) -> str:
    """`in use`, `quarantine` or `dropped`: rows are where they belong, and the trail says so."""
    harness = opened(url, folder)
    last = [
        entry.content["step"]
        for entry in harness.store.trail("toy", TrailKind.CLEANUP)
        if entry.content["step"] != "watched"
    ]
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'legacy%' ORDER BY 1"
        )
        found = [row[0] for row in rows]
        assert len(found) <= 1, found
        for schema in found:
            row = connection.execute(f"SELECT count(*) FROM {schema}.prices".encode()).fetchone()
            assert row == (100,)
    expected = {"legacy": "restored", NEW: "renamed", "": "dropped"}["".join(found)]
    assert (last[-1:] or ["restored"]) == [expected], (found, last)
    if expected != "restored":
        assert archived(folder_of(harness, None), ["legacy"]).rows == 102
    return {"restored": "in use", "renamed": "quarantine", "dropped": "dropped"}[expected]
