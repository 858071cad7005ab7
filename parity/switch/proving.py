"""Proves that the way back works and that every row can be served, without anybody noticing."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import zip_longest

import psycopg

from parity.database import Database, Role
from parity.database.complaint import first_line
from parity.database.provision import DRILL
from parity.model.errors import DatabaseError
from parity.model.verdict import Side
from parity.switch import queries
from parity.switch.digesting import digest_relations, one_snapshot
from parity.switch.resolving import PATIENCE, shown
from parity.switch.serving import making_views, names_of, there
from parity.switch.view import MARKET, View, in_order

__all__ = ["missing_rights", "prove_way_back", "require_every_row"]

LARGE = 256 * 1024**2  # bytes of a table that takes a while to read
MIB = 1024**2


def prove_way_back(database: Database, views: Sequence[View], schema: str = MARKET) -> None:
    """Moves the views to the candidate and back to legacy, and reads them, as `parity_switch`.

    It does so in the schema for drills, under names that nobody else has and in a transaction that
    is rolled back: who reads the real views, or those of a drill, never waits for it, and nothing
    of it stays. That the real ones can be replaced too is in the catalog: whose they are, and what
    else has their names.

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
        gate = f"parity_proof_{secrets.token_hex(8)}"
        try:
            connection.execute(queries.make_gate(DRILL, gate))
        except psycopg.Error as error:
            raise _unusable(f"no view can be made in schema {DRILL}", error) from None
        copies = [(view, _copy(view, f"{gate}_{n}")) for n, view in enumerate(in_order(views))]
        for side in (Side.LEGACY, Side.CANDIDATE, Side.LEGACY):
            for view, copy in copies:  # one at a time: it is told which
                _try(connection, view, copy, side, gate)
        for view, copy in copies:
            _require_same(connection, view, copy, schema)
        connection.rollback()


def require_every_row(
    database: Database, views: Sequence[View], side: Side, say: Callable[[str], None]
) -> int:
    """Reads every row of a side as the views would show it; returns how many there are.

    A value that does not fit the type of its column is met by whoever reads it, so this is done
    before anybody can.

    Args:
        database: where.
        views: with their columns.
        side: the side.
        say: is told of a large table before it is read.

    Raises:
        DatabaseError: a view cannot serve every row of the side.
    """
    rows = 0
    with database.connect_as(Role.PARITY_HARNESS) as connection, one_snapshot(connection):
        connection.execute(queries.lock_timeout(PATIENCE))
        for view in in_order(views):
            try:
                _tell(connection, view, side, say)
                rows += digest_relations(connection, [view], side)[view.name].rows
            except psycopg.Error as error:
                raise DatabaseError(
                    f"view {view.name} cannot serve every row of {view.served.relation(side)} of "
                    f"the {side} side: {first_line(error)}"
                ) from None
    return rows


def _tell(
    connection: psycopg.Connection, view: View, side: Side, say: Callable[[str], None]
) -> None:
    of = view.served.relation(side)
    row = connection.execute(queries.SIZE, [of.schema, of.table]).fetchone()
    if row and row[0] >= LARGE:
        say(f"Reading all rows of {of} ({row[0] / MIB:,.0f} MiB), to see that each can be served.")


def missing_rights(
    connection: psycopg.Connection, views: Sequence[View], schema: str = MARKET
) -> list[str]:
    """What the connection's role lacks to move the views."""
    values = {"schema": schema, "views": names_of(views)}
    return [row[0] for row in connection.execute(queries.RIGHTS, values)]


def _copy(view: View, name: str) -> View:
    """The same view under a name that nobody else has."""
    return replace(view, served=replace(view.served, view=name))


def _try(connection: psycopg.Connection, view: View, copy: View, side: Side, gate: str) -> None:
    """Moves a view's copy to a side and reads it."""
    try:
        for text in making_views([copy], side, DRILL, gate=gate):
            connection.execute(text)
        connection.execute(queries.one_row(copy, DRILL))
    except psycopg.Error as error:
        raise _unusable(f"view {view.name} over the {side} side", error) from None


def _unusable(what: str, error: psycopg.Error) -> DatabaseError:
    return DatabaseError(f"the way back is not usable: {what}: {first_line(error)}")


def _require_same(connection: psycopg.Connection, view: View, copy: View, schema: str) -> None:
    """The view that is there has the very columns that it is replaced with."""
    has = shown(connection, schema, view.name)
    gets = shown(connection, DRILL, copy.name)
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
