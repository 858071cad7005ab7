"""Real components for all tests: one embedded PostgreSQL, a fresh database for each test."""

from __future__ import annotations

import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib import import_module
from itertools import count
from pathlib import Path
from subprocess import CompletedProcess
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg import sql

from parity.database import Database, EmbeddedServer, provision
from parity.opinion.apart import Apart

if TYPE_CHECKING:
    from parity.demo.server import ReplayServer

NEW_YORK = ZoneInfo("America/New_York")
Inside = Callable[..., "CompletedProcess[str]"]
_numbers = count(1)


# The files that take longest, by name: they start first, so that none is left over at the end.
LONGEST = (
    "deploying/test_pools", "flows/test_granularity", "deploying/test_document",
    "plan/test_killed_process", "plan/test_killed_database", "benchmarks/test_flows_benchmark",
    "nightly/test_resume", "selftest/test_faults", "flows/", "plan/", "upkeep/", "cli/test_cli",
    "deploying/",
)  # fmt: skip
# Files that ask the same Prefect server: in one process they start it once.
ONE_SERVER = tuple(
    f"tests/flows/test_{name}.py"
    for name in (
        "flows", "granularity", "maintenance", "monitoring", "parity_nightly", "pausing",
        "resuming", "server", "watch",
    )
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        return next((n for n, name in enumerate(LONGEST) if name in item.nodeid), len(LONGEST))

    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Any:
    """With `--dist loadfile`, hands out the files of one server as if they were one."""
    if config.getoption("dist") != "loadfile":
        return None
    scheduling: Any = import_module("xdist.scheduler").LoadFileScheduling(config, log)

    def scope(test: str) -> str:
        file = test.partition("::")[0]
        return "one server" if file in ONE_SERVER else file

    scheduling._split_scope = scope
    return scheduling


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedServer]:
    """One embedded PostgreSQL for the whole session."""
    with tempfile.TemporaryDirectory(prefix="parity-pg-") as folder:
        server = EmbeddedServer(Path(folder) / "pg").start()
        with _admin(server) as connection:
            # Nothing of a test's database outlives the test: spare the disk.
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(
                    sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting))
                )
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("CREATE DATABASE template_parity")
        provision(server.url(user="postgres", database="template_parity"), login=True)
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture
def database(server: EmbeddedServer) -> Iterator[Database]:
    """A fresh database with roles, schemas and grants, dropped after the test."""
    name = f"test_{next(_numbers)}"
    with _admin(server) as connection:
        # Copying files takes half as long as writing the log of them.
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template_parity STRATEGY file_copy").format(
                sql.Identifier(name)
            )
        )
        connection.execute(
            sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name))
        )
        connection.execute(
            sql.SQL(
                "GRANT CONNECT ON DATABASE {} TO legacy_writer, prefect_writer, "
                "parity_switch, parity_harness"
            ).format(sql.Identifier(name))
        )
    try:
        yield Database(server.url(user="postgres", database=name), server)
    finally:
        with _admin(server) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )


@pytest.fixture
def replay(tmp_path: Path) -> Iterator[ReplayServer]:
    """A vendor server as of the evening before AAPL's split."""
    from parity.demo.server import ReplayServer

    as_of = datetime(2005, 2, 25, 20, 0, tzinfo=NEW_YORK)
    with ReplayServer(as_of=as_of, work_dir=tmp_path / "replay") as running:
        yield running


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Inside:
    """Runs `parity …` in this process, which has imported already what takes seconds to import.

    `inside("status", folder=here, PARITY_DEBUG="1")`: a folder and variables of its own.
    """
    from parity.cli import main

    def run(*arguments: str, folder: Path, **variables: str) -> CompletedProcess[str]:
        capsys.readouterr()
        before = signal.getsignal(signal.SIGTERM)
        with monkeypatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            patch.chdir(folder)
            patch.setattr(sys, "argv", ["parity", *arguments])
            try:
                with pytest.raises(SystemExit) as ended:
                    main()
            finally:
                signal.signal(signal.SIGTERM, before)
        assert isinstance(ended.value.code, int)
        return CompletedProcess(arguments, ended.value.code, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def second_opinion() -> Iterator[Apart]:
    """The child that gives second opinions."""
    with Apart() as child:
        yield child


@pytest.fixture
def one_second_opinion(second_opinion: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    """`parity diff` in this process asks a child that is there already: each takes a second."""

    class Kept(Apart):
        def __init__(self) -> None:
            self._child = second_opinion._child

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr("parity.nightly.adhoc.Apart", Kept)


def _admin(server: EmbeddedServer) -> psycopg.Connection:
    return psycopg.connect(server.url(user="postgres", database="postgres"), autocommit=True)
