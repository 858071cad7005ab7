"""`parity track`: the log of touched segments, on and off."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parity.cli.options import config_option
from parity.model.errors import UsageError
from parity.model.suite import Dataset, Relation, Suite
from parity.model.verdict import Side

if TYPE_CHECKING:
    from parity.nightly import Harness

__all__ = ["track"]


@dataclass(frozen=True, slots=True)
class Logged:
    """One side's relation of a dataset, with its own names of the symbol and time columns."""

    relation: Relation
    side: Side
    symbol: str
    time: str
    dataset: str
    wanted: bool


@click.group(short_help="Keep a log of what the jobs write.")
def track() -> None:
    """Keep a log of what the jobs write, so that a night reads only that.

    For datasets with window.log in the config: triggers on both sides' tables note which symbols
    and months each statement touched.
    """


@track.command()
@config_option
def on(config: Path) -> int:
    """Start the log of both sides' tables."""
    from parity.nightly import open_harness
    from parity.touched import install

    harness = open_harness(config, os.environ)
    for one in _wanted(harness.suite):
        new = install(harness.database.admin_url, one.relation, one.symbol, one.time)
        _say(one, "on" if new else "was on")
    return 0


@track.command()
@config_option
def off(config: Path) -> int:
    """End it and delete its entries, for all tables of the config."""
    from parity.nightly import open_harness
    from parity.touched import remove

    harness = open_harness(config, os.environ)
    for one in _all(harness.suite):
        was = remove(harness.database.admin_url, one.relation)
        if was or one.wanted:
            _say(one, "off" if was else "was off")
    return 0


@track.command()
@config_option
def status(config: Path) -> int:
    """List the tables, whether their log is on, and its entries."""
    from parity.nightly import open_harness

    harness = open_harness(config, os.environ)
    for one in _all(harness.suite):
        _say(one, *_state(harness, one))
    if not any(one.wanted for one in _all(harness.suite)):
        click.echo("No dataset has window.log in the config.")
    return 0


def _state(harness: Harness, one: Logged) -> tuple[str, ...]:
    from parity.database import Role
    from parity.touched import entries
    from parity.touched.install import lacking

    with harness.database.connect_as(Role.PARITY_HARNESS) as connection:
        missing = lacking(connection, one.relation, one.symbol, one.time)
        count = entries(connection, one.relation)
    noted = "1 entry" if count == 1 else f"{count} entries"
    if missing is None:
        return ("on", noted) if one.wanted else ("on, though not in the config", noted)
    return ("off", noted, missing) if one.wanted else ("off, as the config says", noted)


def _all(suite: Suite) -> list[Logged]:
    """Each relation once; two datasets of one relation must agree about its columns."""
    found: dict[Relation, Logged] = {}
    for dataset in suite.datasets:
        for one in _sides(dataset):
            other = found.setdefault(one.relation, one)
            if not one.wanted or other is one:
                continue
            if other.wanted and (other.symbol, other.time) != (one.symbol, one.time):
                raise UsageError(
                    f"datasets {other.dataset} and {one.dataset} both log {one.relation}, but with "
                    "other columns as symbol and time: give them the same, or leave window.log out "
                    "of one"
                )
            found[one.relation] = one
    return list(found.values())


def _wanted(suite: Suite) -> list[Logged]:
    wanted = [one for one in _all(suite) if one.wanted]
    if not wanted:
        raise UsageError(
            "no dataset has a log: write window: {log: true} in the datasets of which parity "
            "should know what was written"
        )
    return wanted


def _sides(dataset: Dataset) -> list[Logged]:
    if dataset.symbol is None or dataset.time is None:
        return []
    rename = dict(dataset.rename)
    wanted = dataset.window is not None and dataset.window.log
    names = {
        Side.LEGACY: (dataset.symbol, dataset.time),
        Side.CANDIDATE: (
            rename.get(dataset.symbol, dataset.symbol),
            rename.get(dataset.time, dataset.time),
        ),
    }
    return [
        Logged(dataset.relation(side), side, *names[side], dataset.name, wanted) for side in Side
    ]


def _say(one: Logged, *what: str) -> None:
    click.echo(f"{one.side.value:9}  {one.relation}  {', '.join(what[:2])}")
    for more in what[2:]:
        click.echo(f"           {more}")
