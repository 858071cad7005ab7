"""One query's worth of comparing: the database finds what may differ, `equality` decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import psycopg

from parity.database.spool import Spool
from parity.diff import queries
from parity.diff.columns import Family
from parity.diff.comparison import Comparison
from parity.diff.equality import equal
from parity.diff.layout import Layout, Way
from parity.diff.tally import Tally
from parity.model.result import Discrepancy, RowState
from parity.model.verdict import Side

__all__ = ["Outcome", "Task", "Work", "tasks_of"]

FETCH = 2000


class Asked(StrEnum):
    """What a task asks for."""

    SLICE = "slice"  # rows that differ, and counts, of some pieces
    WHOLE = "whole"  # rows that differ, of whole tables
    COUNT = "count"  # rows of a side
    IRREGULAR = "irregular"  # rows that cannot be paired
    REGULAR = "regular"  # rows that differ among the others


@dataclass(frozen=True, slots=True)
class Task:
    """One query; `number` is the slice, or the side (0 legacy). `rows` is estimated."""

    asked: Asked
    number: int
    rows: float

    @property
    def name(self) -> str:
        """Under which its result can be kept."""
        return f"{self.asked.value}-{self.number:05d}"


@dataclass(slots=True)
class Outcome:
    """What a task found; no spool where nothing differs."""

    tally: Tally
    spool: Spool | None


def tasks_of(layout: Layout) -> tuple[Task, ...]:
    """All that has to be asked, in the order in which discrepancies are told."""
    if layout.way is Way.PIECES:
        return tuple(
            Task(Asked.SLICE, number, one.rows) for number, one in enumerate(layout.slices)
        )
    counts = tuple(Task(Asked.COUNT, number, 0.0) for number in range(len(Side)))
    if layout.way is Way.IRREGULAR:
        return (
            Task(Asked.IRREGULAR, 0, layout.rows / 2),
            Task(Asked.REGULAR, 0, layout.rows / 2),
            *counts,
        )
    return (Task(Asked.WHOLE, 0, layout.rows), *counts)


class Work:
    """Does the tasks of one dataset.

    Args:
        comparison: the dataset.
        layout: how it is cut up.
        place: gives a task's spool a path where its result is to outlive the process.
    """

    def __init__(
        self,
        comparison: Comparison,
        layout: Layout,
        place: Callable[[Task], Path] | None = None,
    ) -> None:
        self._layout = layout
        self._place = place
        self._plan = comparison.plan
        self._legacy = comparison.readers[Side.LEGACY]
        self._candidate = comparison.readers[Side.CANDIDATE]
        self._types = comparison.types if layout.way is Way.PIECES else ()
        # Numbers that Python calls equal are equal whatever the tolerance.
        plain = (Family.NUMERIC, Family.DOUBLE)
        self._tests = [(equal(pair), pair.family in plain) for pair in self._plan.columns]
        self._names = [pair.name for pair in self._plan.columns]

    def do(self, connection: psycopg.Connection, task: Task) -> Outcome:
        """Asks, judges, counts. Runs on any connection that sees the snapshot.

        Raises:
            psycopg.Error: the database refused or failed.
        """
        tally = Tally()
        spool: Spool | None = None
        # Closed before the savepoint ends, whatever happens: a stream holds its connection's lock.
        with ExitStack() as stack:
            for found in self._ask(connection, task, tally, stack):
                if spool is None:
                    spool = Spool.at(self._place(task)) if self._place else Spool()
                spool.append(found)
        if spool is not None and self._place:
            spool.finish()
        return Outcome(tally, spool)

    def _ask(
        self, connection: psycopg.Connection, task: Task, tally: Tally, stack: ExitStack
    ) -> Iterator[Discrepancy]:
        if task.asked is Asked.SLICE:
            return self._slice(connection, task, tally, stack)
        connection.execute(queries.AS_PLANNED)
        if task.asked is Asked.COUNT:
            side = tuple(Side)[task.number]
            part = (self._legacy if side is Side.LEGACY else self._candidate).count()
            row = connection.execute(part.text, part.values).fetchone()
            assert row is not None
            tally.rows[side] = row[0]
            return iter(())
        if task.asked is Asked.IRREGULAR:
            part = queries.irregular(self._legacy, self._candidate)
            return (self._unpaired(row, tally) for row in _stream(connection, part, stack))
        if task.asked is Asked.REGULAR:
            part = queries.regular(self._legacy, self._candidate)
        else:
            part = queries.whole(self._legacy, self._candidate)
        return self._judged(_stream(connection, part, stack), tally)

    def _slice(
        self, connection: psycopg.Connection, task: Task, tally: Tally, stack: ExitStack
    ) -> Iterator[Discrepancy]:
        wanted = self._layout.slices[task.number]
        part = queries.piecewise(
            self._legacy,
            self._candidate,
            wanted.shape,
            [piece.values for piece in wanted.pieces],
            self._types,
        )
        connection.execute(queries.ALONG_INDEXES)
        return self._judged(self._counted(_stream(connection, part, stack), tally), tally)

    @staticmethod
    def _counted(rows: Iterator[tuple[Any, ...]], tally: Tally) -> Iterator[tuple[Any, ...]]:
        """Takes the counts that come with each piece; goes on with its rows that may differ."""
        before = None
        keys = legacy_lacks = candidate_lacks = 0
        for row in rows:
            if row[0] != before:
                keys += row[1]
                before = row[0]
            if row[2] is not None:
                # Every key that one side lacks is among these rows.
                legacy_lacks += not row[2]
                candidate_lacks += not row[3]
                yield row[2:]
        tally.rows[Side.LEGACY] += keys - legacy_lacks
        tally.rows[Side.CANDIDATE] += keys - candidate_lacks

    def _judged(self, rows: Iterator[tuple[Any, ...]], tally: Tally) -> Iterator[Discrepancy]:
        for row in rows:
            found = self._judge(row, tally)
            if found is not None:
                yield found

    def _unpaired(self, row: tuple[Any, ...], tally: Tally) -> Discrepancy:
        side = Side.LEGACY if row[0] == "l" else Side.CANDIDATE
        state = RowState.NULL_KEY if row[1] else RowState.DUPLICATE_KEY
        tally.irregular[side, state] = tally.irregular.get((side, state), 0) + 1
        size = len(self._plan.key)
        values = dict(zip(self._names, row[2 + size :], strict=True))
        return Discrepancy(
            state=state,
            key=row[2 : 2 + size],
            legacy=values if side is Side.LEGACY else None,
            candidate=values if side is Side.CANDIDATE else None,
        )

    def _judge(self, row: tuple[Any, ...], tally: Tally) -> Discrepancy | None:
        here, there = row[0], row[1]
        middle = 2 + len(self._plan.key)
        last = middle + len(self._names)
        key, left, right = row[2:middle], row[middle:last], row[last:]
        legacy = dict(zip(self._names, left, strict=True)) if here else None
        candidate = dict(zip(self._names, right, strict=True)) if there else None
        if not (here and there):
            state = RowState.LEGACY_ONLY if here else RowState.CANDIDATE_ONLY
            tally.states[state] += 1
            return Discrepancy(state=state, key=key, legacy=legacy, candidate=candidate)
        differing = [
            place
            for place, (test, plain) in enumerate(self._tests)
            if not (plain and left[place] == right[place]) and not test(left[place], right[place])
        ]
        if not differing:
            return None
        for place in differing:
            tally.column(self._plan.columns[place], left[place], right[place])
        tally.states[RowState.MISMATCHED] += 1
        return Discrepancy(
            state=RowState.MISMATCHED,
            key=key,
            legacy=legacy,
            candidate=candidate,
            columns=tuple(self._names[place] for place in differing),
        )


def _stream(
    connection: psycopg.Connection, part: queries.Part, stack: ExitStack
) -> Iterator[tuple[Any, ...]]:
    """Rows of a query, a few thousand at a time; `stack` closes it."""
    cursor = stack.enter_context(connection.cursor())
    rows = cursor.stream(part.text, part.values, size=FETCH)
    stack.callback(rows.close)  # type: ignore[attr-defined]
    return rows
