"""The keyed comparison: the database finds the rows that may differ, `equality` decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from typing import Any

import psycopg

from parity.diff import loaders, queries
from parity.diff.columns import Column, Compared, Plan, one_to_one, plan
from parity.diff.equality import deltas, equal
from parity.model.errors import ComparisonError
from parity.model.result import ColumnResult, Discrepancy, RowCounts, RowState, SchemaDrift
from parity.model.suite import Dataset, Relation, Tolerance
from parity.model.verdict import Side

__all__ = ["Comparison", "DatasetDiff", "compare"]

FETCH = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetDiff:
    """What the comparison of one dataset found.

    `session_rows` counts the settled rows of the session's day on the legacy and candidate side;
    None where the dataset has no time column.
    """

    rows: RowCounts
    columns: tuple[ColumnResult, ...]
    schema: SchemaDrift
    session_rows: tuple[int, int] | None
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Tally:
    """Running counts of one comparison."""

    states: dict[RowState, int] = field(default_factory=lambda: dict.fromkeys(RowState, 0))
    irregular: dict[tuple[Side, RowState], int] = field(default_factory=dict)
    mismatched: dict[str, int] = field(default_factory=dict)
    largest: dict[str, tuple[float, float]] = field(default_factory=dict)

    def column(self, pair: Compared, legacy: Any, candidate: Any) -> None:
        self.mismatched[pair.name] = self.mismatched.get(pair.name, 0) + 1
        found = deltas(pair, legacy, candidate)
        if found is not None:
            before = self.largest.get(pair.name, (0.0, 0.0))
            self.largest[pair.name] = (max(before[0], found[0]), max(before[1], found[1]))


class Comparison:
    """One dataset on an open connection, whose transaction is the snapshot.

    Args:
        connection: in a transaction; all reads of the comparison happen in it.
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
        self._connection = connection
        self.dataset = dataset
        columns = {side: self._columns(dataset.relation(side), side) for side in Side}
        self.plan: Plan = plan(dataset, columns[Side.LEGACY], columns[Side.CANDIDATE])
        self.readers = {
            side: queries.Reader(
                dataset,
                side,
                as_of,
                self.plan.key,
                self.plan.columns,
                self._time(columns[side], side),
                zone,
            )
            for side in Side
        }
        self.ambiguous = not all(self._unique(side) for side in Side)

    def _columns(self, relation: Relation, side: Side) -> tuple[Column, ...]:
        rows = self._connection.execute(
            queries.COLUMNS, [relation.schema, relation.table]
        ).fetchall()
        if not rows:
            raise ComparisonError(
                f"dataset {self.dataset.name}: "
                f"the {side.value} side has no table or view {relation}"
            )
        return tuple(Column(*row) for row in rows)

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

    def _unique(self, side: Side) -> bool:
        """True when a unique index and NOT NULL rule out doubled and null keys."""
        relation = self.dataset.relation(side)
        key = {pair.column(side).name for pair in self.plan.key}
        not_null = all(pair.column(side).not_null for pair in self.plan.key)
        indexes = self._connection.execute(
            queries.UNIQUE_KEYS, [relation.schema, relation.table]
        ).fetchall()
        plain = all(one_to_one(pair, side) for pair in self.plan.key)
        return plain and not_null and any(set(columns) <= key for (columns,) in indexes)

    def stream(self, part: queries.Part) -> Iterator[tuple[Any, ...]]:
        """Rows of a query, a few thousand at a time."""
        with self._connection.cursor(name="parity_diff") as cursor:
            cursor.itersize = FETCH
            cursor.execute(part.text, part.values)
            yield from cursor

    def frame_rows(self, part: queries.Part) -> list[tuple[Any, ...]]:
        """All rows of a bounded query: keys, then compared columns."""
        return self._connection.execute(part.text, part.values).fetchall()

    @property
    def names(self) -> list[str]:
        """The column names of `frame_rows`, named by the legacy side."""
        return [pair.name for pair in (*self.plan.key, *self.plan.columns)]


def compare(
    comparison: Comparison, session: date | None, sink: Callable[[Discrepancy], None]
) -> DatasetDiff:
    """Compares, handing every row that differs to `sink` in key order.

    Raises:
        ComparisonError: the database refused or failed; nothing may be concluded.
    """
    dataset = comparison.dataset
    connection = comparison._connection
    try:
        connection.execute(queries.MERGE_SETTINGS)
        counts = {
            side: _count(connection, comparison.readers[side].count(session)) for side in Side
        }
        tally = _Tally()
        for found in _discrepancies(comparison, tally):
            sink(found)
    except psycopg.Error as error:
        raise ComparisonError(
            f"dataset {dataset.name}: the comparison failed: {str(error).splitlines()[0]}"
        ) from error
    legacy, candidate = counts[Side.LEGACY], counts[Side.CANDIDATE]
    return DatasetDiff(
        rows=_rows(tally, legacy[0], candidate[0], legacy[1] + candidate[1]),
        columns=tuple(_column_result(pair, tally) for pair in comparison.plan.columns),
        schema=comparison.plan.drift,
        session_rows=_both(legacy[2], candidate[2]),
        notes=_notes(comparison),
    )


def _both(legacy: int | None, candidate: int | None) -> tuple[int, int] | None:
    return None if legacy is None or candidate is None else (legacy, candidate)


def _notes(comparison: Comparison) -> tuple[str, ...]:
    if not comparison.ambiguous:
        return ()
    key = ", ".join(pair.name for pair in comparison.plan.key)
    return (
        f"No unique index over NOT NULL columns proves the key ({key}) on both sides: "
        "it was checked row by row, which is slower.",
    )


def _count(connection: psycopg.Connection, part: queries.Part) -> tuple[int, int, int | None]:
    row = connection.execute(part.text, part.values).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def _discrepancies(comparison: Comparison, tally: _Tally) -> Iterator[Discrepancy]:
    legacy, candidate = comparison.readers[Side.LEGACY], comparison.readers[Side.CANDIDATE]
    if comparison.ambiguous:
        for row in comparison.stream(queries.irregular(legacy, candidate)):
            yield _irregular(comparison.plan, row, tally)
    tests = [equal(pair) for pair in comparison.plan.columns]
    found = queries.differing(legacy, candidate, ambiguous=comparison.ambiguous)
    for row in comparison.stream(found):
        discrepancy = _judge(comparison.plan, tests, row, tally)
        if discrepancy is not None:
            yield discrepancy


def _irregular(plan: Plan, row: tuple[Any, ...], tally: _Tally) -> Discrepancy:
    side = Side.LEGACY if row[0] == "l" else Side.CANDIDATE
    state = RowState.NULL_KEY if row[1] else RowState.DUPLICATE_KEY
    tally.irregular[side, state] = tally.irregular.get((side, state), 0) + 1
    size = len(plan.key)
    values = dict(zip((pair.name for pair in plan.columns), row[2 + size :], strict=True))
    return Discrepancy(
        state=state,
        key=row[2 : 2 + size],
        legacy=values if side is Side.LEGACY else None,
        candidate=values if side is Side.CANDIDATE else None,
    )


def _judge(
    plan: Plan,
    tests: Sequence[Callable[[Any, Any], bool]],
    row: tuple[Any, ...],
    tally: _Tally,
) -> Discrepancy | None:
    here, there, *rest = row
    size, width = len(plan.key), len(plan.columns)
    key = tuple(rest[:size])
    left, right = rest[size : size + width], rest[size + width :]
    names = [pair.name for pair in plan.columns]
    legacy = dict(zip(names, left, strict=True)) if here else None
    candidate = dict(zip(names, right, strict=True)) if there else None
    if not (here and there):
        state = RowState.LEGACY_ONLY if here else RowState.CANDIDATE_ONLY
        tally.states[state] += 1
        return Discrepancy(state=state, key=key, legacy=legacy, candidate=candidate)
    differing = [
        place
        for place, test in enumerate(tests)
        if left[place] is not right[place] and not test(left[place], right[place])
    ]
    if not differing:
        return None
    for place in differing:
        tally.column(plan.columns[place], left[place], right[place])
    tally.states[RowState.MISMATCHED] += 1
    return Discrepancy(
        state=RowState.MISMATCHED,
        key=key,
        legacy=legacy,
        candidate=candidate,
        columns=tuple(names[place] for place in differing),
    )


def _rows(tally: _Tally, legacy: int, candidate: int, unsettled: int) -> RowCounts:
    def irregular(side: Side, state: RowState) -> int:
        return tally.irregular.get((side, state), 0)

    mismatched = tally.states[RowState.MISMATCHED]
    legacy_only = tally.states[RowState.LEGACY_ONLY]
    duplicate = irregular(Side.LEGACY, RowState.DUPLICATE_KEY)
    null = irregular(Side.LEGACY, RowState.NULL_KEY)
    return RowCounts(
        legacy=legacy,
        candidate=candidate,
        matched=legacy - mismatched - legacy_only - duplicate - null,
        mismatched=mismatched,
        legacy_only=legacy_only,
        candidate_only=tally.states[RowState.CANDIDATE_ONLY],
        legacy_duplicate_key=duplicate,
        candidate_duplicate_key=irregular(Side.CANDIDATE, RowState.DUPLICATE_KEY),
        legacy_null_key=null,
        candidate_null_key=irregular(Side.CANDIDATE, RowState.NULL_KEY),
        unsettled=unsettled,
    )


def _column_result(pair: Compared, tally: _Tally) -> ColumnResult:
    largest = tally.largest.get(pair.name)
    return ColumnResult(
        name=pair.name,
        mismatched=tally.mismatched.get(pair.name, 0),
        max_abs_delta=largest[0] if largest else None,
        max_rel_delta=largest[1] if largest else None,
        tolerance=_tolerance(pair.tolerance),
    )


def _tolerance(tolerance: Tolerance) -> str:
    because = f" because {tolerance.because}" if tolerance.because else ""
    return f"{tolerance}{because}"
