"""`parity rollback`: consumers read legacy again."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parity.cli.options import Moment, by_option, config_option, json_option
from parity.cli.telling import never_fails, say, shown, write_json
from parity.model.errors import ConfigError, ParityError, UsageError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from parity.model.suite import Suite
    from parity.nightly.harness import Harness
    from parity.plan.catching_up import CaughtUp
    from parity.plan.proving_served import Proof
    from parity.plan.rollback_plan import RollbackPlan
    from parity.plan.rolled_back import RolledBack

__all__ = ["ALL", "rollback"]

WIDTH = 80


@click.command(short_help="Have consumers read legacy again.")
@config_option
@by_option
@json_option
@click.option("--migration", metavar="NAME", help="Whose config on record is taken when "
              "parity.yaml is broken and does not say.")  # fmt: skip
@click.option("--execute", is_flag=True, help="Do it; without it the plan is shown.")
@click.option("--reason", metavar="TEXT", help="Why, for the record.")
@click.option("--switch-only", is_flag=True, help="Leave what comes after the switch for later.")
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
    as_sql: bool,
    as_of: datetime | None,
) -> int:
    """Have consumers read legacy again, then bring legacy up to date.

    Needs the database and nothing else: where parity.yaml is broken, the config on record is taken.
    The switch comes first. Then Prefect's schedules are paused, the old scripts run for the
    sessions that they missed, what no vendor serves any more is copied, and it is proved that all
    that was served is served. Killed anywhere, the same command goes on.

    Exit codes: 0 switched and proved, or the plan was shown; 1 switched, but something is listed
    or could not be done; 2 not switched.
    """
    if execute and as_sql:
        raise UsageError("--sql only prints; leave --execute out")
    if execute and not (reason and reason.strip()):
        raise UsageError("say why: parity rollback --execute --reason TEXT")
    from parity.nightly.harness import harness_as_it_is

    harness = harness_as_it_is(_suite(config, migration), os.environ)
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
        say=never_fails(_say(json_path)), switch_only=switch_only,
    )  # fmt: skip
    try:
        never_fails(_print)(done.to_json(), lambda: list(_told(done)), json_path)
    except ParityError as error:  # the file for the JSON: it is switched all the same
        never_fails(say)(str(error))
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


def _plan(harness: Harness, now: datetime, json_path: str | None) -> int:
    from parity.plan.rollback_plan import plan_rollback

    plan = plan_rollback(harness, now)
    _print(plan.to_json(), lambda: list(_planned(plan)), json_path)
    return 0


def _say(json_path: str | None) -> Callable[[str], None]:
    def tell(line: str) -> None:
        click.echo(line, err=json_path == "-")

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


def _planned(plan: RollbackPlan) -> Iterator[RenderableType]:
    from rich.text import Text

    from parity.report.screen import bullets, plain_table

    where = plan.where
    yield Text(f"Phase {where.phase}; consumers read {where.primary}, says the trail.", "bold")
    if where.views:
        table = plain_table(("view in market", False), ("reads", False), ("would read", False))
        for view in where.views:
            table.add_row(Text(view.name), plan.reads(view.name), Text(str(view.served.legacy)))
        yield table
    if not plan.needed:
        yield Text("Consumers read legacy: there is nothing to roll back.")
        return
    yield from bullets("parity rollback --execute --reason TEXT would", list(_steps(plan)))
    if plan.trouble:
        yield from bullets("But", [plan.trouble])
    yield Text("")
    yield Text("Nothing has been done. --sql prints the switch for psql.")


def _steps(plan: RollbackPlan) -> Iterator[str]:
    where = plan.where
    if where.astray:
        yield "have all views read legacy, in one transaction"
    elif where.open:
        yield f"go on with {where.open}, which has switched"
    else:
        yield f"call off {where.begun}, which has begun and not switched"
    if where.astray and plan.schedules:
        yield f"have Prefect pause {', '.join(plan.schedules)}"
    if plan.hooks:
        yield f"run the hooks {', '.join(plan.hooks)}"
    if not (where.astray or where.open):
        return
    if plan.missed:
        from parity.plan.rerunning import spanned

        yield f"run the old scripts for {spanned(plan.missed)}"
    yield "copy into legacy what only the candidate has, and prove that all is served"


def _told(done: RolledBack) -> Iterator[RenderableType]:
    from parity.report.screen import bullets

    if done.caught is not None:
        yield from _caught(done.caught)
    failed = [f"hook {one.name}: {one.reason}" for one in done.hooks if not one.ok]
    troubles = [*failed, *done.troubles, *(done.caught.troubles if done.caught else ())]
    yield from bullets("Not done", troubles)
    if not done.finished:
        yield from bullets("Then", ["parity rollback --execute --reason TEXT goes on"])


def _caught(caught: CaughtUp) -> Iterator[RenderableType]:
    from rich.text import Text

    from parity.report.screen import bullets, plain_table

    names = ("relation", "rows", "copied", "missing", "beyond", "not compared")
    table = plain_table(*((name, name != "relation") for name in names))
    for proof in caught.proofs:
        copied = caught.copied.get(proof.relation, 0)
        numbers = (proof.rows, copied, proof.missing, proof.beyond, proof.unchecked)
        shown = ["-" if proof.why_not else f"{number:,}" for number in numbers]
        table.add_row(Text(proof.relation), *shown)
    if caught.proofs:
        yield table
    if caught.proofs and caught.clean:
        yield Text("All that was served is served, within tolerance.", "bold")
    for proof in caught.proofs:
        yield from bullets(proof.relation, [*_findings(proof), *proof.examples])
    yield from bullets(
        "Scripts that failed", [f"{day} {job.name}: {job.failure}" for day, job in caught.failed]
    )


def _findings(proof: Proof) -> Iterator[str]:
    if proof.why_not:
        yield f"not proved: {proof.why_not}"
    if proof.unpaired:
        yield f"{proof.unpaired:,} rows with a doubled or NULL key: nothing is proved of them"
    if proof.unchecked:
        yield f"{proof.unchecked:,} rows are of no dataset: their values were not compared"
    if proof.accepted:
        yield f"{proof.accepted:,} rows are older than since: their values were not compared"
    if proof.lost:
        yield f"the candidate has lost {', '.join(proof.lost)}: not compared"
    for path in proof.listed:
        yield f"all of them: {shown(Path(path))}" if "cannot" not in path else path


ALL = (rollback,)
