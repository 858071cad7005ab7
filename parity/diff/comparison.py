"""One dataset on an open connection: its columns, keys, indexes and sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from typing import Any

import psycopg

from parity.diff import loaders, queries
from parity.diff.columns import Column, Plan, one_to_one, plan
from parity.model.errors import ComparisonError
from parity.model.suite import Dataset, Relation
from parity.model.verdict import Side

__all__ = ["Comparison", "Size"]

TABLES = ("r", "p", "m")  # kinds of relations that have rows of their own


@dataclass(frozen=True, slots=True)
class Size:
    """A relation as the planner knows it.

    `rows` is an estimate; `heap` and `buffers` are bytes; `correlation` says for each analysed
    column how far the heap is in its order, from -1 to 1.
    """

    table: bool
    rows: float
    heap: float
    correlation: dict[str, float]
    buffers: float


class Comparison:
    """One dataset on an open connection, whose transaction is the snapshot.

    Args:
        connection: in a transaction; all reads of the comparison happen in what it sees.
        dataset: what is compared.
        as_of: rows younger than this less the dataset's settle time are not compared.
        zone: the exchange's time zone, in which a session's day begins and ends.

    Raises:
        ComparisonError: a relation or column is missing or not comparable.
    """

    def __init__(
        self,
        connection: psycopg.Connection,
        dataset: Dataset,
        *,
        as_of: datetime,
        zone: tzinfo = UTC,
    ) -> None:
        loaders.register(connection)
        self.connection = connection
        self.dataset = dataset
        columns = {side: self._columns(dataset.relation(side), side) for side in Side}
        self.plan: Plan = plan(dataset, columns[Side.LEGACY], columns[Side.CANDIDATE])
        as_collated = self._as_collated()
        self.readers = {
            side: queries.Reader(
                dataset,
                side,
                as_of,
                self.plan.key,
                self.plan.columns,
                self._time(columns[side], side),
                zone,
                as_collated,
            )
            for side in Side
        }
        self.indexes = {side: self._indexes(side) for side in Side}
        self.ambiguous = not all(self._unique(side) for side in Side)

    def ask(self, part: queries.Part) -> list[tuple[Any, ...]]:
        """All rows of a bounded query."""
        return self.connection.execute(part.text, part.values).fetchall()

    @property
    def names(self) -> list[str]:
        """The names of the columns of a side's rows, the key first, named by the legacy side."""
        return [pair.name for pair in (*self.plan.key, *self.plan.columns)]

    @cached_property
    def types(self) -> tuple[str, ...]:
        """The types of a differing row: keys, legacy values, candidate values."""
        part = queries.columns_of(self.readers[Side.LEGACY], self.readers[Side.CANDIDATE])
        described = self.connection.execute(part.text, part.values).description or []
        oids = [column.type_code for column in described]
        rows = self.connection.execute(queries.TYPE_NAMES, [oids]).fetchall()
        names: dict[int, str] = dict(rows)
        return tuple(names[oid] for oid in oids)

    @cached_property
    def sizes(self) -> dict[Side, Size]:
        """What the planner knows of both sides."""
        return {side: self._size(side) for side in Side}

    @property
    def rows(self) -> float:
        """About how many rows the larger side has."""
        return max(size.rows for size in self.sizes.values())

    def index_over(self, side: Side, places: Sequence[int]) -> tuple[str, ...] | None:
        """An index that begins with the key columns at `places`, after columns that are fixed."""
        wanted = [self.plan.key[place].column(side).name for place in places]
        fixed = self._fixed(side)
        for columns, _ in self.indexes[side]:
            rest = list(columns)
            while rest and rest[0] in fixed and rest[0] not in wanted:
                rest.pop(0)
            if rest[: len(wanted)] == wanted:
                return columns
        return None

    def _fixed(self, side: Side) -> set[str]:
        rename = dict(self.dataset.rename)
        names = queries.fixed(self.readers[side])
        return {name if side is Side.LEGACY else rename.get(name, name) for name in names}

    def _columns(self, relation: Relation, side: Side) -> tuple[Column, ...]:
        rows = self.connection.execute(
            queries.COLUMNS, [relation.schema, relation.table]
        ).fetchall()
        if not rows:
            raise ComparisonError(
                f"dataset {self.dataset.name}: "
                f"the {side.value} side has no table or view {relation}"
            )
        return tuple(Column(*row) for row in rows)

    def _as_collated(self) -> frozenset[str]:
        """Text keys that both sides collate alike, by a collation that only equal bytes satisfy."""
        found: dict[Side, dict[str, int]] = {}
        for side in Side:
            relation = self.dataset.relation(side)
            rows = self.connection.execute(queries.COLLATIONS, [relation.schema, relation.table])
            found[side] = dict(rows.fetchall())
        return frozenset(
            pair.name
            for pair in self.plan.key
            if {pair.legacy.base, pair.candidate.base} <= {"text", "varchar"}
            and found[Side.LEGACY].get(pair.legacy.name) is not None
            and found[Side.LEGACY].get(pair.legacy.name)
            == found[Side.CANDIDATE].get(pair.candidate.name)
        )

    def _time(self, columns: tuple[Column, ...], side: Side) -> Column | None:
        if self.dataset.time is None:
            return None
        name = self.dataset.time
        if side is Side.CANDIDATE:
            name = dict(self.dataset.rename).get(name, name)
        found = next((column for column in columns if column.name == name), None)
        if found is None or found.base not in ("date", "timestamp", "timestamptz"):
            raise ComparisonError(
                f"dataset {self.dataset.name}: {side.value} column {name}, named as time, "
                "is no date or timestamp"
            )
        return found

    def _indexes(self, side: Side) -> list[tuple[tuple[str, ...], bool]]:
        relation = self.dataset.relation(side)
        rows = self.connection.execute(
            queries.INDEXES, [relation.schema, relation.table]
        ).fetchall()
        return [(tuple(columns), unique) for columns, unique in rows]

    def _unique(self, side: Side) -> bool:
        """True when a unique index and NOT NULL rule out doubled and null keys."""
        key = {pair.column(side).name for pair in self.plan.key}
        not_null = all(pair.column(side).not_null for pair in self.plan.key)
        plain = all(one_to_one(pair, side) for pair in self.plan.key)
        return (
            plain
            and not_null
            and any(unique and set(columns) <= key for columns, unique in self.indexes[side])
        )

    def _size(self, side: Side) -> Size:
        relation = self.dataset.relation(side)
        row = self.connection.execute(
            queries.SIZES, {"schema": relation.schema, "table": relation.table}
        ).fetchone()
        assert row is not None
        kind, rows, heap, correlation, buffers = row
        if kind not in TABLES:
            rows = self.plan_of(self.readers[side].rows())["Plan Rows"]
        return Size(kind in TABLES, float(rows), heap, correlation, buffers or 0.0)

    def plan_of(self, part: queries.Part) -> dict[str, Any]:
        """The planner's plan of a query."""
        row = self.connection.execute(queries.explain(part.text), part.values).fetchone()
        assert row is not None
        plan: dict[str, Any] = row[0][0]["Plan"]
        return plan
