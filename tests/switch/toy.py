"""Two sides that hold other rows, and a view over them."""

from __future__ import annotations

from datetime import timedelta

import psycopg

from parity.database import Database
from parity.model.plan import Served
from parity.model.suite import Relation
from parity.model.verdict import Side
from parity.switch import Swapped, View, create_missing, resolve, swap

WRITERS = {"legacy": "legacy_writer", "prefect": "prefect_writer"}


def served(view: str, *, candidate: str | None = None, **more: object) -> Served:
    """A view of that name over a table of that name on each side."""
    return Served(
        view=view,
        legacy=Relation("legacy", view),
        candidate=Relation("prefect", candidate or view),
        **more,  # type: ignore[arg-type]
    )


def make(database: Database, schema: str, text: str) -> None:
    """Runs statements as the writer of a schema."""
    with database.connect_as(WRITERS[schema]) as connection:
        connection.execute(text.encode())


def both(database: Database, name: str, columns: str = "symbol text, price numeric(15,4)") -> None:
    """A table on each side; each row says whose it is."""
    make(database, "legacy", f"CREATE TABLE legacy.\"{name}\" ({columns}); "
         f"INSERT INTO legacy.\"{name}\" VALUES ('legacy', 1)")  # fmt: skip
    make(database, "prefect", f"CREATE TABLE prefect.\"{name}\" ({columns}); "
         f"INSERT INTO prefect.\"{name}\" VALUES ('candidate', 2)")  # fmt: skip


def resolved(database: Database, *wanted: Served) -> tuple[View, ...]:
    """The views with their columns."""
    with database.connect_as("parity_switch") as connection:
        return resolve(connection, wanted)


def serve(database: Database, *names: str) -> tuple[View, ...]:
    """Tables of those names on both sides, and views over legacy."""
    for name in names:
        both(database, name)
    views = resolved(database, *(served(name) for name in names))
    with database.connect_as("parity_switch") as connection:
        create_missing(connection, views, Side.LEGACY)
    return views


def move(
    database: Database,
    views: tuple[View, ...],
    to: Side,
    *,
    schema: str = "market",
    limit: float = 0.15,
    attempts: int = 40,
) -> Swapped:
    """Swaps without anything in the trail."""
    return swap(
        database, views, to, schema=schema, lock_timeout=timedelta(seconds=limit),
        attempts=attempts, within=lambda _connection: None,
    )  # fmt: skip


def read(database: Database, view: str, schema: str = "market") -> list[tuple[object, ...]]:
    """What a consumer reads."""
    with database.connect_as("parity_harness") as connection:
        return connection.execute(f'SELECT * FROM {schema}."{view}"'.encode()).fetchall()


def admin(database: Database) -> psycopg.Connection:
    """A superuser's connection."""
    return psycopg.connect(database.admin_url, autocommit=True)
