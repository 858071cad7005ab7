"""Which columns a view has, and that both sides can serve them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import psycopg

from parity.database.complaint import first_line
from parity.model.errors import DatabaseError
from parity.model.plan import Served
from parity.model.verdict import Side
from parity.switch import queries
from parity.switch.view import GATE, MARKET, NOW, View

__all__ = ["PATIENCE", "NoRelationError", "resolve", "resolve_as_served", "shown"]

PATIENCE = timedelta(seconds=5)  # for a table that somebody has locked

Columns = dict[str, tuple[str, bool, str | None]]


class NoRelationError(DatabaseError):
    """A side has nothing that a view could read."""

    def __init__(self, served: Served, side: Side) -> None:
        self.relation = served.relation(side)
        super().__init__(f"view {served.view}: the {side} side has no {self.relation}")


def resolve(connection: psycopg.Connection, served: Sequence[Served]) -> tuple[View, ...]:
    """The views with explicit, typed columns: those of the config, or all that both sides have.

    Derived columns are in the order of the legacy side and have its types, so that a view is the
    same to its readers whichever side it reads.

    Args:
        connection: of a role that reads both sides.
        served: the views as the config has them.

    Raises:
        DatabaseError: a side cannot serve a view; view, side and column are named.
    """
    with connection.transaction():
        connection.execute(queries.lock_timeout(PATIENCE))
        return tuple(_resolve(connection, one) for one in served)


def resolve_as_served(
    connection: psycopg.Connection, served: Sequence[Served], schema: str = MARKET
) -> tuple[View, ...]:
    """The same, but a view that is there keeps the columns it has, if the config names none.

    A column that both sides have gained since would be a change that readers with prepared
    statements run into; they get it when the view is made anew.

    Raises:
        DatabaseError: as `resolve`.
    """
    with connection.transaction():
        there = {one.view: shown(connection, schema, one.view) for one in served}
    frozen = [replace(one, columns=one.columns or there[one.view]) for one in served]
    views = resolve(connection, frozen)
    return tuple(View(one, view.columns) for one, view in zip(served, views, strict=True))


def _resolve(connection: psycopg.Connection, served: Served) -> View:
    if served.legacy == served.candidate:
        raise DatabaseError(f"view {served.view}: both sides are {served.legacy}")
    if served.view == GATE or served.view.startswith(NOW):
        raise DatabaseError(f"view {served.view}: names like this are parity's own; choose another")
    sides = {side: _columns(connection, served, side) for side in Side}
    columns = served.columns or _derived(served, sides)
    view = View(served, columns)
    if not columns:
        raise DatabaseError(
            f"view {served.view}: {served.legacy} and {served.candidate} have no column in common"
        )
    for side in Side:
        _require(view, side, sides[side])
        _try(connection, view, side)
    return view


def _columns(connection: psycopg.Connection, served: Served, side: Side) -> Columns:
    relation = served.relation(side)
    rows = connection.execute(queries.COLUMNS, [relation.schema, relation.table]).fetchall()
    if not rows:
        raise NoRelationError(served, side)
    return {name: (kind, own, collation) for name, kind, own, collation in rows}


def _derived(served: Served, sides: dict[Side, Columns]) -> tuple[tuple[str, str], ...]:
    rename = dict(served.rename)
    found = []
    for name, (kind, own, collation) in sides[Side.LEGACY].items():
        other = sides[Side.CANDIDATE].get(rename.get(name, name))
        if other is None:
            continue
        # A view's column has a collation too: where a side's is not its type's, say it.
        said = collation is not None and (own or other[1] or other[2] != collation)
        found.append((name, f"{kind} COLLATE {collation}" if said else kind))
    return tuple(found)


def _require(view: View, side: Side, there: Columns) -> None:
    for column, _, name in view.of(side):
        if column not in there:
            known = f" (column {name} of the view)" if column != name else ""
            raise DatabaseError(
                f"view {view.name}: {view.served.relation(side)} of the {side} side "
                f"has no column {column}{known}"
            )


def _try(connection: psycopg.Connection, view: View, side: Side) -> None:
    """Reads no row as the view would; says which column is the one that cannot be."""
    try:
        with connection.transaction():
            connection.execute(queries.nothing_of(view, side))
        return
    except psycopg.OperationalError as error:
        raise _refusal(view, side, "", error) from None
    except psycopg.Error as error:
        whole = error
    for column in view.columns:
        with _told(view, side, f", column {column[0]}"), connection.transaction():
            connection.execute(queries.nothing_of(view, side, column))
    raise _refusal(view, side, "", whole)


@contextmanager
def _told(view: View, side: Side, where: str) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise _refusal(view, side, where, error) from None


def _refusal(view: View, side: Side, where: str, error: psycopg.Error) -> DatabaseError:
    return DatabaseError(
        f"view {view.name}: the {side} side ({view.served.relation(side)}{where}) "
        f"cannot serve it: {first_line(error)}"
    )


def shown(connection: psycopg.Connection, schema: str, name: str) -> tuple[tuple[str, str], ...]:
    """The columns of a view that is there, in the words of `resolve`; none where it is not."""
    return tuple(
        (column, f"{kind} COLLATE {collation}" if own else kind)
        for column, kind, own, collation in connection.execute(queries.COLUMNS, [schema, name])
    )
