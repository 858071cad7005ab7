"""COPY into a staging table, one merge out of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import Connection, sql

__all__ = ["Target", "merge"]


class Target:
    """A table, its staging table (`…_staging`, with a column `batch` more) and its columns.

    Its statements are made once, as bytes: to compose one takes longer than to merge a few rows.

    Args:
        table: Name in schema `prefect`.
        columns: Of a row, the key first.
        types: Their PostgreSQL types.
        key_size: How many of them are the key.
    """

    def __init__(
        self, table: str, columns: Sequence[str], types: Sequence[str], *, key_size: int
    ) -> None:
        self.types = ("uuid", *types)
        names = [sql.Identifier(name) for name in columns]
        staging = sql.Identifier("prefect", f"{table}_staging")
        self.copy = _COPY.format(staging=staging, columns=_commas(names)).as_bytes(None)
        self.clear = sql.SQL("DELETE FROM {} WHERE batch = %s").format(staging).as_bytes(None)
        self.merge = _merge(table, staging, names, names[:key_size])
        # The newest staged row of each symbol, for a table that holds one row a symbol.
        self._newest = sql.SQL(
            "(SELECT DISTINCT ON ({first}) * FROM {staging} WHERE batch = %(batch)s "
            "ORDER BY {first}, {second} DESC) AS newest"
        ).format(first=names[0], second=names[min(1, len(names) - 1)], staging=staging)
        self._names = names

    def newest_into(self, table: str) -> bytes:
        """The merge of each symbol's newest staged row into a table keyed by symbol alone."""
        guard = sql.SQL(" AND stored.{0} <= excluded.{0}").format(self._names[1])
        return _merge(table, self._newest, self._names, self._names[:1], guard=guard)


def merge(
    connection: Connection,
    target: Target,
    rows: Iterable[Sequence[Any]],
    *beside: bytes,
) -> int:
    """Write rows; those stored already are replaced where they differ.

    Args:
        connection: In a transaction.
        target: Where they go.
        rows: In the order of the target's columns; each key once.
        beside: More statements to run on the staged rows, such as `Target.newest_into`.

    Returns:
        How many rows there were, unchanged ones included.
    """
    batch = uuid.uuid4()
    count = 0
    with connection.cursor() as cursor:
        with cursor.copy(target.copy) as copy:
            copy.set_types(target.types)
            for row in rows:
                copy.write_row((batch, *row))
                count += 1
        for statement in (target.merge, *beside):
            cursor.execute(statement, {"batch": batch})
        cursor.execute(target.clear, [batch])
    return count


_COPY = sql.SQL("COPY {staging} (batch, {columns}) FROM STDIN (FORMAT BINARY)")
# In the order of the key: two writers of the same rows then never wait for each other in a circle.
_MERGE = sql.SQL(
    "INSERT INTO {table} AS stored ({columns}) "
    "SELECT {columns} FROM {source} WHERE batch = %(batch)s ORDER BY {key} "
    "ON CONFLICT ({key}) DO UPDATE SET {changes} "
    "WHERE ({old}) IS DISTINCT FROM ({new}){guard}"
)


def _merge(
    table: str,
    source: sql.Composable,
    names: Sequence[sql.Identifier],
    key: Sequence[sql.Identifier],
    *,
    guard: sql.Composable = sql.SQL(""),  # noqa: B008  # immutable
) -> bytes:
    values = [name for name in names if name not in key]
    return _MERGE.format(
        table=sql.Identifier("prefect", table),
        columns=_commas(names),
        source=source,
        key=_commas(key),
        changes=_commas([sql.SQL("{0} = excluded.{0}").format(name) for name in values]),
        old=_commas([sql.SQL("stored.{}").format(name) for name in values]),
        new=_commas([sql.SQL("excluded.{}").format(name) for name in values]),
        guard=guard,
    ).as_bytes(None)


def _commas(parts: Sequence[sql.Composable]) -> sql.Composed:
    return sql.SQL(", ").join(parts)
