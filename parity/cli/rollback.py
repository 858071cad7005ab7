"""`parity rollback`: consumers read legacy again."""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parity.cli.options import Moment, by_option, config_option, json_option
from parity.cli.telling import never_fails, say, show_in_index, write_json
from parity.model.errors import ConfigError, ParityError, UsageError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from parity.model.suite import Suite
    from parity.nightly.harness import Harness

__all__ = ["ALL", "rollback"]

WIDTH = 80


@click.command(short_help="Have consumers read legacy again.")
@config_option
@by_option
@json_option
@click.option("--migration", metavar="NAME", help="Whose config on record is taken when "
              "parity.yaml is broken and does not say.")  # fmt: skip
@click.option("--execute", is_flag=True, help="Do it; without it the plan is shown.")
@click.option("--reason", metavar="TEXT", help="Why, for the record; not for going on.")
@click.option("--switch-only", is_flag=True, help="Leave what comes after the switch for later.")
@click.option("--no-copy", is_flag=True, help="Copy no row into legacy; list what is missing.")
@click.option("--sql", "as_sql", is_flag=True, help="Print the switch as a script for psql.")
@click.option("--as-of", type=Moment(), help="Up to when sessions are due; by default now.")
def rollback(
    config: Path,
    by: str,
    json_path: str | None,
    migration: str | None,
    execute: bool,
    reason: str | None,
    switch_only: bool,
    no_copy: bool,
    as_sql: bool,
    as_of: datetime | None,
) -> int:
    """Have consumers read legacy again, then bring legacy up to date.

    Needs the database and nothing else: where parity.yaml is broken, the config on record is taken.
    The switch comes first. Then Prefect's schedules are paused, the old scripts run for the
    sessions that they missed, what no vendor serves any more is copied, and it is proved that all
    that was served is served. Killed anywhere, the same command goes on.

    What the newest night had as an incident is listed, not copied.

    Exit codes: 0 switched and proved, or the plan was shown; 1 switched, but something is listed
    or could not be done, or the plan says no; 2 not switched.
    """
    if execute and as_sql:
        raise UsageError("--sql only prints; leave --execute out")
    from parity.nightly.harness import harness_as_it_is

    harness = harness_as_it_is(_somewhere(_suite(config, migration)), os.environ)
    now = as_of or datetime.now(UTC)
    if as_sql:
        from parity.plan.rollback_plan import script_of

        click.echo(script_of(harness), nl=False)
        return 0
    if not execute:
        return _plan(harness, now, json_path)
    from parity.plan.rollback import roll_back

    done = roll_back(
        harness, by=by, reason=reason or "", now=now, environ=os.environ,
        say=never_fails(_say(json_path)), switch_only=switch_only, no_copy=no_copy,
    )  # fmt: skip
    from parity.cli.rollback_told import rolled_back_lines

    try:
        never_fails(_print)(done.to_json(), lambda: list(rolled_back_lines(done)), json_path)
    except ParityError as error:  # the file for the JSON: it is switched all the same
        never_fails(say)(str(error))
    if done.finished:
        show_in_index(harness)
    return done.exit_code


def _suite(config: Path, migration: str | None) -> Suite:
    """What the config says, or said when it was last put on record."""
    from parity.nightly.harness import read_suite

    try:
        suite = read_suite(config, os.environ)
    except ConfigError as error:
        from parity.plan.config_on_record import suite_on_record

        found = suite_on_record(config, error, migration, os.environ)
        never_fails(say)(found.told)
        return found.suite
    if migration not in (None, suite.migration):
        raise UsageError(f"{config} is of migration {suite.migration}, not {migration}")
    return suite


def _somewhere(suite: Suite) -> Suite:
    """The suite, if it has a database: a new one knows of no cutover.

    Raises:
        ParityError: there is none.
    """
    given = os.environ.get("PARITY_DATABASE_URL", "").strip()
    if given or (suite.state / "pg").is_dir():
        return suite
    raise ParityError(
        f"no cutover of {suite.migration} is on record: PARITY_DATABASE_URL is not set, and there "
        f"is no database in {suite.state}"
    )


def _plan(harness: Harness, now: datetime, json_path: str | None) -> int:
    from parity.cli.rollback_told import planned_lines
    from parity.plan.rollback_plan import plan_rollback

    plan = plan_rollback(harness, now)
    _print(plan.to_json(), lambda: list(planned_lines(plan)), json_path)
    return plan.exit_code


def _say(json_path: str | None) -> Callable[[str], None]:
    def tell(line: str) -> None:
        for part in textwrap.wrap(line, WIDTH, break_long_words=False, break_on_hyphens=False):
            click.echo(part, err=json_path == "-")

    return tell


def _print(
    content: dict[str, Any], parts: Callable[[], list[RenderableType]], json_path: str | None
) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    if json_path == "-":
        click.echo(text, nl=False)
        return
    if found := parts():
        from parity.report.screen import Screen

        click.echo(str(Screen(lambda: found, WIDTH)), nl=False)
    if json_path:
        write_json(json_path, text)


ALL = (rollback,)
