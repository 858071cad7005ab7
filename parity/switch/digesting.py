"""What views serve, as a number that two readers of the same rows agree on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from parity.model.verdict import Side
from parity.switch import queries
from parity.switch.view import MARKET, View

__all__ = ["Digest", "digest", "digest_relations", "one_snapshot"]


@dataclass(frozen=True, slots=True)
class Digest:
    """Rows, and a hash of them that does not depend on their order (two sums, as text)."""

    rows: int
    hash: str


def digest(
    connection: psycopg.Connection, views: Sequence[View], schema: str = MARKET
) -> dict[str, Digest]:
    """What each view serves, all in one snapshot.

    Args:
        connection: of a role that reads the views. In a transaction already, that one's snapshot
            counts.
        views: those to read; a drill's mark is left out.
        schema: where they are.
    """
    return _of_each(connection, views, lambda view: queries.digest_view(view, schema))


def digest_relations(
    connection: psycopg.Connection, views: Sequence[View], side: Side
) -> dict[str, Digest]:
    """What each view would serve of a side, read from the side itself."""
    return _of_each(connection, views, lambda view: queries.digest_side(view, side))


@contextmanager
def one_snapshot(connection: psycopg.Connection) -> Iterator[None]:
    """All that is read within is as of one moment."""
    begins = connection.info.transaction_status is TransactionStatus.IDLE
    with connection.transaction():
        if begins:
            connection.execute(queries.REPEATABLE)
        yield


def _of_each(
    connection: psycopg.Connection,
    views: Sequence[View],
    text: Callable[[View], sql.Composed],
) -> dict[str, Digest]:
    found = {}
    with one_snapshot(connection):
        connection.execute(queries.SAME_TEXT)
        for view in views:
            row = connection.execute(text(view)).fetchone()
            assert row is not None
            found[view.name] = Digest(row[0], f"{row[1]} {row[2]}")
    return found
