"""`parity selftest`: seeded faults, found and explained or not."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parity.cli.options import config_option, json_option
from parity.cli.telling import write_json
from parity.model.errors import ParityError, UsageError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from parity.selftest import Outcome, Report

__all__ = ["selftest"]

SECONDS = 5.0  # where the config says that a night spends none
SHOWN = 40  # faults told one by one


@click.command(short_help="Seed faults in copies of real rows; see what is found.")
@click.option("--full", is_flag=True, help="All causes in all datasets, however long it takes.")
@click.option("--seed", metavar="TEXT", help="Draws the same faults again; a night says its own.")
@click.option("--dataset", metavar="NAME", help="Only in this dataset.")
@click.option("--faults", type=click.IntRange(min=1), metavar="N",
              help="With --full: how many of each cause and dataset; 20 by default.")  # fmt: skip
@json_option
@config_option
def selftest(
    config: Path,
    full: bool,
    seed: str | None,
    dataset: str | None,
    faults: int | None,
    json_path: str | None,
) -> int:
    """Seed faults in copies of real rows, compare them, and look for their causes.

    Nothing of it is ever visible to others: all of it happens in one transaction that is rolled
    back. Exit codes: 0 every fault found, none attributed wrong and 99 % right, 1 not so, 2 could
    not run.
    """  # fmt: skip
    if faults is not None and not full:
        raise UsageError("--faults counts the faults of --full; give both")
    if seed is not None and not seed.strip():
        raise UsageError("--seed is empty; give any text, as the seed that a night tells")
    from parity.cli.progress import Progress
    from parity.database import Role
    from parity.nightly import open_harness
    from parity.selftest import FAULTS, Asking, run_selftest

    harness = open_harness(config, os.environ)
    seconds = None if full else harness.suite.selftest_seconds or SECONDS
    asking = Asking(
        seed=str(int(time.time()) % 1_000_000) if seed is None else seed,
        seconds=seconds,
        faults=faults or FAULTS,
        dataset=dataset,
    )
    with (
        Progress() as progress,
        harness.database.connect_as(Role.PARITY_HARNESS) as connection,
    ):
        done = 0

        def told(outcome: Outcome) -> None:
            nonlocal done
            done += 1
            progress(done, done, f"faults in {outcome.dataset}")

        report = run_selftest(
            connection,
            harness.suite,
            harness.exchange,
            asking,
            as_of=datetime.now(UTC),
            now=time.monotonic,
            progress=told,
        )
    if not report.outcomes:
        reasons = "; ".join(map(str, report.not_seeded)) or "there was no time for one"
        raise ParityError(f"no fault could be seeded: {reasons}")
    options = [f"--dataset {dataset}"] if dataset else []
    if full:
        options.append(f"--full --faults {faults or FAULTS}")
    _tell(report, json_path, options)
    return 0 if report.passed else 1


def _tell(report: Report, json_path: str | None, options: Sequence[str]) -> None:
    if json_path == "-":
        click.echo(_json(report), nl=False)
        return
    if json_path:
        write_json(json_path, _json(report))
    from parity.report.screen import Screen

    click.echo(str(Screen(lambda: list(_parts(report, options)), 80)), nl=False)


def _json(report: Report) -> str:
    result = report.result
    content: dict[str, Any] = {
        "seed": report.seed,
        "passed": report.passed,
        **result.to_json(),
        "causes": [
            {
                "cause": score.cause,
                "injected": score.injected,
                "detected": score.detected,
                "right": score.right,
                "wrong": score.wrong,
            }
            for score in result.causes
        ],
        "not_fine": [one.line(report.seed) for one in report.outcomes if not one.fine],
        "not_seeded": [str(one) for one in report.not_seeded],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _parts(report: Report, options: Sequence[str]) -> Iterator[RenderableType]:
    from rich.text import Text

    from parity.model.phrases import title, with_code
    from parity.report.screen import bullets, plain_table
    from parity.report.selftest import again
    from parity.report.words import visible

    result = report.result
    yield Text(
        f"Self-test: {result.injected:,} faults seeded, {result.detected:,} found, "
        f"{result.attributed:,} attributed right, {result.wrong:,} wrong "
        f"(seed {visible(report.seed)})",
        "bold",
    )
    yield Text("")
    table = plain_table(
        ("cause", False), ("injected", True), ("detected", True), ("right", True), ("wrong", True)
    )
    for score in result.causes:
        table.add_row(
            with_code(title(score.cause), score.cause), f"{score.injected:,}",
            f"{score.detected:,}", f"{score.right:,}", f"{score.wrong:,}",
        )  # fmt: skip
    yield table
    groups: dict[str, list[str]] = {
        "Not detected": [],
        "Attributed wrong": [],
        "Left unexplained": [],
    }
    for one in report.outcomes:
        if not one.detected:
            groups["Not detected"].append(one.line(report.seed))
        elif one.wrong:
            groups["Attributed wrong"].append(one.line(report.seed))
        elif not one.right:
            groups["Left unexplained"].append(one.line(report.seed))
    for group, lines in groups.items():
        more = [f"and {len(lines) - SHOWN:,} more (--json has all)"] if len(lines) > SHOWN else []
        yield from bullets(group, lines[:SHOWN] + more)
    yield from bullets("Could not be seeded", [str(one) for one in report.not_seeded])
    yield Text("")
    yield Text(f"again: {again(report.seed, *options)}")
