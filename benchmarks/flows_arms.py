"""The arms: scripts, flows in each granularity, and the flows' work without Prefect."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import ceil
from pathlib import Path

import psycopg

from benchmarks import flows_queries as queries
from benchmarks.flows_bed import ROOT, Orchestrator, Template, Warehouse
from benchmarks.measure import Child, FailedError, run_child
from parity.database import Database
from parity.demo.server import ReplayServer

__all__ = [
    "BATCH",
    "GRANULARITIES",
    "LEGACY",
    "PLAIN",
    "Arm",
    "Bed",
    "Found",
    "Job",
    "Night",
    "Sample",
    "Vendor",
    "run_night",
]

LEGACY, PLAIN = "script", "without Prefect, batch:50"
BATCH = "batch:50"
GRANULARITIES = ("symbol", "stages", BATCH)
_TASKS = {"symbol": 1, "stages": 3}  # of a symbol
_SCRIPTS = {"yahoo": "load_yahoo_data.py", "indicators": "calculate_indicators.py"}


@dataclass(frozen=True, slots=True)
class Bed:
    """What arms run on."""

    warehouse: Warehouse
    orchestrator: Orchestrator
    vendors: ReplayServer


@dataclass(frozen=True, slots=True)
class Job:
    """What is asked of every arm.

    Attributes:
        name: `yahoo` (hourly bars of seven days) or `indicators`.
        template: What the arm's database is a copy of.
        names: Tickers; the last one is there for the start-up.
    """

    name: str
    template: Template
    names: tuple[str, ...]

    @property
    def symbols(self) -> int:
        """How many count."""
        return len(self.names) - 1


@dataclass(frozen=True, slots=True)
class Night:
    """One run of a job: the moment it stands for, and what it must leave.

    Attributes:
        as_of: The moment.
        session: Its session.
        bars: Bars of each ticker that must be stored afterwards; 0 where none are loaded.
    """

    as_of: datetime
    session: date
    bars: int = 0


@dataclass(frozen=True, slots=True)
class Arm:
    """Something that does a job: LEGACY, PLAIN, or the flow in the granularity of that name."""

    name: str

    @property
    def schema(self) -> str:
        """Where it writes."""
        return "legacy" if self.name == LEGACY else "prefect"

    @property
    def is_flow(self) -> bool:
        """Whether Prefect is asked."""
        return self.name not in (LEGACY, PLAIN)

    def command(self, job: str, as_of: datetime) -> list[str]:
        """What Python is to run, as arguments of it."""
        if self.name == LEGACY:
            interval = ["--interval", "1h"] if job == "yahoo" else []
            script = str(ROOT / "legacy" / _SCRIPTS[job])
            return [script, *interval, "--as-of", as_of.isoformat()]
        if self.name == PLAIN:
            module, rest = "benchmarks.flows_plain", ["--granularity", BATCH]
        else:
            module, rest = "prefect_flows", ["--granularity", self.name]
            rest += ["--interval", "1h"] if job == "yahoo" else []
        return ["-m", module, job, "--as-of", as_of.isoformat(), *rest]

    def tasks(self, job: str, symbols: int) -> int:
        """How many tasks Prefect is to record.

        Loading prices triggers the indicators' flow, whose run within the other is a task too.
        """
        if not self.is_flow:
            return 0
        a_flow = ceil(symbols / 50) if self.name == BATCH else symbols * _TASKS[self.name]
        return 2 * a_flow + 1 if job == "yahoo" else a_flow


@dataclass(frozen=True, slots=True)
class Vendor:
    """How long a process waited for the vendor: see `flows_timed`."""

    requests: int
    summed: float
    covered: float


@dataclass(frozen=True, slots=True)
class Found:
    """What an arm left in its database, by plain SQL.

    Attributes:
        right: Tickers with the right average (and the right number of bars, all together).
        rows: Rows of indicators, or of bars where those were loaded.
        content: Digest of all that it wrote, times of writing left out.
    """

    right: int
    rows: int
    content: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One run. Times in seconds, `rss` in MB.

    Attributes:
        wall: From the start of the process to its end.
        start: The same for one ticker alone; 0 where that was left out.
        server: CPU of PostgreSQL; with a flow, that for Prefect's own tables too.
        client: CPU of the process.
        orchestrator: CPU of the Prefect server until it had recorded all tasks; None without it.
        rss: Largest memory of the process.
        found: What it left.
        vendor: How long it waited for the vendor; None where it asked none.
        tasks: How many tasks there were.
        recorded: How many the Prefect server knew at all, and how many as Completed.
    """

    wall: float
    start: float
    server: float
    client: float
    orchestrator: float | None
    rss: float
    found: Found
    vendor: Vendor | None
    tasks: int
    recorded: tuple[int, int]


def run_night(
    bed: Bed, arm: Arm, job: Job, night: Night, database: Database, *, starts: bool = True
) -> Sample:
    """Run an arm's start-up, unless not `starts`, and then the arm; look at what it left.

    Raises:
        FailedError: It ended with an error.
    """
    *names, spare = job.names
    start = _run(bed, arm, job.name, [spare], night, database)[0].wall if starts else 0.0
    before = bed.orchestrator.cpu()
    child, vendor = _run(bed, arm, job.name, names, night, database)
    tasks, recorded, recording = arm.tasks(job.name, len(names)), (0, 0), None
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        if arm.is_flow:
            runs = [str(row[0]) for row in connection.execute(queries.NEWEST_RUNS, [night.as_of])]
            recorded = bed.orchestrator.recorded(runs, expected=tasks)
            recording = bed.orchestrator.cpu() - before
        found = _found(connection, arm.schema, spare, job, night)
    return Sample(
        wall=child.wall,
        start=start,
        server=child.server,
        client=child.client,
        orchestrator=recording,
        rss=child.rss,
        found=found,
        vendor=vendor,
        tasks=tasks,
        recorded=recorded,
    )


def _run(
    bed: Bed,
    arm: Arm,
    job: str,
    names: Sequence[str],
    night: Night,
    database: Database,
) -> tuple[Child, Vendor | None]:
    with tempfile.TemporaryDirectory() as folder:
        times = Path(folder) / "times"
        environ = {**_environ(bed, arm, names, database, folder), "VENDOR_TIMES": str(times)}
        timed = ["-m", "benchmarks.flows_timed"] if job == "yahoo" else []
        command = [sys.executable, *timed, *arm.command(job, night.as_of)]
        child = run_child(bed.warehouse.server, command, environ)
        if child.code:
            lines = [*child.output.splitlines(), *child.error.splitlines()]
            raise FailedError(f"{job}, {arm.name}: {lines[-1] if lines else child.code}")
        vendor = Vendor(**json.loads(times.read_text(encoding="ascii"))) if timed else None
    return child, vendor


def _environ(
    bed: Bed, arm: Arm, names: Sequence[str], database: Database, folder: str
) -> dict[str, str]:
    base = bed.orchestrator.environ if arm.is_flow else _without_prefect(os.environ)
    role = "legacy_writer" if arm.name == LEGACY else "prefect_writer"
    return {
        **base,
        **bed.vendors.environment(),
        "DATABASE_URL": database.url_as(role),
        "SYMBOLS": ",".join(names),
        "PYTHONPATH": str(ROOT),
        # yfinance keeps time zones of symbols there: nobody knows any at first.
        "XDG_CACHE_HOME": folder,
    }


def _without_prefect(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not name.startswith("PREFECT_")}


def _found(
    connection: psycopg.Connection, schema: str, spare: str, job: Job, night: Night
) -> Found:
    def one(query: queries.Query) -> object:
        row = connection.execute(query, {"spare": spare, "session": night.session}).fetchone()
        assert row is not None
        return row[0]

    if job.name == "yahoo":
        rows = int(str(one(queries.bars(schema))))
        return Found(rows // night.bars, rows, str(one(queries.bars_content(schema))))
    return Found(
        right=int(str(one(queries.averages(schema)))),
        rows=int(str(one(queries.stored(schema)))),
        content=str(one(queries.indicators_content(schema))),
    )
