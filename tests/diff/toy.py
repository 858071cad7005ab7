"""Two tables named T, one on each side, and a comparison of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg

from parity.diff import Comparison, DatasetDiff, compare
from parity.model.result import Discrepancy, RowState
from parity.model.suite import Dataset, Kind, Relation, Tolerance

AS_OF = datetime(2024, 3, 1, tzinfo=UTC)
SESSION = date(2024, 2, 29)
INF, NAN = float("inf"), float("nan")

Rows = Sequence[Sequence[Any]]
Found = tuple[DatasetDiff, list[Discrepancy]]


def make(connection: psycopg.Connection, schema: str, columns: str, rows: Rows) -> None:
    """A table T with these rows, in place of one that may be there."""
    connection.execute(f'DROP TABLE IF EXISTS {schema}."T"')
    connection.execute(f'CREATE TABLE {schema}."T" ({columns})')
    insert(connection, schema, rows)


def insert(connection: psycopg.Connection, schema: str, rows: Rows) -> None:
    """Rows into T, in one statement."""
    if rows:
        one = "(" + ", ".join(["%s"] * len(rows[0])) + ")"
        text = f'INSERT INTO {schema}."T" VALUES ' + ", ".join([one] * len(rows))
        connection.execute(text, [value for row in rows for value in row])


def dataset(key: tuple[str, ...] = ("k",), **changes: Any) -> Dataset:
    return Dataset(
        name="t",
        kind=Kind.TABLE,
        legacy=Relation("legacy", "T"),
        candidate=Relation("prefect", "T"),
        key=key,
        **changes,
    )


def run(connection: psycopg.Connection, wanted: Dataset) -> Found:
    found: list[Discrepancy] = []
    diff = compare(Comparison(connection, wanted, as_of=AS_OF), SESSION, found.append)
    return diff, found


def both(
    connection: psycopg.Connection, columns: str, legacy: Rows, candidate: Rows, **changes: Any
) -> Found:
    """Compares two tables of the same columns."""
    make(connection, "legacy", columns, legacy)
    make(connection, "prefect", columns, candidate)
    return run(connection, dataset(**changes))


def two(
    connection: psycopg.Connection, types: tuple[str, str], values: tuple[Any, Any], **changes: Any
) -> Found:
    """Compares one value v of a type on each side, under the key 1."""
    for schema, kind, value in zip(("legacy", "prefect"), types, values, strict=True):
        make(connection, schema, f"k int PRIMARY KEY, v {kind}", [(1, value)])
    return run(connection, dataset(**changes))


def tolerance(
    column: str, absolute: str = "0", relative: str = "0", within: timedelta = timedelta(0)
) -> dict[str, Any]:
    """The `tolerances` of a dataset with one tolerance."""
    allowed = Tolerance(abs=Decimal(absolute), rel=Decimal(relative), within=within)
    return {"tolerances": ((column, allowed),)}


def states(diff: DatasetDiff) -> dict[str, int]:
    """Rows by state."""
    counts = diff.rows.to_json()
    return {state.value: counts[state.value] for state in RowState}
