"""What every command works with: the suite, its database, its memory and its calendar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from parity.config import load
from parity.database import Database, Role, connect_database
from parity.database.queries import LOCK_HOLDER, TRY_LOCK, UNLOCK
from parity.exchange import Exchange
from parity.model.errors import ParityError
from parity.model.suite import Suite
from parity.store import Store

__all__ = ["EVIDENCE", "Harness", "harness_as_it_is", "harness_of", "open_harness", "read_suite"]

EVIDENCE = "evidence"  # below the state folder: what is kept of every run, by its id


@dataclass(frozen=True, slots=True)
class Harness:
    """A suite with the database it is about."""

    suite: Suite
    database: Database
    store: Store
    exchange: Exchange

    def database_url(self, role: str) -> str:
        """The libpq URI for a role; the Prefect server's role has a database of its own."""
        if role == Role.PREFECT_API:
            return self.database.prefect_url()
        return self.database.url_as(role)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Holds the migration's lock: one night, drill or move at a time, whoever starts it.

        The lock is the database's, so it is gone with the process that held it.

        Raises:
            ParityError: another process holds it.
        """
        with self.database.connect_as(Role.PARITY_HARNESS, autocommit=True) as connection:
            row = connection.execute(TRY_LOCK, [self.suite.migration]).fetchone()
            if not (row and row[0]):
                holder = connection.execute(LOCK_HOLDER, [self.suite.migration]).fetchone()
                since = (
                    f" since {holder[1]:%H:%M:%S} UTC (server process {holder[0]})"
                    if holder
                    else ""
                )
                raise ParityError(
                    f"another night or move of migration {self.suite.migration} is running"
                    f"{since}; wait for it to end, then start again"
                )
            try:
                yield
            finally:
                # The server may take a moment to see a connection closed: the next one need not.
                with suppress(psycopg.Error):
                    connection.execute(UNLOCK, [self.suite.migration])


def open_harness(config: Path, environ: Mapping[str, str]) -> Harness:
    """Reads the config, connects, and sets up what is missing; safe to run again.

    `PARITY_STATE` names another state folder than the config does, such as the demo's.

    Raises:
        ConfigError: parity.yaml is wrong.
        DatabaseError: the server does not answer or refuses.
        StoreError: schema `parity` cannot be migrated.
    """
    return harness_of(read_suite(config, environ), environ)


def read_suite(config: Path, environ: Mapping[str, str]) -> Suite:
    """Reads the config; `PARITY_STATE` wins over its `state`.

    Raises:
        ConfigError: parity.yaml is wrong.
    """
    suite = load(config)
    state = environ.get("PARITY_STATE")
    return replace(suite, state=Path(state).absolute()) if state else suite


def harness_of(suite: Suite, environ: Mapping[str, str]) -> Harness:
    """The same for a suite that has been read already."""
    found = harness_as_it_is(suite, environ)
    found.database.set_up()
    found.store.migrate()
    return found


def harness_as_it_is(suite: Suite, environ: Mapping[str, str]) -> Harness:
    """The same, but nothing is set up: what a rollback needs, and it waits for nobody's lock.

    Raises:
        DatabaseError: the server does not answer.
    """
    database = connect_database(suite.state, environ)
    store = Store(database.engine_as(Role.PARITY_HARNESS))
    return Harness(suite, database, store, Exchange(suite.calendar))
