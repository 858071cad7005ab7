"""`parity diff`: any two relations of a database, without a config file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from parity.cli.options import outputs_option
from parity.cli.outputs import Outputs
from parity.model.errors import ComparisonError, UsageError

if TYPE_CHECKING:
    from parity.model.suite import Dataset

__all__ = ["diff"]

URL = "PARITY_DATABASE_URL"


@click.command(short_help="Compare any two relations, without a config file.")
@click.argument("legacy")
@click.argument("candidate")
@click.option(
    "--key",
    "keys",
    metavar="COL",
    multiple=True,
    help="A column that identifies a row; once for each.",
)
@click.option(
    "--tolerance",
    "tolerances",
    metavar="COL:abs=A,rel=R",
    multiple=True,
    help="Equal when |delta| <= max(A, R * the larger of the two); for dates and times "
    "abs is a duration, as 1s. COL may be default; COL:exact asks for equality.",
)
@click.option(
    "--exclude", "excluded", metavar="COL", multiple=True, help="A column that is not compared."
)
@click.option(
    "--rename",
    "renames",
    metavar="LEGACY_COL=CANDIDATE_COL",
    multiple=True,
    help="A column that has another name on the candidate side.",
)
@click.option(
    "--where",
    "filters",
    metavar="COL=VALUE",
    multiple=True,
    help="Compare only rows with this value; given again for the same column, any of the values.",
)
@click.option(
    "--timezone",
    metavar="ZONE",
    help="The zone of timestamps that have none, such as America/New_York.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="How many of the rows that differ are printed.",
)
@outputs_option
def diff(
    legacy: str,
    candidate: str,
    keys: tuple[str, ...],
    tolerances: tuple[str, ...],
    excluded: tuple[str, ...],
    renames: tuple[str, ...],
    filters: tuple[str, ...],
    timezone: str | None,
    limit: int,
    outputs: Outputs,
) -> int:
    """Compare LEGACY with CANDIDATE, both SCHEMA.TABLE of the database PARITY_DATABASE_URL.

    Needs no config file and no right but to read the two. Names are as in the database,
    case-sensitive; one with a dot, a space or a quote goes in double quotes, which the shell
    must let through: '"my.schema"."a table"'.
    """  # fmt: skip
    dataset = _dataset(legacy, candidate, keys, tolerances, excluded, renames, filters, timezone)
    url = os.environ.get(URL, "").strip()
    if not url:
        raise UsageError(
            f"{URL} is not set; name the database there, as "
            "postgresql://USER@HOST:PORT/DATABASE or postgresql://USER@/DATABASE?host=SOCKETFOLDER"
        )
    from parity.cli.progress import Progress
    from parity.cli.telling import tell
    from parity.nightly.adhoc import diff_relations

    now = datetime.now(UTC).replace(microsecond=0)
    try:
        with Progress() as progress:
            result, rows = diff_relations(url, dataset, now, progress, rows=limit)
    except ComparisonError as error:
        raise UsageError(_in_options(str(error), dataset.name)) from None

    def differing() -> Iterable[object]:
        from parity.cli.differing import render_differing

        zone = ZoneInfo(dataset.timezone or "UTC")
        return [render_differing(found, rows, zone) for found in result.datasets]

    return tell(result, outputs, after=differing)


def _in_options(text: str, name: str) -> str:
    """A message that speaks of places in a config file, in words of the command line."""
    text = text.removeprefix(f"dataset {name}: ")
    text = re.sub(r"\(named as (\w+) in the config\)", r"(named with --\1)", text)
    return re.sub(rf"datasets\.{re.escape(name)}\.(\w+)\.?", r"--\1 ", text).rstrip()


def _dataset(
    legacy: str,
    candidate: str,
    keys: tuple[str, ...],
    tolerances: tuple[str, ...],
    excluded: tuple[str, ...],
    renames: tuple[str, ...],
    filters: tuple[str, ...],
    timezone: str | None,
) -> Dataset:
    from parity.cli import specs
    from parity.model.suite import EXACT, Dataset, Kind

    left, right = specs.parse_relation(legacy), specs.parse_relation(candidate)
    if not keys:
        raise UsageError("--key: name the columns that identify a row, as --key symbol --key day")
    allowed = [specs.parse_tolerance(text) for text in tolerances]
    specs.each_once([name or specs.DEFAULT for name, _ in allowed], "--tolerance")
    renamed = [specs.parse_rename(text) for text in renames]
    specs.each_once([name for name, _ in renamed], "--rename")
    wanted: dict[str, list[str]] = {}
    for name, value in map(specs.parse_where, filters):
        wanted.setdefault(name, []).append(value)
    dataset = Dataset(
        name=f"{left} → {right}",
        kind=Kind.TABLE,
        legacy=left,
        candidate=right,
        key=specs.each_once([specs.parse_column(text, "--key") for text in keys], "--key"),
        where=tuple((name, tuple(values)) for name, values in wanted.items()),
        timezone=specs.parse_timezone(timezone) if timezone is not None else None,
        exclude=specs.each_once(
            [specs.parse_column(text, "--exclude") for text in excluded], "--exclude"
        ),
        rename=tuple(renamed),
        tolerances=tuple((name, tolerance) for name, tolerance in allowed if name is not None),
        default_tolerance=next((t for name, t in allowed if name is None), EXACT),
    )
    specs.check(dataset)
    return dataset
