"""cutover, rollback and drill: the switch, the way back, the rehearsal."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parity.cli.options import Moment, by_option, config_option
from parity.cli.rollback import ALL as ROLLBACK
from parity.cli.telling import beside, never_fails, say, show_in_index, text_or_json
from parity.model.errors import ParityError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from parity.plan.cutover import Cutover
    from parity.plan.drill import Drilled

__all__ = ["ALL"]

INTERRUPTED = 130


def _json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--json", "json_path", metavar="PATH|-",
        help="Write it as JSON there too; - is standard output, then alone.",
    )(function)  # fmt: skip


@click.command(short_help="Make the candidate the side that consumers read.")
@config_option
@click.option("--execute", is_flag=True, help="Do it; otherwise only show what would be done.")
@click.option("--migration", metavar="NAME", help="With --execute: the migration's name, to "
              "confirm which one is meant.")  # fmt: skip
@click.option("--force", metavar="REASON", help="Cut over though the gate is not open; the reason "
              "is put on record. Never overrides that the way back must work.")  # fmt: skip
@click.option("--columns", is_flag=True, help="Show the columns of every view too.")
@by_option
@click.option("--as-of", type=Moment(), help="By when nights are due and rows settled; by default "
              "now. With --execute: a moment in the past, which is put on record.")  # fmt: skip
@_json_option
def cutover(
    config: Path,
    execute: bool,
    migration: str | None,
    force: str | None,
    columns: bool,
    by: str,
    as_of: datetime | None,
    json_path: str | None,
) -> int:
    """Make the candidate the side that consumers read.

    Without --execute: show the gate, the checks, the views, hooks and schedules; exit 0 where a
    cutover would go through, 1 where something is red.

    With --execute: exit 0 done (or done before), 1 done but a hook after it failed or Prefect's
    schedules do not run yet (the same command tries again), 2 not done: consumers read what they
    read before.
    """
    from parity.cli.planned import nothing_loads
    from parity.nightly import open_harness
    from parity.plan.cutover import SwitchedInterrupt, cut_over

    reason = _reason(force)
    if not execute:
        _only_with_execute(migration, force)
        return _show(config, as_of or _now(), json_path, columns=columns)
    if as_of is not None and as_of > _now():
        raise UsageError("with --execute an --as-of cannot be later than now")
    harness = open_harness(config, os.environ)
    _confirm(migration, harness.suite.migration)
    try:
        done = cut_over(
            harness, by=by, force=reason, now=as_of or _now(), environ=os.environ,
            say=never_fails(beside(json_path)), clock=None if as_of else _now,
            as_of_given=as_of is not None,
        )  # fmt: skip
    except SwitchedInterrupt as error:
        click.echo(f"parity: interrupted; {error}", err=True)
        return INTERRUPTED
    try:
        never_fails(_tell)(done.to_json(), json_path, lambda: list(_cutover_lines(done)))
    except ParityError as error:  # the file for the JSON: it is switched all the same
        never_fails(say)(str(error))
    if not done.schedules:
        never_fails(beside(json_path))(nothing_loads())
    show_in_index(harness)
    return done.exit_code


def _now() -> datetime:
    return datetime.now(UTC)


def _show(config: Path, now: datetime, json_path: str | None, *, columns: bool) -> int:
    """The plan of a cutover."""
    from parity.cli.planned import planned_lines
    from parity.nightly import open_harness
    from parity.plan.showing import show

    harness = open_harness(config, os.environ)
    # The answer comes first: what takes a while is said beside it.
    planned = show(harness, now=now, environ=os.environ, say=beside("-"))
    _tell(planned.to_json(), json_path, lambda: list(planned_lines(planned, columns=columns)))
    return planned.exit_code


@click.command(short_help="Rehearse cutover and rollback on views of its own.")
@config_option
@click.option("--readers", type=click.IntRange(1, 64), default=4, show_default=True,
              help="How many read the views meanwhile.")  # fmt: skip
@click.option("--seconds", type=click.FloatRange(0.1, 3600), default=3.0, show_default=True,
              help="How long they read.")  # fmt: skip
@by_option
@_json_option
def drill(config: Path, readers: int, seconds: float, by: str, json_path: str | None) -> int:
    """Rehearse cutover and rollback on views of its own in schema market_drill.

    Readers read them all the while; consumers notice nothing. The result goes into the trail,
    where the gate finds it. Exit codes: 0 good, 1 the drill failed, 2 it could not run.
    """
    from parity.nightly import open_harness
    from parity.plan.drill import drill as rehearse

    harness = open_harness(config, os.environ)
    found = rehearse(harness, readers=readers, seconds=seconds, by=by, say=beside(json_path))
    _tell(found.to_json(), json_path, lambda: list(_drill_lines(found)))
    return found.exit_code


def _only_with_execute(*given: str | None) -> None:
    if any(one is not None for one in given):
        raise UsageError("--migration and --force go with --execute")


def _confirm(given: str | None, name: str) -> None:
    if given != name:
        raise UsageError(
            f"--execute asks for the migration's name: --migration {name}"
            + (f" (not {given})" if given else "")
        )


def _reason(force: str | None) -> str | None:
    if force is not None and not force.strip():
        raise UsageError("--force needs a reason, which is put on record")
    return force


def _tell(
    content: Mapping[str, Any],
    json_path: str | None,
    lines: Callable[[], list[RenderableType]],
) -> None:
    from parity.report.screen import Screen

    text_or_json(lambda: Screen(lines, 80), content, json_path)


def _cutover_lines(done: Cutover) -> Iterator[RenderableType]:
    from rich.text import Text

    from parity.report.screen import bullets

    if done.already:
        left = "" if done.schedules else " but that Prefect's schedules run"
        yield Text(f"Consumers read the candidate already; nothing is left to do{left}.")
        return
    yield Text(f"{done.operation}: consumers read the candidate.", "bold")
    if done.swapped is not None:
        yield Text(
            f"Switched in {done.swapped.seconds * 1000:.0f} ms at try {done.swapped.attempts}; "
            f"no reader waited longer than {done.swapped.longest_hold * 1000:.0f} ms."
        )
    yield from bullets("Red items of the gate that were overridden", done.forced)
    yield from bullets(
        "Hooks that failed; the same command runs them again",
        [f"{hook.name}: {hook.reason} (log: {hook.log})" for hook in done.failed],
    )
    yield Text("The way back: parity rollback --execute --reason WHY")


def _drill_lines(found: Drilled) -> Iterator[RenderableType]:
    from rich.text import Text

    seen = found.seen
    yield Text(f"Drill of {len(found.views)} views: {'good' if found.ok else 'FAILED'}", "bold")
    if not found.ok:
        yield Text(f"Why: {found.why_not}")
    for what, seconds in (
        ("to the candidate", found.seconds_to_switch),
        ("back to legacy", found.seconds_to_switch_back),
    ):
        if seconds is not None:
            yield Text(f"Switched {what} in {seconds * 1000:.0f} ms.")
    yield Text(
        f"{found.readers} readers: {seen.reads:,} reads, {seen.errors} errors, {seen.mixed} mixed; "
        f"the longest wait was {seen.longest_wait * 1000:.0f} ms."
    )


ALL = (cutover, drill, *ROLLBACK)
