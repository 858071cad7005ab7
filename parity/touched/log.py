"""Reading the log of touched segments, in the transaction of the comparison."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, tzinfo

import psycopg

from parity.model.errors import DatabaseError
from parity.model.suite import Relation
from parity.touched import queries
from parity.touched.columns import columns_of, locate, require_time
from parity.touched.install import altered, lacking
from parity.touched.spans import EVERYTHING, Span, beginning, span

__all__ = ["Touched", "entries", "gap", "prune", "spans_of", "touched_since"]

Touched = dict[str, list[Span]]


def touched_since(
    connection: psycopg.Connection,
    relation: Relation,
    snapshot: str,
    *,
    symbol: str,
    time: str,
    zone: tzinfo | None = None,
) -> Touched:
    """What this transaction sees of a table that an earlier snapshot did not.

    Transactions that were in progress then and have committed since are in it, those rolled back
    are not, and those in progress now will be in the next night's.

    Args:
        connection: in the transaction of the comparison (REPEATABLE READ), as parity_harness.
        relation: the table; its log should be on.
        snapshot: pg_current_snapshot() of the earlier transaction, as text.
        symbol: the table's column of symbols.
        time: its column of dates or timestamps.
        zone: for dates and bare timestamps, the zone in which they compare as instants; None
            where they compare as they are.

    Returns:
        Half-open spans by symbol, at most one a month. One that begins with the smallest date or
        datetime that Python has means all of the symbol, rows without a time among it. The key
        `EVERYTHING` means that anything may have been touched, which is also the answer where
        the log has a `gap`.

    Raises:
        DatabaseError: the snapshot is not one, or the log cannot be read.
    """
    try:
        if _gap(connection, relation, snapshot, symbol, time) is not None:
            return {EVERYTHING: [(beginning(_kind(connection, relation, time), zone), None)]}
        rows = connection.execute(queries.TOUCHED, _about(relation, snapshot)).fetchall()
        return spans_of(rows, _kind(connection, relation, time), zone)
    except psycopg.Error as error:
        raise _unread(relation, error) from error


def gap(
    connection: psycopg.Connection, relation: Relation, snapshot: str, symbol: str, time: str
) -> str | None:
    """Why the log cannot tell what was written since a snapshot, for a note; None where it can.

    Raises:
        DatabaseError: the snapshot is not one, or the log cannot be read.
    """
    try:
        return _gap(connection, relation, snapshot, symbol, time)
    except psycopg.Error as error:
        raise _unread(relation, error) from error


def prune(connection: psycopg.Connection, relation: Relation, snapshot: str) -> int:
    """Deletes the entries that a snapshot sees; the caller commits.

    Several datasets may read one table: pass the oldest snapshot that one of them still starts
    from. A reader with an older one is told that anything may have been touched.

    Returns:
        How many were deleted.

    Raises:
        DatabaseError: the snapshot is not one, or the log cannot be written.
    """
    about = _about(relation, snapshot)
    try:
        foreign = connection.execute(queries.FOREIGN, about).fetchone() != (False,)
        if foreign or connection.execute(queries.PRUNED, about).fetchone():
            return 0
        deleted = connection.execute(queries.PRUNE, about).rowcount
        connection.execute(queries.SET_PRUNED, about)
    except psycopg.Error as error:
        raise _unread(relation, error) from error
    return deleted


def entries(connection: psycopg.Connection, relation: Relation) -> int:
    """How many entries the log has of a table."""
    row = connection.execute(queries.ENTRIES, _about(relation, "")).fetchone()
    return row[0] if row else 0


def spans_of(
    rows: Iterable[tuple[str | None, datetime | None, datetime | None, bool]],
    kind: str,
    zone: tzinfo | None,
) -> Touched:
    """Rows of symbol, first, last and whether a bound is unknown, as spans by symbol."""
    found: Touched = defaultdict(list)
    for symbol, first, last, unknown in rows:
        one = span(None if unknown else first, last, kind, zone)
        found[EVERYTHING if symbol is None else symbol].append(one)
    return dict(found)


def _gap(
    connection: psycopg.Connection, relation: Relation, snapshot: str, symbol: str, time: str
) -> str | None:
    about = _about(relation, snapshot)
    missing = lacking(connection, relation, symbol, time)
    if missing is not None:
        return f"{missing}; run parity track on"
    if connection.execute(queries.FOREIGN, about).fetchone() != (False,):
        return "the earlier night was on another database server"
    if connection.execute(queries.PRUNED, about).fetchone():
        return f"the log of {relation} has been pruned since the earlier night"
    table = altered(connection, relation, snapshot)
    if table is not None:
        return (
            f"the triggers of the log on {table} were made, or switched off and on, since the "
            "earlier night"
        )
    return None


def _kind(connection: psycopg.Connection, relation: Relation, time: str) -> str:
    place = locate(connection, relation)
    if place is None:
        raise DatabaseError(f"there is no table {relation}")
    return require_time(relation, columns_of(connection, relation, place, [time])[0])


def _about(relation: Relation, snapshot: str) -> dict[str, str]:
    return {"schema": relation.schema, "table": relation.table, "snapshot": snapshot}


def _unread(relation: Relation, error: psycopg.Error) -> DatabaseError:
    first = (str(error).splitlines() or [type(error).__name__])[0]
    return DatabaseError(f"the log of {relation} (parity.touched) cannot be used: {first}")
