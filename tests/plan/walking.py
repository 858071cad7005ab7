"""A toy migration with two served views, from its first night to its clean-up, and its consumers.

Both tables of a side say which side they are: a column that nobody can write, so also rows that a
rollback has copied are told by where they are, not by where they came from.
"""

from __future__ import annotations

import itertools
import os
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from parity.database import Database

__all__ = ["CONFIG", "VIEWS", "Load", "consumer", "lay_out"]

VIEWS = ("market.prices", "market.volumes")
CONFIG = """version: 1
migration: toy
selftest_seconds: 0.4
gates:
  parallel_run: {sessions: 2}
  validation: {sessions: 2}
  cutover: {sessions: 2}
checklist:
  - {id: trained, text: The team has paused and resumed a flow in the UI}
serving:
  - {view: prices, legacy: legacy.prices, candidate: prefect.prices}
  - {view: volumes, legacy: legacy.volumes, candidate: prefect.volumes}
cutover:
  lock_timeout: 100ms
  hooks:
    before: [{name: may, command: [/bin/true]}]
    after: [{name: pause-cron, command: [/bin/true]}]
    after_rollback: [{name: resume-cron, command: [/bin/true]}]
jobs:
  - name: old
    side: legacy
    command: ["{python}", old.py, legacy, "{session}"]
    timeout: 20s
    env: {DATABASE_URL: "{database_url:legacy_writer}"}
  - name: new
    side: candidate
    command: ["{python}", new.py, prefect, "{session}"]
    timeout: 20s
    env: {DATABASE_URL: "{database_url:prefect_writer}"}
datasets:
  - name: prices
    kind: table
    legacy: legacy.prices
    candidate: prefect.prices
    key: [symbol, day]
    symbol: symbol
    time: day
    exclude: [side]
    tolerance:
      price: {abs: 0.01, because: "a cent"}
  - name: volumes
    kind: table
    legacy: legacy.volumes
    candidate: prefect.volumes
    key: [symbol, day]
    symbol: symbol
    time: day
    exclude: [side]
"""
# The price is the day's number, so that each day has another.
SCRIPT = """
import os, pathlib, sys, psycopg
schema, day = sys.argv[1:]
symbols = pathlib.Path(f"{schema}.{day}" if os.path.exists(f"{schema}.{day}") else "symbols")
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    for table, value in (("prices", 100 + int(day[-2:])), ("volumes", 1000 * int(day[-2:]))):
        for symbol in symbols.read_text().split():
            text = f"INSERT INTO {schema}.{table} VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
            connection.execute(text, [symbol, day, value])
sys.exit(os.path.getsize(symbols) == 0)
"""
TABLES = """
SET ROLE {role};
CREATE TABLE {schema}.prices (symbol text, day date, price float8,
  side text GENERATED ALWAYS AS ('{schema}') STORED, PRIMARY KEY (symbol, day));
CREATE TABLE {schema}.volumes (symbol text, day date, volume bigint,
  side text GENERATED ALWAYS AS ('{schema}') STORED, PRIMARY KEY (symbol, day));
RESET ROLE;
"""


def lay_out(database: Database, folder: Path) -> None:
    """Makes the files and the tables.

    What a script loads of a day stands in `SCHEMA.DAY`, if that is there; where it names nothing
    the script fails, as its vendor is down.
    """
    (folder / "parity.yaml").write_text(CONFIG, encoding="utf-8")
    (folder / "symbols").write_text("A B", encoding="utf-8")
    for name in ("old.py", "new.py"):
        (folder / name).write_text(SCRIPT, encoding="utf-8")
    with psycopg.connect(database.admin_url) as connection:
        for role, schema in (("legacy_writer", "legacy"), ("prefect_writer", "prefect")):
            connection.execute(TABLES.format(role=role, schema=schema).encode())


@contextmanager
def consumer(database: Database) -> Iterator[str]:
    """The URL of somebody who may read the views of `market`, and nothing else."""
    name = sql.Identifier(f"consumer_{os.getpid()}")
    statements = (
        "CREATE ROLE {} LOGIN",
        "GRANT USAGE ON SCHEMA market TO {}",
        "GRANT SELECT ON market.prices, market.volumes TO {}",
    )
    with psycopg.connect(database.admin_url) as connection:
        for text in statements:
            connection.execute(sql.SQL(text).format(name))
        named = sql.SQL("GRANT CONNECT ON DATABASE {} TO {}")
        connection.execute(named.format(sql.Identifier(connection.info.dbname), name))
    try:
        yield make_conninfo(database.admin_url, user=f"consumer_{os.getpid()}")
    finally:
        with psycopg.connect(database.admin_url) as connection:
            connection.execute(sql.SQL("DROP OWNED BY {}").format(name))
            connection.execute(sql.SQL("DROP ROLE {}").format(name))


@dataclass
class Reader:
    """What one consumer has seen: of `sides` each once for as long as it saw no other."""

    reads: int = 0
    errors: list[str] = field(default_factory=list)
    mixed: list[set[str]] = field(default_factory=list)
    sides: list[str] = field(default_factory=list)

    def saw(self, found: set[str]) -> None:
        """Notes what one transaction has read."""
        self.reads += 1
        if len(found) > 1:
            self.mixed.append(found)
        elif found and self.sides[-1:] != list(found):
            self.sides += found


class Load:
    """Consumers that read both views all the time, each with a connection of its own."""

    NUMBER = 3
    PAUSE = 0.02  # seconds between two reads: the machine has other things to do
    TIMES = 2  # that a transaction reads each view

    def __init__(self, url: str) -> None:
        """Prepares them to connect to `url`."""
        self._url = url
        self._stop = threading.Event()
        self.readers = [Reader() for _ in range(self.NUMBER)]
        self._threads = [
            threading.Thread(target=self._read, args=(reader,), daemon=True)
            for reader in self.readers
        ]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    @property
    def reads(self) -> int:
        """Transactions of all of them."""
        return sum(reader.reads for reader in self.readers)

    @property
    def errors(self) -> list[str]:
        """What went wrong, or was empty."""
        return list(itertools.chain.from_iterable(reader.errors for reader in self.readers))

    @property
    def mixed(self) -> list[set[str]]:
        """What transactions saw that saw both sides."""
        return list(itertools.chain.from_iterable(reader.mixed for reader in self.readers))

    def _read(self, reader: Reader) -> None:
        try:
            with psycopg.connect(self._url, application_name="consumer") as connection:
                connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
                while not self._stop.wait(self.PAUSE):
                    reader.saw(self._once(connection, reader))
        except Exception as error:  # noqa: BLE001
            reader.errors.append(f"{type(error).__name__}: {error}")  # and reads no more

    def _once(self, connection: psycopg.Connection, reader: Reader) -> set[str]:
        """One transaction; the sides of all rows that it has read."""
        found: set[str] = set()
        with connection.transaction():
            for view in random.sample(VIEWS * self.TIMES, len(VIEWS) * self.TIMES):
                rows = connection.execute(f"SELECT side FROM {view}".encode()).fetchall()
                found |= {side for (side,) in rows}
                if not rows:
                    reader.errors.append(f"{view} is empty")
        return found
