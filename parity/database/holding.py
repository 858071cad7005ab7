"""Holds relations as they are while a snapshot is read.

A snapshot does not protect from TRUNCATE, from a table that is dropped and made again, or from a
materialized view that is refreshed: their old rows are gone for every snapshot. What does is the
lock that any reader takes, taken on all relations at the beginning, as pg_dump does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg

from parity.database import queries
from parity.model.suite import Relation

__all__ = ["PATIENCE", "hold", "hold_and_count", "storage"]

# A writer that waits for one of several connections holds up the others.
PATIENCE = 10.0  # seconds


def hold(connection: psycopg.Connection, relations: Sequence[Relation]) -> None:
    """Locks tables, and all that views read, until the transaction ends.

    It takes no snapshot: one that is taken afterwards is of tables that nobody rewrites any more.
    What is not there, not to be read or no table (a materialized view) is left out.

    Args:
        connection: in a transaction; a read-only one will do.
        relations: the tables and views.

    Raises:
        psycopg.OperationalError: a lock was not granted in time, or the connection is lost.
    """
    for relation in relations:
        with _or_without(connection):
            connection.execute(queries.lock_relation(relation.schema, relation.table))


def hold_and_count(connection: psycopg.Connection, relations: Sequence[Relation]) -> float:
    """Locks all that reading the relations reads, of whatever kind; takes a snapshot.

    Returns:
        About how many rows all of them have, as the planner thinks, which knows the sizes of
        partitions and of tables without statistics.

    Raises:
        psycopg.OperationalError: a lock was not granted in time, or the connection is lost.
    """
    rows = 0.0
    for relation in relations:
        with _or_without(connection):
            text = queries.rows_about(relation.schema, relation.table)
            row = connection.execute(text).fetchone()
            assert row is not None
            rows += float(row[0][0]["Plan"]["Plan Rows"])
    return rows


def storage(connection: psycopg.Connection, relations: Sequence[Relation]) -> dict[str, str]:
    """Which files stand behind relations, by name; another answer later: rows may be gone.

    Args:
        connection: one that sees what has been committed, such as one in autocommit.
        relations: the tables and views; partitions and what views read are in the answer.
    """
    names = [one.schema for one in relations], [one.table for one in relations]
    return dict(connection.execute(queries.STORAGE, names).fetchall())


@contextmanager
def _or_without(connection: psycopg.Connection) -> Iterator[None]:
    """A savepoint. What cannot be read is told by its comparison."""
    try:
        with connection.transaction():
            yield
    except psycopg.OperationalError:
        raise
    except psycopg.Error:
        pass
