"""The one snapshot in which a night looks at both sides, and how it survives a kill."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

import psycopg

from parity.database import Database, Role, queries
from parity.database.keeper import Keeper
from parity.diff import Journal, Team
from parity.model.suite import Suite

__all__ = ["Say", "View", "view_of"]

# A comparison of so many rows a side takes long enough to be worth going on with.
LONG = 2_000_000
LONG_VARIABLE = "PARITY_RESUME_ROWS"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class View:
    """What a night sees. `snapshot` and `at` are the database's; `journal` only if it is long."""

    connection: psycopg.Connection
    team: Team
    snapshot: str
    at: datetime
    journal: Journal | None


@contextmanager
def view_of(suite: Suite, database: Database, journal: Journal, say: Say) -> Iterator[View]:
    """Opens the snapshot: that of an interrupted comparison where it is still there.

    Args:
        suite: whose datasets are compared, and on how many connections.
        database: where.
        journal: what an interrupted comparison has left, and where this one leaves it.
        say: is told whether it goes on or begins anew, and why.
    """
    with database.connect_as(Role.PARITY_HARNESS) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        # Its first statement begins the transaction that lasts until the view is closed.
        resumed = _resume(connection, journal, say)

        def connect() -> psycopg.Connection:
            return database.connect_as(Role.PARITY_HARNESS)

        with Team(connection, connect, suite.connections) as team:
            token = team.share()
            long = resumed or _rows(connection, suite) >= _long()
            keeper = _keep(database, journal, token, resumed) if long else None
            row = connection.execute(queries.CURRENT_SNAPSHOT).fetchone()
            assert row is not None
            yield View(connection, team, row[0], row[1], journal if keeper else None)
        with suppress(psycopg.Error):  # a lost connection has undecided datasets, which are told
            connection.rollback()
        # Only a comparison that came to its end is not to be gone on with.
        journal.clear()
        if keeper is not None:
            keeper.release()


def _long() -> float:
    return float(os.environ.get(LONG_VARIABLE) or LONG)


def _resume(connection: psycopg.Connection, journal: Journal, say: Say) -> bool:
    """Takes on the snapshot of the interrupted comparison; False where there is none any more."""
    token = journal.token()
    if token is None:
        if journal.clear():
            say("An interrupted comparison was of something else: its results were dropped.")
        return False
    try:
        connection.execute(queries.use_snapshot(token))
    except psycopg.Error:
        connection.rollback()
        journal.clear()
        say("An interrupted comparison was begun anew: its snapshot is gone, and the tables may "
            "have changed since.")  # fmt: skip
        return False
    say("An interrupted comparison goes on in its own snapshot.")
    return True


def _keep(database: Database, journal: Journal, token: str, resumed: bool) -> Keeper | None:
    keeper = Keeper.start(database.url_as(Role.PARITY_HARNESS), token)
    if keeper is None:
        return None
    if resumed:
        journal.keep(keeper.token)
        with suppress(psycopg.Error), database.connect_as(Role.PARITY_HARNESS) as connection:
            connection.execute(queries.END_KEEPERS, [queries.KEEPER, keeper.backends])
    else:
        journal.begin(keeper.token)
    return keeper


def _rows(connection: psycopg.Connection, suite: Suite) -> float:
    relations = {
        relation for dataset in suite.datasets for relation in (dataset.legacy, dataset.candidate)
    }
    schemas, names = [one.schema for one in relations], [one.table for one in relations]
    row = connection.execute(queries.ROWS_ABOUT, [schemas, names]).fetchone()
    return float(row[0]) if row else 0.0
