"""Which rows a rollback has copied from the candidate into legacy."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from sqlalchemy import Connection, Text, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB, insert

from parity.store import tables

__all__ = ["copied_rows", "mark_copied"]

BATCH = 5_000


def mark_copied(
    connection: Connection,
    migration: str,
    operation: str,
    relation: str,
    keys: Iterable[str],
) -> None:
    """Notes rows, each by its key as JSON; one that is noted already stays as it is."""
    # As text: a number in a key may have more digits than Python's JSON keeps.
    key = cast(bindparam("text", type_=Text), JSONB)
    adding = insert(tables.copied_row).values(key=key).on_conflict_do_nothing()
    stream = iter(keys)
    while some := list(islice(stream, BATCH)):
        rows = [
            {"migration": migration, "rollback": operation, "relation": relation, "text": text}
            for text in some
        ]
        connection.execute(adding, rows)


def copied_rows(connection: Connection, migration: str, operation: str) -> dict[str, int]:
    """How many rows an operation has noted, by relation."""
    table = tables.copied_row
    wanted = (
        select(table.c.relation, func.count())
        .where(table.c.migration == migration, table.c.rollback == operation)
        .group_by(table.c.relation)
    )
    return dict(connection.execute(wanted).tuples().all())
