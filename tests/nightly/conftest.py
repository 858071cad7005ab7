"""A small migration in a folder of its own: two scripts, two tables, one parity.yaml."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from parity.database import Database
from parity.nightly import Harness, Night, open_harness

SESSION = date(2024, 2, 29)
Migration = Callable[..., Night]

CONFIG = """
version: 1
migration: toy
jobs:
  - name: old
    side: legacy
    command: ["{python}", old.py, "{session}"]
    timeout: 20s
    env: {DATABASE_URL: "{database_url:legacy_writer}"}
  - name: new
    side: candidate
    command: ["{python}", new.py, "{session}"]
    timeout: 20s
    env: {DATABASE_URL: "{database_url:prefect_writer}"}
datasets:
  - name: prices
    kind: table
    legacy: legacy.prices
    candidate: prefect.prices
    key: [symbol, day]
    symbol: symbol
    time: day
    tolerance:
      price: {abs: 0.01, because: "a cent"}
"""

SCRIPT = """
import os, sys, psycopg
session, schema = sys.argv[1], {schema!r}
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {{schema}}.prices "
        "(symbol text, day date, price float8, PRIMARY KEY (symbol, day))"
    )
    for symbol, price in {rows!r}:
        connection.execute(
            f"INSERT INTO {{schema}}.prices VALUES (%s, %s, %s) "
            "ON CONFLICT (symbol, day) DO UPDATE SET price = EXCLUDED.price",
            [symbol, session, price],
        )
"""


def script(schema: str, rows: list[tuple[str, float | None]]) -> str:
    """A job that stores rows of the session."""
    return SCRIPT.format(schema=schema, rows=rows)


ROWS: list[tuple[str, float | None]] = [("A", 1.0), ("B", 2.0), ("<script>", 3.0)]


@pytest.fixture
def migration(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Migration:
    """Makes the night of a migration whose scripts, config and session may be chosen."""
    monkeypatch.setenv("PARITY_DATABASE_URL", database.admin_url)

    def make(
        *,
        old: str = script("legacy", ROWS),
        new: str = script("prefect", ROWS),
        config: str = CONFIG,
        session: date = SESSION,
    ) -> Night:
        (tmp_path / "old.py").write_text(old, encoding="utf-8")
        (tmp_path / "new.py").write_text(new, encoding="utf-8")
        (tmp_path / "parity.yaml").write_text(config, encoding="utf-8")
        return Night.of(harness(), session, None, datetime.now(UTC))

    def harness() -> Harness:
        return open_harness(tmp_path / "parity.yaml", {"PARITY_DATABASE_URL": database.admin_url})

    return make
