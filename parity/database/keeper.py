"""Keeps a snapshot alive when the process that took it is killed.

A snapshot lives as long as one transaction that uses it. A keeper is a small process with nothing
but such a transaction: it ends at once when it is released, and some minutes after the process
that started it has died, so that the comparison can go on in the same snapshot.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from dataclasses import dataclass
from typing import IO

import psycopg

from parity.database import queries

__all__ = ["Keeper"]

LINGER = 600.0  # seconds
URL = "PARITY_KEEPER_URL"


@dataclass(slots=True)
class Keeper:
    """A running keeper: `token` imports the snapshot, `backends` are its server processes."""

    token: str
    backends: list[int]
    _process: subprocess.Popen[str]

    @classmethod
    def start(cls, url: str, token: str) -> Keeper | None:
        """Starts a process that keeps the snapshot behind `token`; None where it cannot."""
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
        process.stdin.write(token + "\n")
        process.stdin.flush()
        kept = process.stdout.readline().split()
        if not kept:
            process.kill()
            process.wait()
            return None
        return cls(kept[0], [int(kept[1])], process)

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


def main(orders: IO[str], answers: IO[str], url: str, linger: float = LINGER) -> None:
    """Keeps the snapshot whose token is the first line, until told or left alone."""
    token = orders.readline().strip()
    with psycopg.connect(url, application_name=queries.KEEPER) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute(queries.use_snapshot(token))
        connection.execute(queries.NEVER_IDLE)
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
