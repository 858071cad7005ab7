"""`parity` phase, checklist, sign: what must hold to leave a phase, and who signs it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from parity.cli.options import Command, Moment, by_option, config_option
from parity.cli.telling import shown, text_or_json
from parity.model.errors import UsageError

__all__ = ["ALL"]


def _json(function: Command) -> Command:
    return click.option(
        "--json", "json_path", metavar="PATH|-",
        help="Write it as JSON there too; - is standard output, then alone.",
    )(function)  # fmt: skip


def _asking(function: Command) -> Command:
    """What all commands share that judge the gate."""
    for option in (
        _json,
        click.option("--as-of", type=Moment(), help="The moment of asking; by default now. "
                     "Nights that are stored count in any case."),
        click.option("--prefect-api", metavar="URL", help="Prefect's API, which also knows runs "
                     "that crashed.  [default: PREFECT_API_URL]"),
    ):  # fmt: skip
        function = option(function)
    return config_option(function)


@click.command(short_help="May the phase be left? What is missing?")
@_asking
def checklist(
    config: Path, prefect_api: str | None, as_of: datetime | None, json_path: str | None
) -> int:
    """Say what must hold to leave the phase in force, what is missing and since when.

    Also writes checklist.html into the reports folder. Exit codes: 0 open, or in the last phase
    nothing is left; 1 closed; 2 could not be told.
    """
    from parity.nightly import open_harness
    from parity.nightly.checklist import checklist as judge
    from parity.nightly.publishing import publish_overview
    from parity.report.checklist import write_checklist
    from parity.report.checklist_terminal import render_checklist
    from parity.report.phase_terminal import NOTHING_TO_LEAVE, is_last

    harness = open_harness(config, os.environ)
    found = judge(
        harness, now=as_of or datetime.now(UTC), environ=os.environ, prefect_api=_api(prefect_api)
    )
    publish_overview(harness)  # whose pages link to this one
    page = write_checklist(found, harness.suite.reports)
    last = is_last(found)

    def text() -> str:
        listed = f"{render_checklist(found)}\n" if found.items or not last else ""
        first = f"{NOTHING_TO_LEAVE}\n" if last else ""
        return f"{first}{listed}{shown(page)}\n"

    text_or_json(text, found.to_json(), json_path)
    return 0 if found.open or last else 1


@click.command(short_help="Sign an item of the checklist.")
@config_option
@click.argument("item")
@by_option
@click.option("--note", metavar="TEXT", required=True, help="What the signature rests on.")
@_json
def sign(config: Path, item: str, by: str, note: str, json_path: str | None) -> int:
    """Sign a manual ITEM of the phase in force.

    A signature holds for this stay in the phase and for parity.yaml as it is: it lapses when
    either changes. Exit codes: 0 signed, 2 could not.
    """
    from parity.nightly import open_harness
    from parity.plan.signing import sign as write

    harness = open_harness(config, os.environ)
    found = write(harness, item, by=by, note=note, now=datetime.now(UTC))
    text = (
        f"{found.item} is signed by {by}: {found.text}\n"
        if found.new
        else f"{found.item} was signed by {found.row.by} already; nothing was added.\n"
    )
    text_or_json(lambda: text, found.to_json(), json_path)
    return 0


@click.group(short_help="Show or change the phase of the migration.")
def phase() -> None:
    """Show the phase of the migration, or move to the next one or back.

    From validation to cutover leads only parity cutover, back only parity rollback.
    """


@phase.command(short_help="The phase in force and its history.")
@_asking
def show(
    config: Path, prefect_api: str | None, as_of: datetime | None, json_path: str | None
) -> int:
    """Show the phase in force, what is missing to leave it, and all changes so far."""
    from parity.nightly import open_harness
    from parity.plan.phases import show as look
    from parity.report.phase_terminal import render_phase

    found = look(
        open_harness(config, os.environ),
        now=as_of or datetime.now(UTC),
        environ=os.environ,
        prefect_api=_api(prefect_api),
    )
    text_or_json(
        lambda: str(render_phase(found.checklist, found.primary, found.history)),
        found.to_json(),
        json_path,
    )
    return 0


@phase.command(short_help="Move to the next phase.")
@_asking
@by_option
@click.option("--why", metavar="TEXT", default="", help="For the record.")
@click.option("--force", metavar="REASON", help="Move although the gate is closed; the reason and "
              "what was red are recorded.")  # fmt: skip
def advance(
    config: Path,
    prefect_api: str | None,
    as_of: datetime | None,
    by: str,
    why: str,
    force: str | None,
    json_path: str | None,
) -> int:
    """Move to the next phase, if the gate is open.

    Exit codes: 0 moved, 1 the gate is closed and nothing was changed, 2 could not.
    """
    if force is not None and not force.strip():
        raise UsageError("--force needs a reason")
    from parity.nightly import open_harness
    from parity.plan.phases import advance as move
    from parity.report.checklist_terminal import render_checklist

    found = move(
        open_harness(config, os.environ),
        by=by,
        why=_one_line(why),
        force=_one_line(force or ""),
        now=as_of or datetime.now(UTC),
        environ=os.environ,
        prefect_api=_api(prefect_api),
    )
    seen = found.checklist
    to = seen.to.value if seen.to else ""
    red = ", ".join(item.id for item in seen.red)

    def text() -> str:
        if not found.moved:
            return f"{render_checklist(seen)}\nNothing was changed: phase {seen.phase.value}.\n"
        forced = f"FORCED through a closed gate; red: {red}\n" if found.forced else ""
        return f"{forced}{seen.phase.value} → {to}, by {by}\n"

    text_or_json(text, found.to_json(), json_path)
    return 0 if found.moved else 1


@phase.command(short_help="Move back to the phase before.")
@config_option
@by_option
@click.option("--why", metavar="TEXT", required=True, help="For the record.")
@_json
def retreat(config: Path, by: str, why: str, json_path: str | None) -> int:
    """Move back: from validation to parallel_run, or from cleanup to cutover.

    Exit codes: 0 moved, 2 could not.
    """
    if not why.strip():
        raise UsageError("--why is blank")
    from parity.nightly import open_harness
    from parity.plan.phases import retreat as move

    found = move(open_harness(config, os.environ), by=by, why=_one_line(why))
    text_or_json(lambda: f"{found.source} → {found.to}, by {by}\n", found.to_json(), json_path)
    return 0


def _api(given: str | None) -> str | None:
    return given or os.environ.get("PREFECT_API_URL")


def _one_line(text: str) -> str:
    return " ".join(text.split())


ALL = (phase, checklist, sign)
