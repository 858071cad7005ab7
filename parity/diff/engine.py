"""The keyed comparison: cuts it up, has it done, adds it up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

import psycopg

from parity.diff import queries
from parity.diff.comparison import Comparison
from parity.diff.journal import DatasetJournal
from parity.diff.layout import Layout, layout_of
from parity.diff.scope import Scope
from parity.diff.tally import Tally
from parity.diff.team import Team
from parity.diff.work import Outcome, Work, tasks_of
from parity.model.errors import ComparisonError
from parity.model.result import ColumnResult, Discrepancy, RowCounts, SchemaDrift
from parity.model.verdict import Side

__all__ = ["DatasetDiff", "Progress", "compare"]

Progress = Callable[[float, float, str], None]
"""Told about rows done, rows in all (estimated) and the dataset's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetDiff:
    """What the comparison of one dataset found.

    `session_rows` counts the settled rows of the session's day on the legacy and candidate side;
    None where the dataset has no time column. `layout` says how it was done.
    """

    rows: RowCounts
    columns: tuple[ColumnResult, ...]
    schema: SchemaDrift
    session_rows: tuple[int, int] | None
    layout: Layout
    notes: tuple[str, ...] = ()


def compare(
    comparison: Comparison,
    session: date | None,
    sink: Callable[[Discrepancy], None],
    *,
    team: Team | None = None,
    scope: Scope | None = None,
    journal: DatasetJournal | None = None,
    progress: Progress | None = None,
) -> DatasetDiff:
    """Compares, handing every row that differs to `sink`, slice by slice in key order.

    Args:
        comparison: the dataset, on the connection whose snapshot it is about.
        session: whose rows are counted.
        sink: takes the discrepancies; it must not use the comparison's connection.
        team: more connections in the same snapshot.
        scope: the part of history to compare, where it can be read along an index by symbol and
            time; else, and by default, all of it.
        journal: where finished tasks are kept, and found again.
        progress: told after every task.

    Raises:
        ComparisonError: the database refused or failed; nothing may be concluded.
    """
    dataset = comparison.dataset
    try:
        return _compare(
            comparison, session, sink, team or Team(comparison.connection), scope, journal, progress
        )
    except psycopg.Error as error:
        raise ComparisonError(
            f"dataset {dataset.name}: the comparison failed: {str(error).splitlines()[0]}"
        ) from error


def _compare(
    comparison: Comparison,
    session: date | None,
    sink: Callable[[Discrepancy], None],
    team: Team,
    scope: Scope | None,
    journal: DatasetJournal | None,
    progress: Progress | None,
) -> DatasetDiff:
    layout = (journal and journal.layout()) or layout_of(comparison, scope)
    if journal is not None:
        journal.begin(layout)
    newest = [_newest(comparison, side, session, layout) for side in Side]
    tally = Tally()
    for outcome in _outcomes(comparison, layout, team, journal, progress):
        tally.add(outcome.tally)
        if outcome.spool is not None:
            with outcome.spool as spool:
                for found in spool:
                    sink(found)
    return DatasetDiff(
        rows=tally.counts(sum(unsettled for unsettled, _ in newest)),
        columns=tuple(tally.result(pair) for pair in comparison.plan.columns),
        schema=comparison.plan.drift,
        session_rows=_of_session(comparison, session, newest),
        layout=layout,
        notes=layout.notes,
    )


def _outcomes(
    comparison: Comparison,
    layout: Layout,
    team: Team,
    journal: DatasetJournal | None,
    progress: Progress | None,
) -> Iterator[Outcome]:
    """What the tasks found, in their order, each as soon as those before it are known."""
    tasks = tasks_of(layout)
    known: dict[int, Outcome] = {}
    if journal is not None:
        known = {
            number: outcome
            for number, task in enumerate(tasks)
            if (outcome := journal.outcome(task)) is not None
        }
    left = [number for number in range(len(tasks)) if number not in known]
    work = Work(comparison, layout, journal.place if journal else None)
    done = sum(tasks[number].rows for number in known)
    total = sum(task.rows for task in tasks)
    following = 0
    while following in known:
        yield known.pop(following)
        following += 1
    for place, outcome in team.map(work.do, [tasks[number] for number in left]):
        task = tasks[left[place]]
        if journal is not None:
            journal.finish(task, outcome)
        done += task.rows
        if progress is not None:
            progress(done, total, comparison.dataset.name)
        known[left[place]] = outcome
        while following in known:
            yield known.pop(following)
            following += 1


def _newest(
    comparison: Comparison, side: Side, session: date | None, layout: Layout
) -> tuple[int, int]:
    """Unsettled rows, and settled rows of the session, of one side."""
    reader = comparison.readers[side]
    leads = layout.leads
    hop = None
    if leads is not None and comparison.dataset.time is not None:
        place = leads.place
        times = [
            number
            for number, pair in enumerate(comparison.plan.key)
            if pair.name == comparison.dataset.time
        ]
        if times and comparison.index_over(side, [place, *times]):
            hop = (reader.value(reader.key[place]), leads.values, leads.kind)
    part = reader.newest(session, hop)
    if part is None:
        return 0, 0
    comparison.connection.execute(queries.AS_PLANNED if hop is None else queries.ALONG_INDEXES)
    row = comparison.ask(part)[0]
    return row[0], row[1]


def _of_session(
    comparison: Comparison, session: date | None, newest: list[tuple[int, int]]
) -> tuple[int, int] | None:
    if session is None or comparison.dataset.time is None:
        return None
    return newest[0][1], newest[1][1]
