"""A table of one side copied for faults, and how a fault's changes are written to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

from parity.diff import Comparison
from parity.diff.columns import Compared
from parity.model.suite import Dataset, Relation
from parity.model.verdict import Side
from parity.selftest import queries
from parity.selftest.fault import Changes

__all__ = ["Copies", "Table", "TablePair"]


@dataclass(slots=True)
class Table:
    """A scratch table. `ctids` say where the bed's rows lie, in their order."""

    relation: Relation
    side: Side
    columns: tuple[str, ...]
    indexes: list[tuple[str, tuple[str, ...], bool]] = field(default_factory=list)
    ctids: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class TablePair:
    """Both sides' scratch tables, and the dataset re-pointed at them."""

    dataset: Dataset
    tables: Mapping[Side, Table]


class Copies:
    """Makes scratch tables in one transaction, which somebody else rolls back.

    Args:
        connection: in the transaction; its role may make tables in schema `parity`.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        row = connection.execute(queries.PID).fetchone()
        # Two self-tests at once do not wait for each other's names.
        self._prefix = f"selftest_{row[0] if row else 0}"
        self._made = 0

    def table(self, comparison: Comparison, side: Side) -> Table:
        """An empty table like the one of a side, with the indexes that the comparison knows.

        A view has no index, so its copy has none: it is compared as the view is. Unique indexes
        that do not keep keys apart are copied as plain ones, or a fault could not copy a row.
        """
        self._made += 1
        relation = Relation(queries.SCHEMA, f"{self._prefix}_{self._made}")
        source = comparison.dataset.relation(side)
        self.execute(queries.create_like(relation, source))
        key = {pair.column(side).name for pair in comparison.plan.key}
        described = self.execute(queries.nothing_of(relation)).description or []
        table = Table(relation, side, tuple(column.name for column in described))
        for number, (columns, unique) in enumerate(comparison.indexes[side]):
            if None in columns:  # an expression
                continue
            made = f"{relation.table}_{number}"
            keeps = unique and set(columns) <= key
            self.execute(queries.index_on(relation, made, columns, unique=keeps))
            table.indexes.append((made, columns, keeps))
        return table

    def execute(self, text: sql.Composed) -> psycopg.Cursor[tuple[Any, ...]]:
        """Runs a statement without values; with the list psycopg reads %% in a name as one %."""
        return self.connection.execute(text, [])

    def apply(self, table: Table, comparison: Comparison, changes: Changes) -> None:
        """Writes a fault's changes.

        Raises:
            psycopg.Error: the table refuses a value.
        """
        names = _Names(comparison, table.side)
        moves = any(names.key(column) for one in changes.edits.values() for column in one)
        # Rows that move past each other may meet on the way.
        unique = [one for one in table.indexes if one[2]] if moves or not changes.unique else []
        for index, _, _ in unique:
            self.execute(queries.drop(index))
        self._insert(table, names, changes)
        self._update(table, names, changes)
        if changes.deletes:
            gone = [table.ctids[place] for place in sorted(changes.deletes)]
            self.connection.execute(queries.delete_rows(table.relation), [gone])
        for index, columns, _ in unique:
            self.execute(queries.index_on(table.relation, index, columns, unique=changes.unique))
        for column, kind in changes.types.items():
            name = names.of(column)
            self.execute(queries.set_type(table.relation, name, kind))

    def _insert(self, table: Table, names: _Names, changes: Changes) -> None:
        for place, values in changes.inserts:
            stored = names.stored(values)
            part = queries.insert_copy(table.relation, table.columns, stored)
            self.connection.execute(part.text, [*part.values, table.ctids[place]])

    def _update(self, table: Table, names: _Names, changes: Changes) -> None:
        alike: dict[tuple[str, ...], list[list[Any]]] = {}
        for place, values in changes.edits.items():
            stored = names.stored(values)
            rows = alike.setdefault(tuple(stored), [])
            rows.append([*stored.values(), table.ctids[place]])
        with self.connection.cursor() as cursor:
            for columns, rows in alike.items():
                cursor.executemany(queries.update_row(table.relation, columns), rows)


class _Names:
    """A side's own names and forms of values."""

    def __init__(self, comparison: Comparison, side: Side) -> None:
        self._pairs = {pair.name: pair for pair in comparison.plan.key + comparison.plan.columns}
        self._key = {pair.name for pair in comparison.plan.key}
        self._side = side
        self._zone = comparison.dataset.timezone or "UTC"

    def of(self, column: str) -> str:
        return self._pairs[column].column(self._side).name

    def key(self, column: str) -> bool:
        return column in self._key

    def stored(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            self.of(column): self._form(self._pairs[column], value)
            for column, value in values.items()
        }

    def _form(self, pair: Compared, value: Any) -> Any:
        base = pair.column(self._side).base
        if isinstance(value, datetime):
            if base == "timestamptz":
                return value.astimezone(UTC)
            local = value.astimezone(ZoneInfo(self._zone)) if value.tzinfo else value
            return local.date() if base == "date" else local.replace(tzinfo=None)
        return value
