"""parity cleanup: what becomes of the old schema in the last phase."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parity.cli.options import by_option, config_option
from parity.cli.telling import beside, text_or_json
from parity.model.errors import UsageError

if TYPE_CHECKING:
    from parity.nightly import Harness
    from parity.plan.quarantine import Cleanup, Done, What
    from parity.report.screen import Screen

__all__ = ["ALL"]


@click.command(short_help="Put the old schema into quarantine.")
@config_option
@by_option
@click.option("--execute", is_flag=True, help="Do it; without it only the plan is shown.")
@click.option("--migration", metavar="NAME", help="With --execute: whose old schema, by name; not "
              "needed for --undo.")  # fmt: skip
@click.option("--undo", is_flag=True, help="Bring the schema back from quarantine.")
@click.option("--drop", is_flag=True, help="Drop the schema, after its quarantine, for good.")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), help="Where the "
              "archive's own folder is; by default archive in the state folder.")  # fmt: skip
@click.option("--json", "json_path", metavar="PATH|-",
              help="Write it as JSON there too; - is standard output, then alone.")  # fmt: skip
def cleanup(
    config: Path,
    by: str,
    execute: bool,
    migration: str | None,
    undo: bool,
    drop: bool,
    folder: Path | None,
    json_path: str | None,
) -> int:
    """Show what is left of the old side; archive its schema and put it into quarantine.

    The schema is dumped, the dump is restored and compared, and the schema renamed. Scripts, cron
    lines, config and docs are listed, never deleted. --undo and --drop without --execute say
    whether that may be done. Exit codes: 0 done, or nothing is in the
    way; 1 the plan is shown and something is in its way; 2 could not.
    """
    if undo and drop:
        raise UsageError("--undo brings the schema back, --drop deletes it: give one of them")
    from parity.nightly import open_harness

    harness = open_harness(config, os.environ)
    place = folder.absolute() if folder else None
    if not execute:
        what: What = "undo" if undo else "drop" if drop else "quarantine"
        return _plan(harness, config, by, place, json_path, what)
    done = _execute(harness, by, migration, place, beside(json_path), undo=undo, drop=drop)
    from parity.plan.quarantining.screen import render_done

    _tell(render_done(done), done, json_path)
    return 0


def _plan(
    harness: Harness,
    config: Path,
    by: str,
    folder: Path | None,
    json_path: str | None,
    what: What,
) -> int:
    from parity.plan.quarantine import plan_cleanup
    from parity.plan.quarantining.screen import render_cleanup

    now = datetime.now(UTC)
    found = plan_cleanup(
        harness, config, by=by, now=now, folder=folder, environ=os.environ, what=what
    )
    _tell(render_cleanup(found), found, json_path)
    return 1 if found.obstacles else 0


def _execute(
    harness: Harness,
    by: str,
    migration: str | None,
    folder: Path | None,
    say: Callable[[str], None],
    *,
    undo: bool,
    drop: bool,
) -> Done:
    from parity.plan import quarantine as plan

    now = datetime.now(UTC)
    if undo:
        return plan.restore(harness, by=by, now=now)
    if drop:
        return plan.drop(harness, migration, by=by, now=now, folder=folder)
    return plan.quarantine(harness, migration, by=by, now=now, folder=folder, say=say)


def _tell(screen: Screen, found: Cleanup | Done, json_path: str | None) -> None:
    text_or_json(lambda: screen, found.to_json(), json_path)


ALL: tuple[click.Command, ...] = (cleanup,)
