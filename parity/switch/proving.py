"""Proves that the way back works, without anybody noticing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

import psycopg

from parity.database import Database, Role
from parity.database.complaint import first_line
from parity.database.provision import DRILL
from parity.model.errors import DatabaseError
from parity.model.verdict import Side
from parity.switch import queries
from parity.switch.resolving import PATIENCE, shown
from parity.switch.serving import drop, making, names_of, there
from parity.switch.view import MARKET, View, in_order

__all__ = ["missing_rights", "prove_way_back"]


def prove_way_back(database: Database, views: Sequence[View], schema: str = MARKET) -> None:
    """Moves the views to the candidate and back to legacy, and reads them, as `parity_switch`.

    It does so in the schema for drills, in a transaction that is rolled back: nobody who reads
    the real views waits for it, and nothing of it stays. That the real ones can be replaced too
    is in the catalog: whose they are, and what else has their names.

    Raises:
        DatabaseError: a step of it fails; the message says which.
    """
    with database.connect_as(Role.PARITY_SWITCH) as connection:
        lacking = missing_rights(connection, views, schema)
        if lacking:
            raise DatabaseError(
                f"the way back is not usable: role {Role.PARITY_SWITCH} lacks {'; '.join(lacking)}"
            )
        there(connection, views, schema)
        connection.execute(queries.lock_timeout(PATIENCE))
        _drop(connection, views)
        for side in (Side.LEGACY, Side.CANDIDATE, Side.LEGACY):
            _try(connection, views, side)
        for view in views:
            _require_same(connection, view, schema)
        connection.rollback()


def missing_rights(
    connection: psycopg.Connection, views: Sequence[View], schema: str = MARKET
) -> list[str]:
    """What the connection's role lacks to move the views."""
    values = {"schema": schema, "views": names_of(views)}
    return [row[0] for row in connection.execute(queries.RIGHTS, values)]


def _drop(connection: psycopg.Connection, views: Sequence[View]) -> None:
    try:
        drop(connection, views, DRILL)
    except psycopg.Error as error:
        raise _unusable(f"schema {DRILL} cannot be emptied", error) from None


def _try(connection: psycopg.Connection, views: Sequence[View], side: Side) -> None:
    """Moves the views to a side and reads them."""
    for view in in_order(views):  # one at a time: it is told which
        try:
            for text in making([view], side, DRILL):
                connection.execute(text)
            connection.execute(queries.one_row(view, DRILL))
        except psycopg.Error as error:
            raise _unusable(f"view {view.name} over the {side} side", error) from None


def _unusable(what: str, error: psycopg.Error) -> DatabaseError:
    return DatabaseError(f"the way back is not usable: {what}: {first_line(error)}")


def _require_same(connection: psycopg.Connection, view: View, schema: str) -> None:
    """The view that is there has the very columns that it is replaced with."""
    has, gets = (shown(connection, where, view.name) for where in (schema, DRILL))
    if has and has != gets:
        raise DatabaseError(
            f"{schema}.{view.name} has other columns than serving in the config says: "
            f"{_difference(has, gets)}; mend the config, or drop the view and let the next night "
            "make it anew"
        )


def _difference(has: Sequence[tuple[str, str]], gets: Sequence[tuple[str, str]]) -> str:
    for place, (old, new) in enumerate(zip_longest(has, gets), start=1):
        if old != new:
            told = (" ".join(one) if one else "nothing" for one in (old, new))
            return f"column {place} is {' and not '.join(told)}"
    return "nothing"
