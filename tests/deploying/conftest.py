"""One site for all tests of a module: its Prefect server, its database, its vendors."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import count

import httpx
import psycopg
import pytest
from psycopg import sql

from parity.database import EmbeddedServer
from parity.demo.server import ReplayServer
from prefect_flows.queries.connection import connect
from prefect_flows.server_settings import DATABASE_VARIABLE
from prefect_flows.tables import create_tables
from tests.conftest import NEW_YORK
from tests.deploying.site import Site, operators_shell
from tests.flows.forking import Commands

_numbers = count(1)


@pytest.fixture(scope="package")
def site(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A Prefect server, an empty database, and the vendors on the evening before AAPL's split."""
    folder = tmp_path_factory.mktemp("site")
    environ = operators_shell(folder / "prefect")
    moment = datetime(2005, 2, 25, 20, 0, tzinfo=NEW_YORK)
    (folder / "workers").mkdir()
    with (
        new_database(server) as name,
        new_database(server, template="template0") as prefect,
        ReplayServer(moment, folder / "replay") as replay,
    ):
        database_url = server.url(user="prefect_writer", database=name)
        with connect(database_url) as connection:
            create_tables(connection)
        environ |= replay.environment() | {
            "DATABASE_URL": database_url,
            DATABASE_VARIABLE: server.url(user="postgres", database=prefect),
        }
        try:
            # A process of its own, as an operator's; a child of this one would have to be reaped.
            url = python("-m", "prefect_flows", "server", "start", environ=environ)
            environ["PREFECT_API_URL"] = url
            del environ[DATABASE_VARIABLE]  # a worker knows nothing of it
            admin_url = server.url(user="postgres", database=name)
            workers = folder / "workers"
            with httpx.Client(timeout=120) as client, Commands(environ, url) as commands:
                yield Site(url, environ, database_url, admin_url, replay, workers, client, commands)
        finally:
            environ.pop("PREFECT_API_URL", None)
            python("-m", "prefect_flows", "server", "stop", environ=environ)


@contextmanager
def new_database(server: EmbeddedServer, template: str = "template_parity") -> Iterator[str]:
    """A database for longer than a test, by default with roles, schemas and grants."""
    name = f"site_{next(_numbers)}"
    admin = server.url(user="postgres", database="postgres")
    identifier = sql.Identifier(name)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(identifier, sql.Identifier(template))
        )
    try:
        yield name
    finally:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))


def python(*arguments: str, environ: dict[str, str]) -> str:
    """Run Python and return what it prints."""
    command = [sys.executable, *arguments]
    return subprocess.check_output(command, env=environ, text=True, timeout=170).strip()
