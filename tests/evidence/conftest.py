"""A small migration with nights that are published and sealed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from parity.database import Database
from parity.evidence.finding import Verification
from parity.model.result import Discrepancy, JobOutcome, QualityCheck, RunResult
from parity.model.verdict import Side
from parity.nightly import Harness, Night, open_harness
from parity.plan.evidence import verify
from tests.store.build import dataset, pair, run

CONFIG = """version: 1
migration: toy
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
FIRST, SECOND = date(2005, 2, 28), date(2005, 3, 1)
AS_OF = datetime(2005, 3, 1, 20, tzinfo=ZoneInfo("America/New_York"))
CHECK = QualityCheck(
    dataset="prices", side=Side.LEGACY, expectation="not_null", column="close", success=True,
    unexpected=0, total=2,
)  # fmt: skip


@dataclass(frozen=True)
class Toy:
    """The migration, with what a test does to it."""

    harness: Harness
    database: Database

    @property
    def evidence(self) -> Path:
        return self.harness.suite.state / "evidence"

    def store(self, session: date, close: float = 1.0) -> RunResult:
        """Stores what a comparison found, with two differing rows."""
        rows: list[Discrepancy] = [pair("A", close, 2.0), pair("B", close, 3.0)]
        log = f"logs/{session}/old.log"
        job = JobOutcome(name="old", side=Side.LEGACY, exit_code=0, seconds=1.0, log=log)
        path = self.harness.suite.reports / log
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("done")
        compared = replace(dataset(rows, ("close",), name="prices"), quality=(CHECK,))
        found = replace(run(compared, session=session, migration="toy"), jobs=(job,))
        return self.harness.store.save(
            found, {"prices": rows}, config=self.harness.suite.config_hash, evidence=self.evidence
        )

    def night(self, session: date, close: float = 1.0) -> RunResult:
        """Stores, publishes and seals."""
        stored = self.store(session, close)
        Night(self.harness, session, AS_OF).publish(stored)
        return stored

    def execute(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Runs statements as the owner of the database, for whom no trigger fires."""
        with psycopg.connect(self.database.admin_url) as connection:
            connection.execute("SET session_replication_role = replica")
            cursor = connection.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def verify(self, head: str | None = None) -> Verification:
        return verify(self.harness, head)

    def found(self, head: str | None = None) -> list[str]:
        """Every finding as a line; a finding there is, is an exit code 1."""
        verification = self.verify(head)
        assert verification.exit_code == (1 if verification.findings else 0)
        return [str(finding) for finding in verification.findings]


@pytest.fixture
def make(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Toy]:
    """Opens the migration with a config and waivers."""
    monkeypatch.setenv("PARITY_DATABASE_URL", database.admin_url)

    def opened(config: str = CONFIG, waivers: str | None = None) -> Toy:
        (tmp_path / "parity.yaml").write_text(config, encoding="utf-8")
        if waivers is not None:
            (tmp_path / "waivers.yaml").write_text(waivers, encoding="utf-8")
        environ = {"PARITY_DATABASE_URL": database.admin_url}
        return Toy(open_harness(tmp_path / "parity.yaml", environ), database)

    return opened


@pytest.fixture
def toy(make: Callable[..., Toy]) -> Toy:
    return make()
