"""`parity noise`: how much legacy differs from itself."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parity.cli.options import Moment, SessionDate, config_option
from parity.cli.progress import Progress
from parity.cli.telling import say, write_json
from parity.model.result import JobOutcome

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from parity.nightly import Night
    from parity.nightly.noise import Measured
    from parity.report.screen import Screen

__all__ = ["noise", "render_noise"]


@click.command(short_help="Measure how much legacy differs from itself.")
@config_option
@click.option(
    "--session", type=SessionDate(), help="The trading date; by default the newest one whose "
    "night is due."
)  # fmt: skip
@click.option(
    "--as-of", type=Moment(), help="What jobs take as now; by default the time at which the "
    "session's night is due."
)  # fmt: skip
@click.option(
    "--with-schema", "schemas", metavar="NAME", multiple=True,
    help="A schema that the jobs need beside those of legacy's tables; once for each.",
)  # fmt: skip
@click.option(
    "--json", "json_path", metavar="PATH|-",
    help="Write the measurement as JSON there too; - is standard output, then alone.",
)  # fmt: skip
def noise(
    config: Path,
    session: date | None,
    as_of: datetime | None,
    schemas: tuple[str, ...],
    json_path: str | None,
) -> int:
    """Run the legacy jobs twice and record how much the two runs differ.

    The first run writes legacy's tables, as on a night; the second one writes a copy of them in a
    scratch database of the same server, made before the first run and dropped at the end. What
    differs between the two is no fault of the migration: reports show it beside what they find.

    The exit code is 0 when every dataset was measured, whatever the noise, else 2.
    """
    from parity.nightly import Night, open_harness
    from parity.nightly.noise import measure

    harness = open_harness(config, os.environ)
    quiet = json_path == "-"
    with harness.alone():
        night = Night.of(harness, session, as_of, datetime.now(UTC))
        with Progress() as progress:
            found = measure(
                night, os.environ, None if quiet else _job_line,
                schemas=schemas, progress=progress, say=say,
            )  # fmt: skip
    text = json.dumps(_to_json(night, found), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    if json_path and not quiet:
        write_json(json_path, text)
    click.echo(text if quiet else str(render_noise(found)), nl=False)
    return _end(found)


def render_noise(found: Sequence[Measured], *, width: int = 80) -> Screen:
    """One sentence, and the columns that differ; of each dataset the others in one line."""
    from parity.report.screen import Screen

    return Screen(lambda: list(_parts(found)), width)


def _parts(found: Sequence[Measured]) -> Iterator[RenderableType]:
    from rich.text import Text

    yield Text(_sentence(found), "bold")
    measured = [one for one in found if one.noise]
    if measured:
        yield Text("")
        yield _table(measured)
    for one in measured:
        assert one.rows is not None
        left_out = one.rows.duplicate_key + one.rows.null_key
        if left_out:
            yield Text(f"{one.dataset}: {left_out:,} rows with a doubled or null key left out")


def _sentence(found: Sequence[Measured]) -> str:
    from parity.report.words import count

    rows = [one.rows for one in found if one.rows is not None and one.noise]
    matched = sum(one.matched for one in rows)
    once = sum(one.legacy_only + one.candidate_only for one in rows)
    total = matched + sum(one.mismatched for one in rows) + once
    if not total:
        return "Nothing was measured."
    text = f"Legacy agrees with itself on {matched:,} of {total:,} rows"
    return text + (f"; {count(once, 'row')} came of one run only." if once else ".")


def _table(found: Sequence[Measured]) -> Table:
    from rich.text import Text

    from parity.report.screen import plain_table
    from parity.report.words import ABSENT, delta_text, ratio_text, visible

    table = plain_table(
        ("dataset", False), ("column", False), ("rows", True), ("differing", True),
        ("max abs", True), ("max rel", True),
    )  # fmt: skip
    for one in found:
        label = one.dataset
        for column in (column for column in one.noise if column.differing):
            delta = column.max_abs_delta
            table.add_row(
                Text(visible(label)),
                Text(visible(column.column)),
                f"{column.rows:,}",
                f"{column.differing:,}",
                ABSENT if delta is None else delta_text(delta).lstrip("+"),
                ratio_text(column.max_rel_delta),
            )
            label = ""
        same = sum(not column.differing for column in one.noise)
        if same:
            what = f"{same} {'other' if same < len(one.noise) else 'column'}"
            what += "" if same == 1 else "s"
            rows = f"{one.noise[0].rows:,}"
            table.add_row(Text(visible(label)), Text(what, "dim"), rows, "0", ABSENT, ABSENT)
    return table


def _to_json(night: Night, found: Sequence[Measured]) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "migration": night.harness.suite.migration,
        "session": night.session.isoformat(),
        "as_of": night.as_of.isoformat(),
        "datasets": [one.to_json() for one in found],
    }


def _end(found: Sequence[Measured]) -> int:
    missing = [one for one in found if one.reason]
    for one in missing:
        click.echo(f"parity: dataset {one.dataset}: not measured: {one.reason}", err=True)
    return 2 if missing or not found else 0


def _job_line(outcome: JobOutcome) -> None:
    state = "ok" if outcome.ok else f"FAILED: {outcome.failure}"
    click.echo(f"{outcome.name:24} {outcome.seconds:6.1f} s  {state}")
