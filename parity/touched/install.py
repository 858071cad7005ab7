"""Switching the log of a table on and off: four triggers, one function."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from parity.database.complaint import first_line
from parity.model.errors import DatabaseError
from parity.model.suite import Relation
from parity.touched import queries
from parity.touched.columns import Column, Place, columns_of, locate, require_time

__all__ = ["altered", "install", "installed", "lacking", "remove"]

NAMES = [queries.trigger_name(event) for event in queries.TRIGGERS]
NO_TABLE = {
    "v": "a view; log the table beneath it, or use a change column (window.changed)",
    "m": "a materialized view, which has no triggers; leave window.log out",
    "f": "a foreign table, whose triggers do not see the rows; leave window.log out",
}


def install(admin_url: str, relation: Relation, symbol: str, time: str) -> bool:
    """Logs from now on what is written to a table, directly or through any of its partitions.

    One transaction. It waits at most five seconds for a writer to end, since others queue
    behind it meanwhile. Everything written before counts as touched.

    Args:
        admin_url: libpq URI of a role that may take on `parity_harness` and has TRIGGER on the
            table; schema `parity` has been migrated.
        relation: the table.
        symbol: its column of symbols, of a built-in type.
        time: its column of dates or timestamps.

    Returns:
        False where it was on already, for these columns; then nothing has changed.

    Raises:
        DatabaseError: no such table or column, a view, a busy table, or a missing right.
    """
    with _changing(admin_url, relation, "on") as connection:
        connection.execute(queries.AS_HARNESS)
        connection.execute(queries.CREATE_FUNCTION)
        connection.execute(queries.AS_BEFORE)
        place = locate(connection, relation)
        if place is None:
            raise DatabaseError(
                f"there is no table {relation}; run the job that makes it, then parity track on"
            )
        tree = _tree(connection, place)
        _refuse(relation, [kind for _, kind in tree])
        arguments = _arguments(connection, relation, place, symbol, time)
        if _lacking(connection, place, arguments) is None:
            return False
        for table, _ in tree:
            for event in queries.TRIGGERS:
                connection.execute(queries.create_trigger(table, event, arguments))
        connection.execute(queries.AS_HARNESS)
        connection.execute(queries.MARK, _named(relation))
        return True


def remove(admin_url: str, relation: Relation) -> bool:
    """Ends the log of a table and deletes its entries; the mirror of `install`.

    Args:
        admin_url: libpq URI of a role that owns the table (or is a member of the owner).
        relation: the table; one that is gone has no triggers left, only entries.

    Returns:
        False where it was off already.

    Raises:
        DatabaseError: a busy table or a missing right.
    """
    with _changing(admin_url, relation, "off") as connection:
        place = locate(connection, relation)
        found = []
        if place is not None:
            present = {"oid": place.oid, "names": NAMES}
            found = connection.execute(queries.PRESENT, present).fetchall()
        for schema, table, name in found:
            connection.execute(queries.drop_trigger(Relation(schema, table), name))
        connection.execute(queries.AS_HARNESS)
        for statement in queries.FORGET:
            connection.execute(statement, _named(relation))
        return bool(found)


def installed(connection: psycopg.Connection, relation: Relation, symbol: str, time: str) -> bool:
    """True when the log is kept: for these columns, on the table and all of its partitions."""
    return lacking(connection, relation, symbol, time) is None


def lacking(
    connection: psycopg.Connection, relation: Relation, symbol: str, time: str
) -> str | None:
    """Why the log is not kept, or None where it is."""
    place = locate(connection, relation)
    if place is None:
        return f"there is no table {relation}"
    try:
        arguments = _arguments(connection, relation, place, symbol, time)
    except DatabaseError as error:
        return str(error)
    table = _lacking(connection, place, arguments)
    if table is None:
        return None
    return f"{table} has no triggers of the log for columns {symbol} and {time}"


def altered(connection: psycopg.Connection, relation: Relation, snapshot: str) -> str | None:
    """The table whose triggers were made, or switched off or on, since an earlier snapshot.

    Whoever wrote while they were off wrote unnoticed, even if they have been on again since long.
    """
    place = locate(connection, relation)
    if place is None:
        return None
    about = {"oid": place.oid, "names": NAMES, "snapshot": snapshot}
    row = connection.execute(queries.ALTERED, about).fetchone()
    return row[0] if row else None


def _lacking(
    connection: psycopg.Connection, place: Place, arguments: list[str]
) -> str | None:  # fmt: skip
    wanted = {"oid": place.oid, "names": NAMES, "arguments": arguments}
    row = connection.execute(queries.LACKING, wanted).fetchone()
    return row[0] if row else None


def _arguments(
    connection: psycopg.Connection, relation: Relation, place: Place, symbol: str, time: str
) -> list[str]:
    """What the triggers hand to the function; it says which is which."""
    if symbol == time:
        raise DatabaseError(f"{relation}: symbol and time are both column {symbol}; name two")
    symbols, times = columns_of(connection, relation, place, [symbol, time])
    kind = require_time(relation, times)
    _require_built_in(relation, symbols)
    for column in (symbols, times):
        if column.computed:
            raise DatabaseError(
                f"{relation}: column {column.name} is a virtual generated column, which triggers "
                "do not see; make it STORED, or leave window.log out"
            )
    return [
        relation.schema, relation.table, symbol, time, symbols.declared, times.declared, kind,
    ]  # fmt: skip


def _require_built_in(relation: Relation, column: Column) -> None:
    # Others may bring a cast to text of their own, which would run with the harness's rights.
    if column.schema != "pg_catalog":
        raise DatabaseError(
            f"{relation}: column {column.name} is {column.schema}.{column.type}; the log needs a "
            "built-in type, such as text, for symbols: change the column or leave window.log out"
        )


def _refuse(relation: Relation, kinds: list[str]) -> None:
    if kinds[0] in NO_TABLE:
        raise DatabaseError(f"{relation} is {NO_TABLE[kinds[0]]}")
    if "f" in kinds:
        raise DatabaseError(f"a partition of {relation} is {NO_TABLE['f']}")


def _tree(connection: psycopg.Connection, place: Place) -> list[tuple[Relation, str]]:
    """The relation, then its partitions of all levels, each with its kind."""
    rows = connection.execute(queries.TREE, {"oid": place.oid}).fetchall()
    return [(Relation(schema, table), kind) for schema, table, kind in rows]


def _named(relation: Relation) -> dict[str, str]:
    return {"schema": relation.schema, "table": relation.table}


@contextmanager
def _changing(admin_url: str, relation: Relation, what: str) -> Iterator[psycopg.Connection]:
    """One transaction, whose errors are told as what the user can do about them."""
    try:
        with psycopg.connect(admin_url) as connection:
            connection.execute(queries.LOCK_TIMEOUT)
            connection.execute(queries.LOCK_INSTALL)
            yield connection
    except psycopg.errors.LockNotAvailable:
        raise DatabaseError(
            f"{relation} is being written: no lock on it within 5 s; run parity track {what} "
            "again when no job writes it"
        ) from None
    except psycopg.errors.InsufficientPrivilege as error:
        right = "TRIGGER on it" if what == "on" else "to own it"
        raise DatabaseError(
            f"the log of {relation} cannot be switched {what}: {first_line(error)}; the "
            f"connecting role needs {right} and to be a member of parity_harness"
        ) from None
    except psycopg.Error as error:
        raise DatabaseError(
            f"the log of {relation} cannot be switched {what}: {first_line(error)}"
        ) from None
