"""Moves of the plan, prepared many times over on a server that may be killed."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

from parity.database import EmbeddedServer, provision
from tests.plan import toy_cutover, toy_quarantine, toy_rollback
from tests.plan.crashing import Crashes

__all__ = ["MOVES", "Bed", "Move", "bed_in"]

_numbers = count(1)


@dataclass(frozen=True)
class Move:
    """A move: its scenario, how it is prepared and looked at, and the states that may be found."""

    module: str
    prepare: Callable[[str, Path], object]
    check: Callable[[str, Path], str]
    states: frozenset[str]
    new: str


def _prepare_undo(url: str, folder: Path) -> None:
    toy_quarantine.prepare(url, folder)
    toy_quarantine.want(folder, "quarantine")
    assert toy_quarantine.act(url, folder) == 0
    toy_quarantine.want(folder, "undo")


def _prepare_quarantine(url: str, folder: Path) -> None:
    toy_quarantine.prepare(url, folder)
    toy_quarantine.want(folder, "quarantine")


def _prepare_drop(url: str, folder: Path) -> None:
    _prepare_undo(url, folder)
    toy_quarantine.want(folder, "drop")


MOVES = {
    "cutover": Move(
        "tests.plan.toy_cutover",
        toy_cutover.prepare,
        toy_cutover.check,
        frozenset({"legacy", "candidate"}),
        "candidate",
    ),
    "rollback": Move(
        "tests.plan.toy_rollback",
        toy_rollback.prepare,
        toy_rollback.check,
        frozenset({"legacy", "candidate"}),
        "legacy",
    ),
    "quarantine": Move(
        "tests.plan.toy_quarantine",
        _prepare_quarantine,
        toy_quarantine.check,
        frozenset({"in use", "quarantine"}),
        "quarantine",
    ),
    "way back": Move(
        "tests.plan.toy_quarantine",
        _prepare_undo,
        toy_quarantine.check,
        frozenset({"in use", "quarantine"}),
        "in use",
    ),
    "drop": Move(
        "tests.plan.toy_quarantine",
        _prepare_drop,
        toy_quarantine.check,
        frozenset({"quarantine", "dropped"}),
        "dropped",
    ),
}


class Bed:
    """A server that may be killed, and copies of a prepared migration on it.

    `crashes` does the moves.
    """

    def __init__(self, server: EmbeddedServer, data: Path, folder: Path, crashes: Crashes) -> None:
        self._server, self._data, self._folder, self.crashes = server, data, folder, crashes

    def prepared(self, move: Move) -> Callable[[], tuple[str, Path]]:
        """Prepares the move once; what is returned makes a copy of that: its URL and folder."""
        name = f"crash_{next(_numbers)}"
        self._admin(sql.SQL("CREATE DATABASE {} TEMPLATE template_parity").format(_id(name)))
        folder = self._folder / name
        folder.mkdir()
        move.prepare(self._url(name), folder)

        def copy() -> tuple[str, Path]:
            other = f"crash_{next(_numbers)}"
            self._admin(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                    _id(other), _id(name)
                )
            )
            subprocess.run(["cp", "-a", folder, self._folder / other], check=True)
            return self._url(other), self._folder / other

        return copy

    def pid(self) -> int:
        """The postmaster's."""
        return int((self._data / "postmaster.pid").read_text().splitlines()[0])

    def start(self) -> None:
        """Starts the server after a kill; what is left of the old one may take a moment to go."""
        for _ in range(60):
            said = self.crashes.server(self._data, "start")
            if not said:
                return
            time.sleep(0.5)
        raise AssertionError(said[-2000:])

    def _admin(self, statement: sql.Composed) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def _url(self, database: str) -> str:
        return self._server.url(user="postgres", database=database)


def _id(name: str) -> sql.Identifier:
    return sql.Identifier(name)


@contextmanager
def bed_in(folder: Path) -> Iterator[Bed]:
    """A bed with a server of its own."""
    with tempfile.TemporaryDirectory(prefix="parity-crash-") as data:
        server = EmbeddedServer(Path(data) / "pg").start()
        admin = server.url(user="postgres", database="postgres")
        with psycopg.connect(admin, autocommit=True) as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(_id(setting)))
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("CREATE DATABASE template_parity")
        provision(server.url(user="postgres", database="template_parity"), login=True)
        try:
            with Crashes() as crashes:
                yield Bed(server, Path(data) / "pg", folder, crashes)
                # Where it was killed and started again, this process does not know the new one.
                assert not crashes.server(Path(data) / "pg", "stop")
        finally:
            server.stop()
