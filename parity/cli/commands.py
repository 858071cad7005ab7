"""The commands. Each one parses, calls a use case and says how it ended."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parity.cli.alerts import alerts
from parity.cli.diff import diff
from parity.cli.evidence import ALL as EVIDENCE
from parity.cli.noise import noise
from parity.cli.options import SessionDate, config_option, night_options, outputs_option
from parity.cli.outputs import Outputs
from parity.cli.phases import ALL as PHASES
from parity.cli.progress import Progress
from parity.cli.quarantine import ALL as QUARANTINE
from parity.cli.schema import schema
from parity.cli.selftest import selftest
from parity.cli.status import status
from parity.cli.switching import ALL as SWITCHING
from parity.cli.telling import say, shown, tell
from parity.cli.track import track
from parity.cli.upkeep import ALL as UPKEEP
from parity.cli.waive import ALL as WAIVE
from parity.model.errors import UsageError
from parity.model.result import JobOutcome, RunResult
from parity.model.since import Since

if TYPE_CHECKING:
    from parity.nightly import Harness

__all__ = ["ALL"]


@click.command()
@night_options
def nightly(config: Path, session: date | None, as_of: datetime | None, outputs: Outputs) -> int:
    """Run both sides' jobs, compare what they wrote, publish the report."""
    from parity.nightly import Night, open_harness
    from parity.nightly.alerting import alert_after_night
    from parity.nightly.pruning import prune_old_evidence
    from parity.plan.schedules import settle

    harness = open_harness(config, os.environ)
    with harness.alone():
        night = Night.of(harness, session, as_of, datetime.now(UTC))
        told = None if outputs.alone else _job_line
        with Progress() as progress:
            result = night.run(os.environ, told, progress=progress, say=say)
        prune_old_evidence(harness, datetime.now(UTC))
        code = _tell(harness, result, outputs)
        settle(harness, os.environ, say)  # what a switch asked of Prefect while it was away
    # The night is over; whom to tell, and how long that takes, is no part of it.
    alert_after_night(harness, datetime.now(UTC), os.environ, say)
    return code


@click.command()
@click.option(
    "--since",
    "run_id",
    metavar="RUN",
    help="Also say which differences are new, gone and persisting since that run; last is the one "
    "before this.",
)
@click.option("--full", is_flag=True, help="Compare all of history, whatever window says.")
@night_options
def compare(
    config: Path,
    session: date | None,
    as_of: datetime | None,
    outputs: Outputs,
    run_id: str | None,
    full: bool,
) -> int:
    """Compare and report what is stored, without running any job."""
    from parity.nightly import Night, open_harness
    from parity.nightly.pruning import prune_old_evidence
    from parity.nightly.since import earlier_run, since

    harness = open_harness(config, os.environ)
    with harness.alone():
        night = Night.of(harness, session, as_of, datetime.now(UTC))
        # An unknown run is refused before a long comparison, not after it.
        before = None if run_id is None else earlier_run(harness, night.session, run_id)
        with Progress() as progress:
            result = night.compare(full=full, progress=progress, say=say, environ=os.environ)
        found = None if before is None else (before, since(harness, result, before))
        prune_old_evidence(harness, datetime.now(UTC))
        return _tell(harness, result, outputs, found)


@click.command()
@click.option(
    "--session", type=SessionDate(), help="The trading date; by default the newest that is stored."
)
@outputs_option
@config_option
def report(config: Path, session: date | None, outputs: Outputs) -> int:
    """Write the reports again from what is stored, and print one night's.

    The exit code is that of the night's verdict.
    """
    from parity.nightly import open_harness, publish_all

    harness = open_harness(config, os.environ)
    with harness.alone():
        nights = publish_all(harness, os.environ)
    wanted = [night for night in nights if session in (None, night.session)]
    if not wanted:
        raise UsageError(
            f"no night of {session or 'any session'} is stored for migration "
            f"{harness.suite.migration}; run parity nightly first"
        )
    return _tell(harness, wanted[0], outputs)


@click.command(short_help="Replay ten real sessions, a stock split among them.")
@config_option
@click.option("--nights", type=click.IntRange(1, 10), default=10, show_default=True,
              help="Replay only the first N of the ten sessions.")  # fmt: skip
def demo(config: Path, nights: int) -> int:
    """Replay ten real sessions, 2005-02-17 to 2005-03-03, with a stock split among them.

    Needs no network and no account: both vendors are replayed on this machine. Everything is
    made anew in .parity/demo; the reports go where the config says.
    """
    from parity.demo.replay import run_demo

    return run_demo(config, nights=nights, echo=click.echo, environ=os.environ)


@click.group()
def database() -> None:
    """The embedded PostgreSQL."""


@database.command()
@config_option
def stop(config: Path) -> int:
    """Stop it until a command needs it again."""
    from parity.database import EmbeddedServer
    from parity.nightly import read_suite

    server = EmbeddedServer(read_suite(config, os.environ).state / "pg")
    running = server.running
    server.stop()
    click.echo("Stopped." if running else "It was not running.")
    return 0


def _job_line(outcome: JobOutcome) -> None:
    state = "ok" if outcome.ok else f"FAILED: {outcome.failure}"
    click.echo(f"{outcome.side.value:9} {outcome.name:24} {outcome.seconds:6.1f} s  {state}")


def _tell(
    harness: Harness,
    result: RunResult,
    outputs: Outputs,
    since: tuple[str, tuple[Since, ...]] | None = None,
) -> int:
    from parity.nightly.publishing import beside_of
    from parity.report.nights import night_link

    beside = None if since is None else {"since": [found.to_json() for found in since[1]]}

    def after() -> Iterator[object]:
        if since is not None:
            from parity.report.since import render_since

            yield "\n"
            yield render_since(since[1], since[0])
        yield f"\nReport: {shown(harness.suite.reports / night_link(result))}\n"
        yield f"Run: {result.run_id}\n"

    store, migration = harness.store, result.migration
    around = beside_of(harness, result, store.nights(migration), store.noise(migration))
    base = harness.suite.alerts.link
    link = f"{base}/{night_link(result)}" if base else ""
    return tell(result, outputs, beside=beside, shown=around, link=link, after=after)


ALL = (
    nightly,
    compare,
    diff,
    report,
    status,
    alerts,
    selftest,
    noise,
    track,
    schema,
    *WAIVE,
    *PHASES,
    *SWITCHING,
    *QUARANTINE,
    *EVIDENCE,
    *UPKEEP,
    demo,
    database,
)
