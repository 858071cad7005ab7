"""One real Prefect server for the session, and commands run against real components."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import psycopg
import pytest

from prefect_flows import queries
from prefect_flows.server import ensure_server, stop_server
from prefect_flows.settings import Settings
from prefect_flows.tables import create_tables

if TYPE_CHECKING:
    from parity.database import Database
    from parity.demo.server import ReplayServer

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def prefect_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a Prefect server of the tests' own, which runs."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    environ["PREFECT_HOME"] = str(tmp_path_factory.mktemp("prefect"))
    ensure_server(environ)
    try:
        yield environ
    finally:
        stop_server(environ)


@pytest.fixture
def command(
    prefect_environment: dict[str, str], database: Database, replay: ReplayServer
) -> Command:
    """Run `python -m prefect_flows …` as a process of its own."""
    environ = prefect_environment | replay.environment()
    environ["DATABASE_URL"] = database.url_as("prefect_writer")

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "prefect_flows", *arguments],
            env=environ | variables,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def settings(database: Database, replay: ReplayServer) -> Settings:
    """Settings for calls without Prefect; the tables exist."""
    url = database.url_as("prefect_writer")
    with queries.connect(url) as connection:
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
