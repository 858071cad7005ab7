"""What schema `parity` and the flows' accounts hold that is older than they are kept.

A session goes as a whole, and only where nothing of it belongs to the phase in force.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg

from parity.database import Database, Role
from parity.model.errors import DatabaseError
from parity.model.suite import Relation
from parity.model.verdict import Phase
from parity.upkeep.account import Line
from parity.upkeep.queries import deleting

__all__ = ["Past", "delete_kind", "delete_older", "known_runs", "past"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is old and of no phase in force.

    Attributes:
        migration: its name.
        phase: the phase in force.
        before: sessions before this day are old.
        moment: the same as an instant.
        sessions: those of schema `parity` that may go, the oldest first.
        protected: the sessions of which something belongs to the phase in force.
        runs: the stored runs of `sessions`.
        logs: the names of jobs that ran for each of `sessions`.
    """

    migration: str
    phase: Phase
    before: date
    moment: datetime
    sessions: tuple[date, ...]
    protected: frozenset[date]
    runs: tuple[str, ...]
    logs: Mapping[date, frozenset[str]]

    @property
    def _values(self) -> dict[str, Any]:
        return {
            "migration": self.migration,
            "phase": self.phase.value,
            "before": self.before,
            "moment": self.moment,
            "sessions": list(self.sessions),
        }


def past(database: Database, migration: str, phase: Phase, before: date, moment: datetime) -> Past:
    """Looks for what is old.

    Raises:
        DatabaseError: schema `parity` cannot be read.
    """
    values: dict[str, Any] = {"migration": migration, "phase": phase.value, "before": before}
    with _doing("schema parity cannot be read"), database.connect_as(Role.PARITY_HARNESS) as one:
        sessions = tuple(row[0] for row in one.execute(deleting.PAST_SESSIONS, values))
        protected = frozenset(row[0] for row in one.execute(deleting.PROTECTED_SESSIONS, values))
        values["sessions"] = list(sessions)
        runs = tuple(row[0] for row in one.execute(deleting.PAST_RUNS, values))
        logs: dict[date, set[str]] = {}
        for session, name in one.execute(deleting.KNOWN_LOGS, values):
            logs.setdefault(session, set()).add(name)
    return Past(
        migration=migration,
        phase=phase,
        before=before,
        moment=moment,
        sessions=sessions,
        protected=protected,
        runs=runs,
        logs={session: frozenset(names) for session, names in logs.items()},
    )


def known_runs(database: Database, migration: str) -> frozenset[str]:
    """The ids of all stored runs.

    Raises:
        DatabaseError: schema `parity` cannot be read.
    """
    with _doing("schema parity cannot be read"), database.connect_as(Role.PARITY_HARNESS) as one:
        found = one.execute(deleting.KNOWN_RUNS, {"migration": migration}).fetchall()
    return frozenset(row[0] for row in found)


def delete_kind(database: Database, what: Past, kind: str, *, dry_run: bool) -> list[Line]:
    """Deletes one kind of rows (`runs`, `noise`, `alerts`) in one transaction.

    Args:
        database: whose schema `parity`.
        what: the rows' migration, phase and age.
        kind: the kind.
        dry_run: count them only.

    Raises:
        DatabaseError: the database refuses; then nothing of this kind is deleted.
    """
    lines: list[Line] = []
    with _doing(f"old {kind} cannot be deleted"), database.connect_as(Role.PARITY_HARNESS) as one:
        for name in deleting.KINDS[kind]:
            if dry_run:
                row = one.execute(deleting.count_past(kind, name), what._values).fetchone()
                number = int(row[0]) if row else 0
            else:
                number = one.execute(deleting.delete_past(kind, name), what._values).rowcount
            lines.append(Line(what=name, number=number))
    return lines


def delete_older(
    database: Database, relation: Relation, moment: datetime, *, dry_run: bool
) -> int | None:
    """Deletes what the flows noted of runs that started before a moment.

    Args:
        database: whose role `prefect_writer` owns the relation.
        relation: a table with a column `started_at`.
        moment: rows from then on stay.
        dry_run: count them only.

    Returns:
        How many rows; None where there is no such table.

    Raises:
        DatabaseError: the database refuses; then nothing is deleted.
    """
    named = psycopg.sql.Identifier(relation.schema, relation.table).as_string(None)
    with (
        _doing(f"old rows of {relation} cannot be deleted"),
        database.connect_as(Role.PREFECT_WRITER) as one,
    ):
        row = one.execute(deleting.TABLE_EXISTS, [named]).fetchone()
        if not (row and row[0]):
            return None
        if dry_run:
            row = one.execute(deleting.count_older(relation), [moment]).fetchone()
            return int(row[0]) if row else 0
        return one.execute(deleting.delete_older(relation), [moment]).rowcount


@contextmanager
def _doing(what: str) -> Iterator[None]:
    """What the database refuses, as one line."""
    try:
        yield
    except psycopg.Error as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DatabaseError(f"{what}: {reason}") from None
