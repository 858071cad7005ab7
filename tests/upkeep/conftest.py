"""A small migration with stored nights, pages and evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import psycopg
import pytest

from parity.database import Database
from parity.model.result import Discrepancy, JobOutcome
from parity.model.verdict import Side
from parity.nightly import Harness, open_harness
from parity.nightly.night import EVIDENCE
from parity.nightly.publishing import publish_all
from tests.store.build import dataset, pair, run

CONFIG = """version: 1
migration: toy
flows:
  runs: prefect.flow_runs
  load_runs: {legacy: legacy.load_runs, candidate: prefect.load_runs}
jobs:
  - {name: old, side: legacy, command: ["{python}", old.py]}
datasets:
  - name: prices
    kind: table
    legacy: legacy.prices
    candidate: prefect.prices
    key: [symbol, day]
    time: day
"""

JOB = JobOutcome(name="old", side=Side.LEGACY, exit_code=0, seconds=1.0, log="old.log")
MakeHarness = Callable[..., Harness]


@pytest.fixture
def make(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeHarness:
    """Opens the harness of a config in a folder of its own."""
    monkeypatch.setenv("PARITY_DATABASE_URL", database.admin_url)

    def opened(config: str = CONFIG) -> Harness:
        (tmp_path / "parity.yaml").write_text(config, encoding="utf-8")
        return open_harness(tmp_path / "parity.yaml", {"PARITY_DATABASE_URL": database.admin_url})

    return opened


@pytest.fixture
def execute(database: Database) -> Callable[..., list[tuple[object, ...]]]:
    """Runs a statement as an administrator."""

    def run_one(statement: str, *values: object) -> list[tuple[object, ...]]:
        with psycopg.connect(database.admin_url) as connection:
            cursor = connection.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    return run_one


def night(harness: Harness, session: date, phase: str = "parallel_run", close: float = 1.0) -> str:
    """Stores a night with one differing row, as a comparison does; returns its run."""
    rows: list[Discrepancy] = [pair("A", close, 2.0)]
    result = replace(
        run(dataset(rows, ("close",), name="prices"), session=session, migration="toy"),
        phase=phase,
    )
    stored = harness.store.save(
        result, {"prices": rows}, config="c", evidence=harness.suite.state / EVIDENCE
    )
    return stored.run_id


def publish(harness: Harness, *sessions: date) -> None:
    """Publishes all stored nights; for some sessions the job has run and left its log."""
    publish_all(harness)
    for session in sessions:
        folder = harness.suite.reports / "logs" / session.isoformat()
        folder.mkdir(parents=True)
        (folder / "old.log").write_text("done")
        harness.store.record_jobs("toy", session, [JOB])
