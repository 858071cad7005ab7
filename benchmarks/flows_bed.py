"""What the arms run on: PostgreSQL with templates, one Prefect server, the vendor replay."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import psycopg

from benchmarks import flows_queries as queries
from benchmarks.server import LOADING, Server
from parity.database import Database, EmbeddedServer, provision
from parity.demo.bars import midnight
from parity.demo.market import SYMBOLS, daily_bars
from prefect_flows.queries.connection import connect
from prefect_flows.server import ensure_server, read_state, stop_server
from prefect_flows.server_settings import DATABASE_VARIABLE, home
from prefect_flows.tables import create_tables

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

__all__ = ["EMPTY", "LIGHT", "STORED", "Limit", "Orchestrator", "Template", "Warehouse", "tickers"]

ROOT = Path(__file__).parents[1]
# Longer than a burst of 5,000 tasks takes to be recorded by a busy machine.
RECORDING_SECONDS = 600.0
_STEADY_SECONDS = 15.0
_PAGE_SECONDS = 0.5
_ENDING_SECONDS = 0.2


def tickers(number: int) -> tuple[str, ...]:
    """Made-up tickers such as GOOG-0001, and one to spare after them."""
    return tuple(f"{SYMBOLS[place % len(SYMBOLS)]}-{place:04}" for place in range(number + 1))


@dataclass(frozen=True, slots=True)
class Template:
    """A database that arms get copies of.

    Attributes:
        name: Of the database.
        days: Calendar days of daily bars in it; 0 means none.
        sources: Series of each ticker.
        schemas: Sides that have them.
    """

    name: str
    days: int = 0
    sources: tuple[str, ...] = ("yahoo", "yahoo_adjusted")
    schemas: tuple[str, ...] = ("legacy", "prefect")


EMPTY = Template("empty")
STORED = Template("stored", days=310)
# As little as it takes to have something to do for each of thousands of tickers.
LIGHT = Template("light", days=35, sources=("yahoo_adjusted",), schemas=("prefect",))


class _Shared(Server):
    """A server that the Prefect server uses too, whose connections stay when an arm has ended."""

    def settle(self, idle: set[int]) -> None:  # noqa: ARG002
        """Leave the arm's own connections the moment that they take to end."""
        time.sleep(_ENDING_SECONDS)


class Warehouse:
    """The PostgreSQL that all arms and the Prefect server write to.

    While templates are made it spares the disk; what is measured, is measured as PostgreSQL ships.
    """

    def __init__(self, folder: Path) -> None:
        self.server: Server = _Shared(folder)
        self._embedded = EmbeddedServer(folder).start()
        self._numbers = count(1)

    def make(self, template: Template, names: Sequence[str], until: datetime) -> None:
        """Make a template: tables of both sides, and bars of the tickers up to `until`."""
        with self.server.connect() as admin:
            admin.execute(queries.create_database(template.name))
        database = self._database(template.name)
        provision(database.admin_url, login=True)
        with database.connect_as("legacy_writer", autocommit=True) as connection:
            connection.execute((ROOT / "legacy" / "schema.sql").read_bytes())
        with connect(database.url_as("prefect_writer")) as connection:
            create_tables(connection)
        if template.days:
            self._fill(database, template, names, until)

    def _fill(
        self, database: Database, template: Template, names: Sequence[str], until: datetime
    ) -> None:
        first = until.date() - timedelta(template.days)
        asked = {"names": list(names), "sources": list(template.sources)}
        with psycopg.connect(database.admin_url, autocommit=True) as connection:
            connection.execute(queries.TEMPORARY)
            with connection.cursor() as cursor, cursor.copy(queries.COPY) as copy:
                for row in _real_bars(first, until):
                    copy.write_row(row)
            for schema in template.schemas:
                connection.execute(queries.fill(schema), asked)
                connection.execute(queries.vacuum(schema))

    def ship(self) -> None:
        """From now on the server is as PostgreSQL ships it: durable, with autovacuum."""
        with self.server.connect() as admin:
            for name in LOADING:
                admin.execute(queries.reset_system(name))
            admin.execute(queries.RELOAD)

    @contextmanager
    def copy(self, template: Template) -> Iterator[Database]:
        """A fresh database, dropped at the end."""
        name = f"arm_{next(self._numbers)}"
        with self.server.connect() as admin:
            admin.execute(queries.create_database(name, template.name))
            try:
                yield self._database(name)
            finally:
                admin.execute(queries.drop_database(name))

    def prefect_url(self) -> str:
        """Where the Prefect server keeps its state."""
        return self._database("postgres").prefect_url()

    def stop(self) -> None:
        """Stop it; its folder stays."""
        self.server.stop()

    def _database(self, name: str) -> Database:
        return Database(self._embedded.url(user="postgres", database=name), self._embedded)


def _real_bars(first: date, until: datetime) -> Iterator[tuple[Any, ...]]:
    for symbol in SYMBOLS:
        for bar in daily_bars(symbol, until):
            if bar.session >= first:
                prices = (bar.open, bar.high, bar.low, bar.close)
                yield (symbol, midnight(bar.session), *prices, bar.volume)


@dataclass(frozen=True, slots=True)
class Limit:
    """A vendor's limit: `burst` requests at once, then `rate` a second."""

    burst: int
    rate: float

    def seconds(self, requests: int) -> float:
        """What it alone takes."""
        return max(0, requests - self.burst) / self.rate


class Orchestrator:
    """A Prefect server of the benchmark's own, with our settings, on the same PostgreSQL."""

    def __init__(self, folder: Path, database_url: str) -> None:
        kept = {name: v for name, v in os.environ.items() if not name.startswith("PREFECT_")}
        self.environ: dict[str, str] = {
            **kept,
            "PREFECT_HOME": str(folder),
            DATABASE_VARIABLE: database_url,
        }
        self._url = ensure_server(self.environ)

    def stop(self) -> None:
        """End it."""
        stop_server(self.environ)

    def limit(self, vendor: str, limit: Limit) -> None:
        """Set a vendor's limit."""
        with self._client() as client:
            client.upsert_global_concurrency_limit_by_name(vendor, limit.burst, limit.rate)

    def cpu(self) -> float:
        """Seconds of CPU that the server's process has used."""
        state = read_state(home(self.environ))
        assert state is not None
        used = psutil.Process(state.pid).cpu_times()
        return used.user + used.system

    def recorded(self, run_ids: Sequence[str], *, expected: int) -> tuple[int, int]:
        """Return how many tasks of some runs the server knows, and how many of them as Completed.

        The server records what it is told in the background: waits until all that is expected is
        there, or nothing has been added for a while.
        """
        deadline = time.monotonic() + RECORDING_SECONDS
        found, steady_since = (-1, -1), time.monotonic()
        with self._client() as client:
            while True:
                now = self._count(client, run_ids, {}), self._count(client, run_ids, _COMPLETED)
                if now != found:
                    found, steady_since = now, time.monotonic()
                # A moment longer than it takes: a task that is counted twice would show up.
                ended = found[1] >= expected and time.monotonic() - steady_since > _PAGE_SECONDS
                stuck = time.monotonic() - steady_since > _STEADY_SECONDS
                if ended or stuck or time.monotonic() > deadline:
                    return found
                time.sleep(_PAGE_SECONDS)

    def _count(
        self, client: SyncPrefectClient, run_ids: Sequence[str], state: Mapping[str, Any]
    ) -> int:
        asked = {"flow_runs": {"id": {"any_": list(run_ids)}}, "task_runs": dict(state)}
        return int(client.request("POST", "/task_runs/count", json=asked).json())

    def _client(self) -> SyncPrefectClient:
        # It reads these once, at import.
        os.environ["PREFECT_HOME"] = self.environ["PREFECT_HOME"]
        from prefect.client.orchestration import SyncPrefectClient

        return SyncPrefectClient(self._url)


_COMPLETED = {"state": {"type": {"any_": ["COMPLETED"]}}}
