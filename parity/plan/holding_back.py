"""Rows that are not copied into legacy: the newest night had them as an incident.

A rollback may come because the candidate's rows are wrong. What that night found out of order is
listed for people to look at, not copied.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

from parity.model.result import DatasetResult, Discrepancy, RowState
from parity.model.suite import Dataset
from parity.nightly.harness import Harness
from parity.plan.pairs import ANY_ZONE, Pair, columns_of
from parity.plan.queries import copying as queries

__all__ = ["NOTHING", "WISH", "Held", "HeldBack", "held_of"]

ON_DISK = "of its incidents that night kept only the first rows by key"


@dataclass(frozen=True, slots=True)
class Held:
    """Which rows of the candidate are not copied.

    Attributes:
        why: in words; empty where all are copied.
        all: none is copied.
        test: SQL that tells such a row of `c`; its values.
        values: for each place in the test the values that it takes.
    """

    why: str = ""
    all: bool = False
    test: sql.Composable = field(default_factory=lambda: queries.NO_ROW)
    values: tuple[list[str], ...] = ()


NOTHING = Held()
WISH = Held(why="as --no-copy says", all=True, test=queries.ANY_ROW)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """What was not copied: how many rows, why, the first ones, and the file with all."""

    rows: int
    why: str
    examples: tuple[str, ...]
    listed: tuple[str, ...]


def held_of(harness: Harness, connection: psycopg.Connection, pair: Pair) -> Held:
    """The rows of a pair that the newest stored night had as an incident.

    Those that only the candidate had, and those of an incident without a waiver.

    Raises:
        StoreError: the nights cannot be read.
    """
    nights = harness.store.nights(harness.suite.migration)
    if not nights:
        return NOTHING
    night = nights[0]
    found = {dataset.name: dataset for dataset in night.datasets}
    kinds = {column.name: column.type for column in columns_of(connection, pair.candidate)}
    why = f"as the newest night (session {night.session}) had them as an incident"
    tests: list[sql.Composable] = []
    values: list[list[str]] = []
    for dataset in pair.datasets:
        seen = found.get(dataset.name)
        if seen is None or not seen.incidents:
            continue
        key = [pair.candidate_name(name) for name in seen.key or dataset.key]
        if seen.stored is not None or not set(key) <= kinds.keys():
            return Held(f"as the newest night (session {night.session}) had incidents: {ON_DISK}",
                        all=True, test=queries.ANY_ROW)  # fmt: skip
        rows = [
            row.key for row in harness.store.discrepancies(night, seen.name) if _held(seen, row)
        ]
        if rows:
            typed = [(name, kinds[name]) for name in key]
            fixed = [(pair.candidate_name(name), allowed) for name, allowed in dataset.where]
            tests.append(queries.among(typed, fixed))
            values += _columns(rows, typed, dataset)
    return Held(why, test=queries.any_of(tests), values=tuple(values)) if tests else NOTHING


def _held(seen: DatasetResult, row: Discrepancy) -> bool:
    if None in row.key:
        return False  # no row can be told by it
    waived = {one.id for one in seen.incidents if one.waiver is not None}
    return row.state is RowState.CANDIDATE_ONLY or row.incident not in waived


def _columns(
    rows: list[tuple[Any, ...]], typed: list[tuple[str, str]], dataset: Dataset
) -> list[list[str]]:
    """An array of texts for each column of the key."""
    zone = ZoneInfo(dataset.timezone or ANY_ZONE)
    return [
        [_text(row[place], kind, zone) for row in rows] for place, (_, kind) in enumerate(typed)
    ]


def _text(value: Any, kind: str, zone: ZoneInfo) -> str:
    """As PostgreSQL reads it back."""
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if isinstance(value, datetime) and value.tzinfo and "without time zone" in kind:
        return value.astimezone(zone).replace(tzinfo=None).isoformat()
    return str(value)
