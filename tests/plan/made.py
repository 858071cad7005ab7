"""The toy migration after its cutover, made once and copied for each test."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from parity.database import EmbeddedServer
from parity.nightly import Harness
from tests.plan import toy_rollback as toy

_numbers = count(1)


@dataclass(frozen=True)
class Toy:
    """A copy of the migration: its database and its folder."""

    url: str
    folder: Path

    @property
    def harness(self) -> Harness:
        """As a rollback opens it."""
        return toy.opened(self.url, self.folder)

    def execute(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Runs a statement as an administrator."""
        with psycopg.connect(self.url) as connection:
            cursor = connection.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def configure(self, text: str, *, instead: str = "") -> None:
        """Adds to parity.yaml, or replaces a part of it."""
        path = self.folder / "parity.yaml"
        config = path.read_text(encoding="utf-8")
        assert not instead or instead in config
        config = config.replace(instead, text) if instead else config + text
        path.write_text(config, encoding="utf-8")


@contextmanager
def template(server: EmbeddedServer) -> Iterator[str]:
    """The name of a database that holds the migration; nobody is connected to it."""
    with new_database(server, "template_parity") as name:
        with tempfile.TemporaryDirectory() as folder:
            toy.prepare(server.url(user="postgres", database=name), Path(folder))
        yield name


@contextmanager
def copied(server: EmbeddedServer, name: str, folder: Path) -> Iterator[Toy]:
    """A copy of the migration with its files in a folder."""
    (folder / "parity.yaml").write_text(toy.CONFIG, encoding="utf-8")
    (folder / "old.py").write_text(toy.SCRIPT, encoding="utf-8")
    with new_database(server, name) as copy:
        yield Toy(server.url(user="postgres", database=copy), folder)


@contextmanager
def new_database(server: EmbeddedServer, like: str) -> Iterator[str]:
    """A copy of a database."""
    name = f"rollback_{next(_numbers)}"
    admin = server.url(user="postgres", database="postgres")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(like)
            )
        )
    try:
        yield name
    finally:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )
