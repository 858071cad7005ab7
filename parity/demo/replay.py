"""The demo: ten real sessions, replayed night by night through the real harness.

Both vendors are replayed by a server on loopback; the scripts and the flows run as they would in
production, each as commands of parity.yaml.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from parity.config import load
from parity.database import EmbeddedServer
from parity.demo.config import write_demo_config
from parity.demo.operating import Operator
from parity.demo.server import ReplayServer
from parity.jobs import run_jobs
from parity.model.errors import ParityError
from parity.model.result import JobOutcome
from parity.model.suite import Job, Suite
from parity.model.verdict import Side, Verdict
from parity.nightly import Harness, Night, harness_of
from parity.report.terminal import render_index
from parity.report.view import NightRow

__all__ = ["FIRST", "LAST", "run_demo"]

FIRST, LAST = date(2005, 2, 17), date(2005, 3, 3)
SEED_SESSION = date(2005, 2, 16)
SEED_DAYS = 730  # calendar days of history before the first night
Echo = Callable[[str], None]


def run_demo(config: Path, *, nights: int, echo: Echo, environ: Mapping[str, str]) -> int:
    """Replays the sessions from FIRST on and prints what came of them.

    Everything it stores is made anew in a folder of its own, so that it can be run again and
    never touches a real migration's database. Its config is a file of its own, beside the given.

    Returns:
        0 when every night was judged, 2 when one is undecided.
    """
    own = _near(write_demo_config(config))
    suite = load(own)
    # The team's own server is no place for a demo, and its keys are of no use to it.
    private = ("PARITY_DATABASE_URL", "PREFECT_API_", "POLYGON_")
    clean = {k: v for k, v in environ.items() if not k.startswith(private)}
    with _fresh_state(suite, clean):
        harness = harness_of(suite, clean)
        start = harness.exchange.night(SEED_SESSION, suite.at)
        with ReplayServer(as_of=start, work_dir=suite.state / "vendors") as vendors:
            env = {**clean, **vendors.environment(), "PARITY_STATE": str(suite.state)}
            _replay(harness, vendors, env, nights)
            # What holds for each session: one is compared again after an incident.
            results = harness.store.nights(suite.migration)
    echo("")
    echo(str(render_index([NightRow.of(result) for result in results])))
    echo(f"Reports: {_near(suite.reports / 'index.html')}")
    newest = results[0].as_of.astimezone(harness.exchange.zone).isoformat(timespec="minutes")
    echo(f"Look around: parity status --config {own}")
    echo(f"(or phase show, checklist; --as-of {newest})")
    return 2 if any(result.verdict is Verdict.UNDECIDED for result in results) else 0


def _near(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _replay(harness: Harness, vendors: ReplayServer, env: Mapping[str, str], nights: int) -> None:
    suite = harness.suite
    sessions = harness.exchange.between(FIRST, LAST)[:nights]
    with _progress() as progress:
        task = progress.add_task("two years of history, both sides", total=len(sessions))
        _seed(harness, vendors.as_of, env)
        operator = Operator(harness, env, lambda line: progress.console.print(f"{'':12}{line}"))
        for session in sessions:
            progress.update(task, description=f"night of {session}")
            vendors.set_as_of(harness.exchange.night(session, suite.at))
            night = Night(harness, session, vendors.as_of)

            def show(job: JobOutcome, session: date = session) -> None:
                done = f"{job.name} {job.seconds:.1f} s" if job.ok else f"{job.name} FAILED"
                progress.update(task, description=f"night of {session}: {done}")

            result = night.run(env, show)
            progress.console.print(
                f"{session}  {result.verdict.value:9}  "
                f"{sum(entry.rows.discrepancies for entry in result.datasets):6,} differences"
            )
            operator.after(night)
            progress.advance(task)
        progress.update(task, description="done")


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description:<44.44}"),
        BarColumn(bar_width=12),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


def _seed(harness: Harness, as_of: datetime, env: Mapping[str, str]) -> None:
    """Loads the history before the first night on both sides, with their own commands."""
    suite = harness.suite
    outcomes = run_jobs(
        _seeding_jobs(suite),
        session=SEED_SESSION,
        as_of=as_of,
        root=suite.root,
        state=suite.state,
        logs=suite.state / "logs" / "seed",
        database_url=harness.database_url,
        environ=env,
    )
    failed = [job for job in outcomes if not job.ok]
    if failed:
        raise ParityError(
            f"demo: the history could not be loaded: {failed[0].name}: {failed[0].failure}; "
            f"see {suite.state / 'logs' / 'seed' / failed[0].log}"
        )


def _seeding_jobs(suite: Suite) -> tuple[Job, ...]:
    """The nightly jobs, asked for two years of bars. The last --days-back on a line counts."""

    def loads_bars(job: Job) -> bool:
        return any(word in part for part in job.command for word in ("yahoo", "polygon"))

    return tuple(
        replace(
            job,
            command=(*job.command, "--days-back", str(SEED_DAYS))
            if loads_bars(job)
            else job.command,
            timeout=timedelta(minutes=10),
        )
        for side in Side
        for job in suite.jobs
        if job.side is side
    )


@contextmanager
def _fresh_state(suite: Suite, environ: Mapping[str, str]) -> Iterator[None]:
    """An empty state folder; the servers that lived in it are stopped before and after."""
    _stop_servers(suite, environ)
    shutil.rmtree(suite.state, ignore_errors=True)
    suite.state.mkdir(parents=True)
    try:
        yield
    finally:
        _stop_servers(suite, environ)


def _stop_servers(suite: Suite, environ: Mapping[str, str]) -> None:
    if not suite.state.exists():
        return
    subprocess.run(
        [sys.executable, "-m", "prefect_flows", "server", "stop"],
        cwd=suite.root,
        env={**environ, "PARITY_STATE": str(suite.state)},
        capture_output=True,
        check=False,
    )
    EmbeddedServer(suite.state / "pg").stop()
