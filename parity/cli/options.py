"""Options that several commands share."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from parity.cli.outputs import Outputs

__all__ = [
    "Command",
    "Moment",
    "SessionDate",
    "by_option",
    "config_option",
    "json_option",
    "night_options",
    "outputs_option",
]

Command = Callable[..., Any]


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


def config_option(function: Command) -> Command:
    """--config, for all commands."""
    return click.option(
        "--config", type=click.Path(path_type=Path), default=Path("parity.yaml"),
        show_default=True, help="The file that says what is compared, and how.",
    )(function)  # fmt: skip


def by_option(function: Command) -> Command:
    """--by, for all commands that decide something; the name stands in the trail."""
    return click.option(
        "--by", metavar="NAME", default=_login, callback=_name,
        help="Who decides, for the record.  [default: your login]",
    )(function)  # fmt: skip


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may know no user of that number
        return ""


def _name(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    name = " ".join(value.split())
    if not name or not name.isprintable():
        raise click.BadParameter("say who decides, such as --by anna")
    return name


def json_option(function: Command) -> Command:
    """--json, for all commands that report."""
    return click.option(
        "--json", "json_path", metavar="PATH|-",
        help="Write result.json there too; - is standard output, then alone.",
    )(function)  # fmt: skip


def outputs_option(function: Command) -> Command:
    """--json, --junit and --summary, as `outputs`, for all commands that print a run."""

    @wraps(function)
    def with_outputs(
        *arguments: Any,
        json_path: str | None,
        junit_path: str | None,
        summary_path: str | None,
        **named: Any,
    ) -> Any:
        outputs = Outputs(json=json_path, junit=junit_path, summary=summary_path)
        return function(*arguments, outputs=outputs, **named)

    command: Command = with_outputs
    for option in (
        click.option("--summary", "summary_path", metavar="PATH|-",
                     help="Add a Markdown summary to the end of that file, which is not emptied, "
                     "such as $GITHUB_STEP_SUMMARY; - as with --json."),
        click.option("--junit", "junit_path", metavar="PATH|-",
                     help="Write JUnit XML there, for CI; - as with --json."),
        json_option,
    ):  # fmt: skip
        command = option(command)
    return command


def night_options(function: Command) -> Command:
    """The options of commands that are about one session."""
    for option in (
        outputs_option,
        click.option("--as-of", type=Moment(), help="What jobs take as now; by default the time "
                     "at which the session's night is due."),
        click.option("--session", type=SessionDate(), help="The trading date; by default the "
                     "newest one whose night is due."),
    ):  # fmt: skip
        function = option(function)
    return config_option(function)
