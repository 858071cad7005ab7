"""Keeps a snapshot alive when the process that took it is killed.

A snapshot lives as long as one transaction that uses it. A keeper is a small process with nothing
but such a transaction, which also holds the compared tables as they are: it ends at once when it
is released, and some minutes after the process that started it has died, so that the comparison
can go on in the same snapshot.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from typing import IO, TYPE_CHECKING

import psycopg

from parity.database import queries
from parity.database.holding import PATIENCE, hold, hold_and_count
from parity.database.provision import Role
from parity.model.suite import Relation

if TYPE_CHECKING:
    from parity.database.access import Database

__all__ = ["Keeper", "end_keepers"]

LINGER = 600.0  # seconds
URL = "PARITY_KEEPER_URL"


@dataclass(slots=True)
class Keeper:
    """A running keeper: `token` imports the snapshot, `backend` is its server process."""

    token: str
    backend: int
    _process: subprocess.Popen[str]

    @classmethod
    def start(cls, url: str, token: str, relations: Sequence[Relation] = ()) -> Keeper | None:
        """Starts a process that keeps the snapshot behind `token`; None where it cannot.

        Args:
            url: libpq URI of the database; it never stands on a command line.
            token: of an exported snapshot.
            relations: tables and views that nobody may empty or rewrite as long as it lives.
        """
        process = subprocess.Popen(
            [sys.executable, "-m", "parity.database.keeper"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            # A command line is public; Ctrl-C in a terminal goes to the whole group.
            env={**os.environ, URL: url},
            start_new_session=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        names = [[one.schema, one.table] for one in relations]
        process.stdin.write(json.dumps({"token": token, "relations": names}) + "\n")
        process.stdin.flush()
        kept = process.stdout.readline().split()
        if not kept:
            process.kill()
            process.communicate()
            return None
        return cls(kept[0], int(kept[1]), process)

    def release(self) -> None:
        """Ends it."""
        try:
            assert self._process.stdin is not None
            self._process.stdin.write("release\n")
            self._process.stdin.close()
        except BrokenPipeError:
            pass  # it has ended by itself
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def leave(self) -> None:
        """Leaves it alone, as a kill would: it lives some minutes more."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        # Its end, should this process live to see it, leaves nothing behind.
        Thread(target=self._process.wait, daemon=True).start()


def end_keepers(database: Database, backends: Sequence[int]) -> None:
    """Ends keepers that a killed process has left, by their server processes, if they still live.

    Raises:
        DatabaseError: the server does not answer.
        psycopg.Error: it refused.
    """
    if backends:
        with database.connect_as(Role.PARITY_HARNESS, autocommit=True) as connection:
            connection.execute(queries.AS_LOGIN)
            connection.execute(queries.END_KEEPERS, [list(backends), queries.KEEPER])


def main(orders: IO[str], answers: IO[str], url: str, linger: float = LINGER) -> None:
    """Keeps the snapshot that the first line tells of, until told or left alone."""
    order = json.loads(orders.readline())
    relations = [Relation(schema, table) for schema, table in order["relations"]]
    with psycopg.connect(url, application_name=queries.KEEPER) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute(queries.use_snapshot(order["token"]))
        connection.execute(queries.NEVER_IDLE)
        # Whoever started it holds the same locks and waits for it: a writer in between, who waits
        # for that one, must not have this one wait forever.
        connection.execute(queries.lock_timeout(PATIENCE, local=True))
        hold(connection, relations)
        hold_and_count(connection, relations)
        row = connection.execute(queries.EXPORT_SNAPSHOT).fetchone()
        assert row is not None
        answers.write(f"{row[0]} {connection.info.backend_pid}\n")
        answers.flush()
        if orders.readline():  # an end without a word: whoever started it was killed
            return
        # The next one to use the snapshot says so by ending this connection.
        select.select([connection.fileno()], [], [], linger)


if __name__ == "__main__":
    main(sys.stdin, sys.stdout, os.environ[URL])
