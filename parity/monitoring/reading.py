"""What the pipelines' own tables say. What is missing there becomes a note, not an error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from parity.model.operations import Flows
from parity.model.suite import Relation
from parity.model.verdict import Side
from parity.monitoring import queries
from parity.monitoring.rows import FlowRun, SymbolCount

__all__ = ["Read", "Span", "Tables", "night_runs"]

T = TypeVar("T")

FLOW_COLUMNS = ("run_id", "job", "started_at", "finished_at", "state")
SYMBOL_COLUMNS = ("job", "symbol", "started_at", "status")
GOOD_TO_HAVE = ("as_of", "symbols", "failed", "retries", "cpu_seconds", "peak_memory")


@dataclass(frozen=True, slots=True)
class Span:
    """When the jobs of a session's night ran."""

    begun: datetime
    ended: datetime
    session: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What the tables say.

    `flows` are the names of all flows that ever ran, `runs` those of the time asked for; both
    None where no table tells. `symbols` has the sides whose symbols are counted.
    """

    flows: tuple[str, ...] | None = None
    runs: tuple[FlowRun, ...] | None = None
    symbols: dict[Side, tuple[SymbolCount, ...]] = field(default_factory=dict)


def night_runs(connection: psycopg.Connection, migration: str) -> bool:
    """True while a night of the migration is running."""
    row = connection.execute(queries.NIGHT_RUNS, [migration]).fetchone()
    return bool(row and row[0])


class Tables:
    """The tables that the config names under `flows`.

    `notes` has a line for each that is not there, or lacks something.
    """

    def __init__(self, connection: psycopg.Connection, flows: Flows) -> None:
        """The connection is in autocommit: what one table refuses must not spoil the next."""
        self._connection = connection
        self._flows = flows
        self._notes: dict[str, None] = {}

    @property
    def notes(self) -> tuple[str, ...]:
        """What is not there, a line each."""
        return tuple(self._notes)

    def newest(self) -> datetime | None:
        """The newest moment that a flow run stands for; None where no run is known."""

        def ask(table: Relation, columns: set[str]) -> datetime | None:
            row = self._connection.execute(queries.newest_flow_run(table, columns)).fetchone()
            return row[0] if row else None

        return self._ask(self._flows.runs, "flows.runs", FLOW_COLUMNS, ask)

    def read(
        self, *, first: datetime, end: datetime | None, nights: Sequence[Span], zone: str
    ) -> Read:
        """Reads all tables.

        Args:
            first: runs that stand for earlier moments are left out.
            end: those of this moment and later too; None: none are.
            nights: when the nights' jobs ran, to know which session a script's row is of.
            zone: of the exchange, for rows of no night.
        """
        runs = self._ask(
            self._flows.runs, "flows.runs", FLOW_COLUMNS,
            lambda table, columns: self._runs(table, columns, first, end),
        )  # fmt: skip
        bounds = {
            "starts": [night.begun for night in nights],
            "ends": [night.ended for night in nights],
            "days": [night.session for night in nights],
            "since": min([first, *(night.begun for night in nights)]),
            "zone": zone,
        }
        symbols = {
            side: self._ask(
                self._flows.load_runs(side), f"flows.load_runs.{side.value}", SYMBOL_COLUMNS,
                lambda table, columns: self._all(
                    SymbolCount, queries.symbol_counts(table, columns), bounds
                ),
            )
            for side in Side
        }  # fmt: skip
        return Read(
            flows=runs[0] if runs else None,
            runs=runs[1] if runs else None,
            symbols={side: found for side, found in symbols.items() if found is not None},
        )

    def _runs(
        self, table: Relation, columns: set[str], first: datetime, end: datetime | None
    ) -> tuple[tuple[str, ...], tuple[FlowRun, ...]]:
        if absent := [name for name in GOOD_TO_HAVE if name not in columns]:
            self._note(f"{table} has no {_listed(absent)}, which are not counted")
        names = self._connection.execute(queries.flow_names(table)).fetchall()
        bounds = {"first": first, "end": end}
        runs = self._all(FlowRun, queries.flow_runs(table, columns), bounds)
        return tuple(name for (name,) in names), runs

    def _all(self, kind: type[T], statement: sql.Composed, values: dict[str, Any]) -> tuple[T, ...]:
        with self._connection.cursor(row_factory=class_row(kind)) as cursor:
            return tuple(cursor.execute(statement, values).fetchall())

    def _ask(
        self,
        table: Relation | None,
        key: str,
        needed: Sequence[str],
        ask: Callable[[Relation, set[str]], T],
    ) -> T | None:
        """What a table says; None with a note where it cannot say it."""
        if table is None:
            self._note(f"{key} is not configured: what it would tell is not counted")
            return None
        try:
            name = sql.Identifier(table.schema, table.table).as_string()
            rows = self._connection.execute(queries.COLUMNS, [name]).fetchall()
            columns = {column for (column,) in rows}
            lacking = [column for column in needed if column not in columns]
            if not lacking:
                return ask(table, columns)
            what = f"has no {_listed(lacking)}" if columns else "does not exist"
        except psycopg.Error as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            what = f"cannot be read ({reason})"
        self._note(f"{table} ({key}) {what}: nothing is counted from it")
        return None

    def _note(self, line: str) -> None:
        self._notes[line] = None


def _listed(columns: Sequence[str]) -> str:
    return f"column{'s' if len(columns) > 1 else ''} {', '.join(columns)}"
