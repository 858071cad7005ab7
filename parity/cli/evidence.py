"""parity evidence: is all of it as it was, and one file of it for an auditor."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parity.cli.options import config_option
from parity.cli.telling import shown, text_or_json
from parity.model.verdict import Phase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from parity.evidence.finding import Verification
    from parity.nightly import Harness

__all__ = ["ALL"]


class _PhaseName(click.ParamType[Phase]):
    """A phase by its name or its number."""

    name = "NAME|N"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Phase:
        phases = {str(number): phase for number, phase in enumerate(Phase, 1)}
        found = {**phases, **{phase.value: phase for phase in Phase}}
        if value not in found:
            known = ", ".join(f"{number} {phase.value}" for number, phase in phases.items())
            self.fail(f"there is no phase {value!r}; the phases are {known}", param, ctx)
        return found[value]


def _hash(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"[0-9a-f]{64}", value):
        raise click.BadParameter("must be the 64 hex digits that an earlier verify has printed")
    return value


@click.group(short_help="Verify the audit trail, bundle it for an auditor.")
def evidence() -> None:
    """The audit trail and the sealed evidence of every night."""


@evidence.command(short_help="Find every edit.")
@config_option
@click.option("--head", metavar="HASH", callback=_hash, help="The head that an earlier verify has "
              "printed: the trail must still hold it.")  # fmt: skip
@click.option("--json", "json_path", metavar="PATH|-",
              help="Write it as JSON there too; - is standard output, then alone.")  # fmt: skip
def verify(config: Path, head: str | None, json_path: str | None) -> int:
    """Find every edit of the trail, of the sealed files and of the stored runs.

    Changes nothing. Exit codes: 0 all as it was, 1 something was changed, 2 it could not be told.
    """
    from parity.plan.evidence import verify as find

    found = find(_harness(config), head)
    text_or_json(lambda: _text(found), found.to_json(), json_path)
    return found.exit_code


@evidence.command(short_help="Make one file of a phase's evidence.")
@config_option
@click.option("--phase", type=_PhaseName(), required=True, help="Whose nights: a name, or 1 to 4.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False),
              help="The file.  [default: MIGRATION-PHASE-evidence.zip]")  # fmt: skip
@click.option("--as-it-is", is_flag=True, help="Also where something was changed; the bundle "
              "says so.")  # fmt: skip
def bundle(config: Path, phase: Phase, output: Path | None, as_it_is: bool) -> int:
    """Make one zip file for an auditor: the trail, and the sealed nights of a phase.

    It explains how to verify it and needs no parity for that. It is verified before it is made.
    Exit codes: 0 done, 1 done but something was changed, 2 not done.
    """
    from parity.plan.evidence import bundle as make

    made = make(_harness(config), phase, output, as_it_is=as_it_is)
    click.echo(_text(made.verification), nl=False)
    if made.path is None:
        click.echo(
            "parity: no bundle was made, as not all is as it was; --as-it-is makes one that "
            "says so",
            err=True,
        )
        return 2
    runs = "1 run" if made.runs == 1 else f"{made.runs} runs"
    click.echo(f"Bundle of {phase.value}: {runs}, {made.files} files")
    click.echo(shown(made.path))
    return 1 if made.verification.findings else 0


def _harness(config: Path) -> Harness:
    """As it is: a verification sets nothing up."""
    from parity.nightly.harness import harness_as_it_is, read_suite

    return harness_as_it_is(read_suite(config, os.environ), os.environ)


def _text(found: Verification) -> str:
    from parity.report.screen import Screen

    return str(Screen(lambda: list(_parts(found)), 80))


def _parts(found: Verification) -> Iterator[RenderableType]:
    from rich.text import Text

    from parity.report.screen import bullets, plain_table
    from parity.report.words import visible

    yield Text(f"Evidence of {found.migration}", "bold")
    table = plain_table(("number", True), ("what", False))
    table.show_header = False
    for number, what in (
        (found.rows, "rows of the trail"),
        (found.sealed, "sealed runs"),
        (found.files, "files of these"),
        (found.pruned, "runs whose evidence was pruned"),
        (found.waiting, "runs that the next night seals"),
    ):
        table.add_row(f"{number:,}", what)
    yield table
    yield from bullets("CHANGED:", [visible(str(one)) for one in found.findings if one.told])
    yield from bullets(
        "Could not be told:", [visible(str(one)) for one in found.findings if not one.told]
    )
    yield Text(f"\n{'Not all is' if found.findings else 'All is'} as it was.")
    if found.head[0]:
        yield Text(f"Head of the trail, to be noted elsewhere for --head (row {found.head[0]:,}):")
        yield Text(found.head[1])


ALL: tuple[click.Command, ...] = (evidence,)
