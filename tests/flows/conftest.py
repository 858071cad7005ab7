"""One real Prefect server for the session, and commands run against real components."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from parity.database import Database, EmbeddedServer
from prefect_flows.processes import is_same
from prefect_flows.queries.connection import connect
from prefect_flows.server import ServerState, is_ready, read_state, stop_server
from prefect_flows.server_settings import DATABASE_VARIABLE, home
from prefect_flows.settings import Settings
from prefect_flows.tables import create_tables
from tests.flows.forking import Commands

if TYPE_CHECKING:
    from parity.demo.server import ReplayServer

Command = Callable[..., "subprocess.CompletedProcess[str]"]


ENSURE = (
    "import os; from prefect_flows.server import ensure_server; print(ensure_server(os.environ))"
)


@dataclass(frozen=True)
class StartedServer:
    """A Prefect server of the tests' own.

    Attributes:
        environ: What a command needs to find it.
        addresses: What the two processes that asked for it at the same moment were told.
    """

    environ: dict[str, str]
    addresses: tuple[str, ...]

    @property
    def state(self) -> ServerState:
        """What is recorded about it."""
        state = read_state(home(self.environ))
        assert state is not None
        return state


def without_prefect(folder: Path) -> dict[str, str]:
    """The environment with a PREFECT_HOME of its own and nothing else of Prefect's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return kept | {"PREFECT_HOME": str(folder)}


@pytest.fixture(scope="session")
def prefect_server(
    server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StartedServer]:
    """One server for all tests, started by two processes at once over a dead one's record.

    Its state is in PostgreSQL, as that of the demo and of a night.
    """
    folder = tmp_path_factory.mktemp("prefect")
    state_database = Database(server.url(user="postgres", database="postgres"), server)
    environ = without_prefect(folder) | {DATABASE_VARIABLE: state_database.prefect_url()}
    stale = {"pid": os.getpid(), "token": "another start", "port": 1}
    (folder / "server.json").write_text(json.dumps(stale))
    try:
        asking = [
            subprocess.Popen(
                [sys.executable, "-c", ENSURE], env=environ, stdout=subprocess.PIPE, text=True
            )
            for _ in range(2)
        ]
        addresses = tuple(process.communicate(timeout=170)[0].strip() for process in asking)
        yield StartedServer(environ, addresses)
    finally:
        state = read_state(folder)
        stop_server(environ)
    assert state is not None
    assert not is_ready(state.port)
    assert not is_same(state.pid, state.token)


@pytest.fixture(scope="session")
def commands(prefect_server: StartedServer) -> Iterator[Commands]:
    """What starts `python -m prefect_flows …` without importing Prefect each time."""
    with Commands(prefect_server.environ, prefect_server.state.api_url) as running:
        yield running


@pytest.fixture
def command(
    prefect_server: StartedServer, commands: Commands, database: Database, replay: ReplayServer
) -> Command:
    """Run `python -m prefect_flows …` as a process of its own."""
    environ = prefect_server.environ | replay.environment()
    environ["DATABASE_URL"] = database.url_as("prefect_writer")

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return commands.run(*arguments, environ=environ | variables)

    return run


@pytest.fixture
def settings(database: Database, replay: ReplayServer) -> Settings:
    """Settings for calls without Prefect; the tables exist."""
    url = database.url_as("prefect_writer")
    with connect(url) as connection:
        create_tables(connection)
    return Settings(
        database_url=url,
        yahoo_base_url=replay.http_url,
        polygon_base_url=replay.http_url,
        polygon_api_key=replay.polygon_key,
        http_timeout_seconds=5.0,
    )


@pytest.fixture
def rows(database: Database) -> Callable[..., list[tuple[object, ...]]]:
    """Query the tables as an administrator."""

    def query(statement: str, *values: object) -> list[tuple[object, ...]]:
        with psycopg.connect(database.admin_url) as connection:
            return connection.execute(statement.encode(), values).fetchall()

    return query


@pytest.fixture(scope="session", autouse=True)
def yahoo_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep yfinance's cache of time zones out of the user's home."""
    import yfinance

    yfinance.set_tz_cache_location(str(tmp_path_factory.mktemp("yfinance")))


def at(day: str, hour: int = 20) -> datetime:
    """An evening in New York in winter."""
    return datetime.fromisoformat(f"{day}T{hour:02}:00:00-05:00")
