"""Taking a snapshot of tables that stay what they are until it is given back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Barrier

import psycopg

from parity.database import Database, Role, queries
from parity.database.holding import PATIENCE, hold, hold_and_count, storage
from parity.diff import Team
from parity.diff.layout import SMALL
from parity.model.errors import DatabaseError
from parity.model.suite import Relation
from parity.nightly.kept import Kept

__all__ = ["RewrittenError", "Taken", "Taker"]


class RewrittenError(Exception):
    """A table was rewritten while the snapshot was taken."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A snapshot: a connection in it, a team that shares it, and about how many rows it is of."""

    connection: psycopg.Connection
    team: Team
    rows: float
    kept: Kept


@dataclass(frozen=True, slots=True)
class Taker:
    """Takes snapshots on one connection, one after the other.

    `relations` are held while a snapshot is; `size` connections share it.
    """

    database: Database
    relations: list[Relation]
    size: int
    _connection: psycopg.Connection
    _beside: psycopg.Connection  # sees what has been committed

    @classmethod
    @contextmanager
    def of(cls, database: Database, relations: list[Relation], size: int) -> Iterator[Taker]:
        """A taker with connections of its own, which end with it."""
        with (
            database.connect_as(Role.PARITY_HARNESS) as connection,
            database.connect_as(Role.PARITY_HARNESS, autocommit=True) as beside,
        ):
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            yield cls(database, relations, size, connection, beside)

    def take(self, token: str | None = None) -> Taken:
        """Locks the relations, then takes a snapshot; or takes on the one behind `token`.

        The first statement begins the transaction, which lasts until the snapshot is released.

        Raises:
            RewrittenError: the files behind a relation are others than before.
            psycopg.errors.LockNotAvailable: a writer waits for one of the connections.
            psycopg.Error: the snapshot is gone, or the database failed.
        """
        connection = self._connection
        team = Team(connection, self._connect, self.size)
        try:
            if token is not None:
                connection.execute(queries.use_snapshot(token))
                # A writer may wait for the keeper, and whoever comes next for that writer.
                connection.execute(queries.lock_timeout(PATIENCE, local=True))
            connection.execute(queries.NEVER_IDLE)
            hold(connection, self.relations)
            before = storage(self._beside, self.relations)
            team.share()
            rows = hold_and_count(connection, self.relations)
            if rows >= SMALL:
                self._hold_in(team)
            # A refreshed materialized view is locked only now.
            if storage(self._beside, self.relations) != before:
                raise RewrittenError
            return Taken(connection, team, rows, self._kept(before))
        except BaseException:
            self.release(team)
            raise

    def release(self, team: Team) -> None:
        """Gives a snapshot back, and all its locks."""
        with team, suppress(psycopg.Error):
            self._connection.rollback()

    def _connect(self) -> psycopg.Connection:
        connection = self.database.connect_as(Role.PARITY_HARNESS, autocommit=True)
        # A writer who waits for the first one of the team would have this one wait forever.
        connection.execute(queries.lock_timeout(PATIENCE, local=False))
        connection.autocommit = False
        return connection

    def _kept(self, files: dict[str, str]) -> Kept:
        snapshot = self._connection.execute(queries.CURRENT_SNAPSHOT).fetchone()
        server = self._connection.execute(queries.SERVER_START).fetchone()
        assert snapshot is not None
        assert server is not None
        return Kept(snapshot=snapshot[0], server=server[0], storage=files)

    def _hold_in(self, team: Team) -> None:
        """Has all of the team hold the relations, before a writer comes to stand in between."""
        together = Barrier(self.size)

        def work(connection: psycopg.Connection, _place: int) -> None:
            together.wait(PATIENCE)  # so that each connection gets one
            hold(connection, self.relations)
            hold_and_count(connection, self.relations)

        with suppress(DatabaseError):  # one connection too many: the comparison will tell
            for _ in team.map(work, range(self.size)):
                pass
