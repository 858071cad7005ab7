"""Who has what a rollback needs: it waits for a lock for a few seconds, then says whose it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import psycopg

from parity.database import Database, Role
from parity.database.complaint import first_line
from parity.model.errors import DatabaseError
from parity.model.suite import Relation
from parity.plan.queries import rolling_back as queries
from parity.plan.which_database import unprepared
from parity.switch.blocking import Watch

__all__ = ["locked", "patient"]

PATIENCE = timedelta(seconds=5)


@contextmanager
def patient(database: Database, what: str) -> Iterator[psycopg.Connection]:
    """A connection that reads, and waits for no lock for long.

    Args:
        database: which.
        what: the only table that is read within, for the message.

    Raises:
        DatabaseError: somebody has it locked, and who; or the database does not answer, or has
            never held a migration.
    """
    with _connected(database) as connection:
        pid, watch = connection.info.backend_pid, None
        try:
            connection.execute(queries.lock_timeout(PATIENCE, local=False))
            with Watch(database, pid, PATIENCE.total_seconds() / 2) as watch:
                yield connection
        except psycopg.errors.LockNotAvailable:
            holders = "; ".join(watch.blockers if watch else ()) or "another session"
            raise DatabaseError(
                f"{what} is locked by {holders}; nothing has changed; end that session, or try "
                "again later"
            ) from None
        except psycopg.Error as error:
            why = unprepared(database) or f"{what} cannot be read: {first_line(error)}"
            raise DatabaseError(why) from None


def _connected(database: Database) -> psycopg.Connection:
    try:
        return database.connect_as(Role.PARITY_HARNESS, autocommit=True)
    except DatabaseError as error:
        raise DatabaseError(unprepared(database) or str(error)) from None


def locked(database: Database, relations: Sequence[Relation]) -> str:
    """Says which of some tables nobody can read, as somebody has them alone; nothing if none.

    Raises:
        psycopg.Error: the database does not answer.
    """
    names = [one.schema for one in relations], [one.table for one in relations]
    # As the login, who may see most of other sessions.
    with psycopg.connect(database.admin_url, autocommit=True, connect_timeout=2) as connection:
        rows = connection.execute(queries.LOCKED, names).fetchall()
    return "; ".join(
        f"{relation} is {'locked' if granted else 'wanted alone'} by session {pid} "
        f"({name or 'unnamed'}, {user or 'no user'})"
        for relation, granted, pid, name, user in rows
    )
