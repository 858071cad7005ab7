"""The views as they stand in the catalog."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from datetime import timedelta

import psycopg
from psycopg import sql

from parity.database import Database, Role
from parity.database.complaint import first_line
from parity.model.errors import DatabaseError
from parity.model.suite import Relation
from parity.model.verdict import Side
from parity.switch import queries
from parity.switch.resolving import PATIENCE
from parity.switch.view import GATE, MARKET, View, in_order

__all__ = [
    "BRIEFLY",
    "create_missing",
    "drop",
    "keep_still",
    "layered",
    "make_anew",
    "making",
    "making_views",
    "names_of",
    "remove",
    "side_of",
    "there",
]

BRIEFLY = timedelta(milliseconds=500)


def keep_still(
    connection: psycopg.Connection, schema: str = MARKET, patience: timedelta = PATIENCE
) -> None:
    """Until the transaction ends nobody moves the views of a schema.

    Raises:
        psycopg.errors.LockNotAvailable: somebody is at it and does not end.
    """
    connection.execute(queries.lock_timeout(patience))
    connection.execute(queries.ONE_SWITCH, [schema])


def create_missing(
    connection: psycopg.Connection, views: Sequence[View], side: Side, schema: str = MARKET
) -> list[str]:
    """Makes the views that are not there; never touches one that is, nor the gate.

    So readers of the others notice nothing: to make the gate again would wait for them, and keep
    those out that come meanwhile.

    Args:
        connection: of role `parity_switch`.
        views: with their columns.
        side: what they shall read.
        schema: where they are.

    Returns:
        The names of those that were made.

    Raises:
        DatabaseError: one cannot be made; then none is.
    """
    with connection.transaction():
        reads = _reads(connection, views, schema)
        missing = [view for view in in_order(views) if view.name not in reads]
        try:
            if missing:
                connection.execute(queries.lock_timeout(_briefly(connection)))
            if missing and GATE not in reads:
                connection.execute(queries.make_gate(schema))
            for text in making_views(missing, side, schema):
                connection.execute(text)
        except psycopg.Error as error:
            names = ", ".join(f"{schema}.{view.name}" for view in missing)
            raise DatabaseError(f"{names} cannot be made: {first_line(error)}") from None
    return [view.name for view in missing]


def making(
    views: Sequence[View], side: Side, schema: str, layered: Container[str] = ()
) -> Iterator[sql.Composed]:
    """The statements that make views read a side, in the order in which they wait for readers.

    Args:
        views: in order.
        side: what they shall read.
        schema: where they are.
        layered: names of those that are there with the gate between, and stay as they are.
    """
    yield queries.make_gate(schema)
    yield from making_views(views, side, schema, layered)


def making_views(
    views: Sequence[View],
    side: Side,
    schema: str,
    layered: Container[str] = (),
    gate: str = GATE,
) -> Iterator[sql.Composed]:
    """The same without the gate, which is there already."""
    for view in views:
        yield queries.make_now(view, side, schema)
    for view in views:
        if view.name not in layered:
            yield queries.make_served(view, schema, replace=True, gate=gate)


def _briefly(connection: psycopg.Connection) -> timedelta:
    """So short a wait that PostgreSQL never looks for a deadlock, and ends a reader for it."""
    row = connection.execute(queries.DEADLOCK_TIMEOUT).fetchone()
    assert row is not None
    return min(BRIEFLY, timedelta(seconds=row[0] / 2))


def make_anew(database: Database, views: Sequence[View], side: Side, schema: str) -> None:
    """Drops the views of a schema for drills, with all that is built on them, and makes them.

    Raises:
        DatabaseError: one cannot be made.
    """
    with database.connect_as(Role.PARITY_SWITCH) as connection:
        try:
            keep_still(connection, schema)
            drop(connection, views, schema)
        except psycopg.Error as error:
            raise DatabaseError(
                f"the views of schema {schema} cannot be dropped: {first_line(error)}"
            ) from None
        create_missing(connection, views, side, schema)


def remove(database: Database, views: Sequence[View], schema: str) -> None:
    """Drops the views of a schema for drills, unless somebody reads them; nobody minds them."""
    with database.connect_as(Role.PARITY_SWITCH) as connection:
        try:
            with connection.transaction():
                connection.execute(queries.lock_timeout(BRIEFLY))
                drop(connection, views, schema)
        except psycopg.errors.LockNotAvailable:
            pass


def drop(connection: psycopg.Connection, views: Sequence[View], schema: str) -> None:
    """Drops the views of a schema for drills, with all that is built on them."""
    for name in names_of(in_order(views)):
        connection.execute(queries.drop_view(name, schema))


def side_of(
    connection: psycopg.Connection, views: Sequence[View], schema: str = MARKET
) -> Side | None:
    """The side that views read, from what the catalog says they depend on.

    Args:
        connection: of any role.
        views: those to look at; ones that are not there are left out.
        schema: where they are.

    Returns:
        The side; None where none of the views is there.

    Raises:
        DatabaseError: the views read neither side, or both, or one is no view.
    """
    known = there(connection, views, schema)
    sides = {
        view.name: _side(view, known[view.name], schema) for view in views if view.name in known
    }
    if len(set(sides.values())) > 1:
        told = ", ".join(f"{name} reads {side}" for name, side in sorted(sides.items()))
        raise DatabaseError(f"the views of schema {schema} read both sides: {told}")
    return next(iter(sides.values()), None)


def there(
    connection: psycopg.Connection, views: Sequence[View], schema: str
) -> dict[str, list[Relation]]:
    """Of the views that are there, what each reads.

    Raises:
        DatabaseError: something else has the name of one.
    """
    reads = _reads(connection, views, schema)
    found = {}
    for view in views:
        if view.name in reads:
            below = Relation(schema, view.now)
            direct = reads[view.name] - {below, Relation(schema, GATE)}
            through = reads.get(view.now, set()) if below in reads[view.name] else set()
            found[view.name] = sorted(direct | through, key=str)
    return found


def layered(connection: psycopg.Connection, views: Sequence[View], schema: str) -> frozenset[str]:
    """Names of the views that are there with the gate between."""
    reads = _reads(connection, views, schema)
    return frozenset(
        view.name
        for view in views
        if {Relation(schema, GATE), Relation(schema, view.now)} <= reads.get(view.name, set())
    )


def _reads(
    connection: psycopg.Connection, views: Sequence[View], schema: str
) -> dict[str, set[Relation]]:
    """What each of the views that are there reads itself."""
    found: dict[str, set[Relation]] = {}
    for name, kind, of_schema, relation in connection.execute(
        queries.READS, [schema, names_of(views)]
    ):
        if kind != "v":
            raise DatabaseError(
                f"{schema}.{name} is there, but it is no view; give it another name"
            )
        reads = found.setdefault(name, set())
        if relation is not None:
            reads.add(Relation(of_schema, relation))
    return found


def names_of(views: Sequence[View]) -> list[str]:
    """Of the views, of those below them, and of the gate."""
    return [name for view in views for name in (view.name, view.now)] + [GATE]


def _side(view: View, reads: Sequence[Relation], schema: str) -> Side:
    sides = [side for side in Side if view.served.relation(side) in reads]
    if len(sides) == 1:
        return sides[0]
    what = ", ".join(map(str, reads)) or "no table"
    raise DatabaseError(
        f"{schema}.{view.name} reads {what}: {'both sides' if sides else 'neither side'}, "
        f"which are {view.served.legacy} and {view.served.candidate}"
    )
