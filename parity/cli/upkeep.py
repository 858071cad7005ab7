"""`parity maintain`: what is old goes, what counts is archived and backed up."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parity.cli.options import Command, Moment, SessionDate, config_option
from parity.cli.telling import shown, write_json
from parity.model.verdict import Side

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from parity.upkeep.account import Account

__all__ = ["ALL"]


@click.group(short_help="Clean up, archive, back up.")
def maintain() -> None:
    """Delete what is old, archive a side, back up the schemas.

    Each can be run again at any time, also after a kill. Exit codes: 0 done, 2 could not.
    """


def _common(function: Command) -> Command:
    option = click.option(
        "--json", "json_path", metavar="PATH|-",
        help="Write the counts as JSON there too; - is standard output, then alone.",
    )  # fmt: skip
    return config_option(option(function))


def _folder(function: Command) -> Command:
    return click.option(
        "--folder", type=click.Path(path_type=Path, file_okay=False),
        help="Where it is made; by default in the state folder.",
    )(function)  # fmt: skip


@maintain.command(short_help="Delete what is older than it is kept.")
@_common
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--as-of", type=Moment(), help="From when ages count; by default now.")
def cleanup(config: Path, dry_run: bool, as_of: datetime | None, json_path: str | None) -> int:
    """Delete what is older than `retention` in the config says.

    Runs with their differing rows, pages and logs, evidence files, closed alerts, and the flows'
    accounts. What belongs to the phase in force stays, and so does everything in the reports
    folder that parity did not write.
    """
    from parity.nightly import open_harness
    from parity.nightly.upkeep.cleanup import clean_up

    harness = open_harness(config, os.environ)
    account = clean_up(harness, as_of or datetime.now(UTC), dry_run=dry_run, say=_say(json_path))
    return _tell(account, json_path)


@maintain.command(short_help="Write a side's rows to Parquet.")
@_common
@_folder
@click.option("--side", type=click.Choice([side.value for side in Side]), default="legacy",
              show_default=True, help="Whose tables.")  # fmt: skip
@click.option("--first", type=SessionDate(), help="From this session on.")
@click.option("--last", type=SessionDate(), help="Up to this session.")
def archive(
    config: Path,
    side: str,
    first: date | None,
    last: date | None,
    folder: Path | None,
    json_path: str | None,
) -> int:
    """Write the rows of a side to Parquet files, and read them back.

    One file for each table that a dataset names, and a manifest with rows, checksums and digests.
    An archive that is complete is left as it is.
    """
    from parity.nightly import open_harness
    from parity.nightly.upkeep.archive import archive as write

    harness = open_harness(config, os.environ)
    account = write(
        harness, side=Side(side), first=first, last=last, folder=folder, say=_say(json_path)
    )
    return _tell(account, json_path)


@maintain.command(short_help="Dump the schemas; try that they restore.")
@_common
@_folder
def backup(config: Path, folder: Path | None, json_path: str | None) -> int:
    """Dump the schemas of both sides, market and parity, and restore them to see that it works.

    They are restored into a scratch database of the same server, compared with what was dumped,
    and dropped again. The role needs CREATEDB.
    """
    from parity.nightly import open_harness
    from parity.nightly.upkeep.backup import back_up

    harness = open_harness(config, os.environ)
    account = back_up(harness, datetime.now(UTC), folder=folder, say=_say(json_path))
    return _tell(account, json_path)


def _say(json_path: str | None) -> Callable[[str], None]:
    def say(line: str) -> None:
        click.echo(line, err=json_path == "-")

    return say


def _tell(account: Account, json_path: str | None) -> int:
    text = json.dumps(account.to_json(), indent=2, ensure_ascii=False) + "\n"
    if json_path == "-":
        click.echo(text, nl=False)
        return 0
    if json_path:
        write_json(json_path, text)
    from parity.report.screen import Screen

    click.echo(str(Screen(lambda: list(_parts(account)), 80)), nl=False)
    if account.path:
        click.echo(shown(Path(account.path)))
    return 0


def _parts(account: Account) -> Iterator[RenderableType]:
    from rich.text import Text

    from parity.report.screen import plain_table

    yield Text(account.title, "bold")
    table = plain_table(("number", True), ("what", False), ("", False))
    table.show_header = False
    for line in account.lines:
        table.add_row(f"{line.number:,}", Text(line.what), Text(line.note))
    yield table
    for note in account.notes:
        yield Text(note)


ALL = (maintain,)
