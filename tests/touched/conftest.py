"""A table of each side, its log, and snapshots of the reader."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import psycopg
import pytest

from parity.database import Database
from parity.model.suite import Relation
from parity.store import Store
from parity.touched import install, touched_since
from parity.touched.log import Touched

BARS = Relation("legacy", "bars")
Write = Callable[..., None]


@pytest.fixture
def logged(database: Database) -> Database:
    """A database with legacy.bars, whose log is on."""
    Store(database.engine_as("parity_harness")).migrate()
    write(
        database,
        "CREATE TABLE legacy.bars (symbol text, day date, close float8, UNIQUE (symbol, day))",
    )
    assert install(database.admin_url, BARS, "symbol", "day")
    return database


def write(
    database: Database, *statements: str, values: Sequence[Any] = (), role: str = "legacy_writer"
) -> None:
    """Statements of a writer, in one transaction."""
    with database.connect_as(role) as connection:
        for statement in statements:
            connection.execute(statement, values or None)


def snapshot(database: Database) -> str:
    """What a night would keep as the point up to which it has seen writes."""
    with database.connect_as("parity_harness") as connection:
        row = connection.execute("SELECT pg_current_snapshot()::text").fetchone()
    assert row is not None
    return str(row[0])


def since(database: Database, earlier: str, relation: Relation = BARS, **other: Any) -> Touched:
    """What the next night reads, in a transaction as its comparison has."""
    arguments: dict[str, Any] = {"symbol": "symbol", "time": "day"} | other
    with database.connect_as("parity_harness") as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        return touched_since(connection, relation, earlier, **arguments)
