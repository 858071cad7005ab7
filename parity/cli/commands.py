"""The commands. Each one parses, calls a use case and says how it ended."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from parity.model.errors import UsageError
from parity.model.result import JobOutcome, RunResult
from parity.model.verdict import Verdict

__all__ = ["ALL"]


class SessionDate(click.ParamType[date]):
    """A date as 2005-02-28."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The date, or a usage error."""
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no date; write it as 2005-02-28", param, ctx)


class Moment(click.ParamType[datetime]):
    """An instant with its offset, as 2005-02-28T20:00:00-05:00."""

    name = "TIME"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """The instant, or a usage error."""
        try:
            found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            found = None
        if found is None or found.tzinfo is None:
            self.fail(f"{value!r}: write a time with its offset, as 2005-02-28T20:00:00-05:00",
                      param, ctx)  # fmt: skip
        return found


Command = Callable[..., Any]


def config_option(function: Command) -> Command:
    """--config, for all commands."""
    return click.option(
        "--config", type=click.Path(path_type=Path), default=Path("parity.yaml"),
        show_default=True, help="The file that says what is compared, and how.",
    )(function)  # fmt: skip


def json_option(function: Command) -> Command:
    """--json, for all commands that report."""
    return click.option(
        "--json", "json_path", metavar="PATH|-",
        help="Write result.json there too; - is standard output, then alone.",
    )(function)  # fmt: skip


def night_options(function: Command) -> Command:
    """The options of commands that are about one session."""
    for option in (
        json_option,
        click.option("--as-of", type=Moment(), help="What jobs take as now; by default the time "
                     "at which the session's night is due."),
        click.option("--session", type=SessionDate(), help="The trading date; by default the "
                     "newest one whose night is due."),
    ):  # fmt: skip
        function = option(function)
    return config_option(function)


@click.command()
@night_options
def nightly(
    config: Path, session: date | None, as_of: datetime | None, json_path: str | None
) -> int:
    """Run both sides' jobs, compare what they wrote, publish the report."""
    from parity.nightly import Night, open_harness

    harness = open_harness(config, os.environ)
    with harness.alone():
        night = Night.of(harness, session, as_of, datetime.now(UTC))
        quiet = json_path == "-"
        result = night.run(os.environ, None if quiet else _job_line)
        return _tell(result, harness.suite.reports, json_path)


@click.command()
@night_options
def compare(
    config: Path, session: date | None, as_of: datetime | None, json_path: str | None
) -> int:
    """Compare and report what is stored, without running any job."""
    from parity.nightly import Night, open_harness

    harness = open_harness(config, os.environ)
    with harness.alone():
        result = Night.of(harness, session, as_of, datetime.now(UTC)).compare()
        return _tell(result, harness.suite.reports, json_path)


@click.command()
@click.option(
    "--session", type=SessionDate(), help="The trading date; by default the newest that is stored."
)
@json_option
@config_option
def report(config: Path, session: date | None, json_path: str | None) -> int:
    """Write the reports again from what is stored, and print one night's.

    The exit code is that of the night's verdict.
    """
    from parity.nightly import open_harness, publish_all

    harness = open_harness(config, os.environ)
    with harness.alone():
        nights = publish_all(harness)
    wanted = [night for night in nights if session in (None, night.session)]
    if not wanted:
        raise UsageError(
            f"no night of {session or 'any session'} is stored for migration "
            f"{harness.suite.migration}; run parity nightly first"
        )
    return _tell(wanted[0], harness.suite.reports, json_path)


@click.command()
@config_option
def status(config: Path) -> int:
    """List the nights stored so far, newest first. The exit code is the newest verdict's."""
    from parity.nightly import open_harness
    from parity.report.terminal import render_index
    from parity.report.view import NightRow

    harness = open_harness(config, os.environ)
    nights = harness.store.nights(harness.suite.migration)
    if not nights:
        click.echo("No night yet: run parity nightly.")
        return Verdict.UNDECIDED.exit_code
    click.echo(str(render_index([NightRow.of(night) for night in nights])))
    return nights[0].verdict.exit_code


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


def _tell(result: RunResult, reports: Path, json_path: str | None) -> int:
    from parity.report.publish import render_json
    from parity.report.terminal import render_night
    from parity.report.view import NightRow

    if json_path == "-":
        click.echo(render_json(result), nl=False)
    else:
        if json_path:
            try:
                Path(json_path).write_text(render_json(result), encoding="utf-8")
            except OSError as error:
                raise UsageError(f"--json {json_path}: {error.strerror}") from None
        click.echo(str(render_night(result)))
        click.echo(f"Report: {_shown(reports / NightRow.of(result).link)}")
    if result.verdict is Verdict.UNDECIDED:
        click.echo(f"parity: undecided: {(result.reasons or ('no reason',))[0]}", err=True)
    return result.verdict.exit_code


def _shown(path: Path) -> str:
    """Relative to where the user is, if that is shorter."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


ALL = (nightly, compare, report, status, demo, database)
