"""Looks at both sides in one snapshot: quality, comparison and second opinion of each dataset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from types import TracebackType
from typing import Any

import pandas as pd
import psycopg

from parity.causes import Folder
from parity.database import Database, Role
from parity.diff import Comparison, DatasetDiff, compare, queries
from parity.exchange import Exchange
from parity.gates import judge_dataset
from parity.model.errors import ComparisonError
from parity.model.result import (
    DatasetResult,
    Discrepancy,
    JobOutcome,
    QualityCheck,
    RowCounts,
    RowState,
    SecondOpinion,
)
from parity.model.suite import Dataset, Suite
from parity.model.verdict import Side, Verdict
from parity.opinion import Claim, key_of, second_opinion
from parity.quality import check
from parity.store import Spool

__all__ = ["Findings", "examine"]

QUALITY_ROWS = 100_000  # the newest rows of each side that Great Expectations looks at
PROBED = 200  # discrepancies that the second opinion looks at, beside its random sample
NOTHING = RowCounts(legacy=0, candidate=0, matched=0, mismatched=0, legacy_only=0, candidate_only=0)


@dataclass(slots=True)
class Findings:
    """What was found, with the discrepancies still on disk. Close it when they are stored."""

    datasets: tuple[DatasetResult, ...]
    rows: dict[str, Spool]
    opinion: SecondOpinion
    _stack: ExitStack

    def __enter__(self) -> Findings:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()


@dataclass(frozen=True, slots=True)
class _Context:
    connection: psycopg.Connection
    suite: Suite
    exchange: Exchange
    session: date
    as_of: datetime
    jobs: Sequence[JobOutcome]


def examine(
    suite: Suite,
    database: Database,
    exchange: Exchange,
    *,
    session: date,
    as_of: datetime,
    jobs: Sequence[JobOutcome],
) -> Findings:
    """Compares all datasets in one REPEATABLE READ snapshot.

    A dataset that cannot be compared is undecided and says why; the others go on.
    """
    stack = ExitStack()
    with ExitStack() as guard:
        guard.push(stack)
        rows = {dataset.name: stack.enter_context(Spool()) for dataset in suite.datasets}
        opinions: list[SecondOpinion] = []
        results: list[DatasetResult] = []
        with _snapshot(database) as connection:
            context = _Context(connection, suite, exchange, session, as_of, jobs)
            for dataset in suite.datasets:
                result, opinion = _dataset(context, dataset, rows[dataset.name])
                results.append(result)
                opinions.append(opinion)
        guard.pop_all()
    return Findings(tuple(results), rows, _sum(opinions), stack)


@contextmanager
def _snapshot(database: Database) -> Iterator[psycopg.Connection]:
    with database.connect_as(Role.PARITY_HARNESS) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        with connection.transaction():
            yield connection


def _dataset(
    context: _Context, dataset: Dataset, spool: Spool
) -> tuple[DatasetResult, SecondOpinion]:
    folder = Folder(dataset, context.exchange.zone)

    def sink(found: Discrepancy) -> None:
        spool.append(found)
        folder.add(found)

    try:
        # A savepoint: what fails in here leaves the snapshot usable for the next dataset.
        with context.connection.transaction():
            comparison = Comparison(
                context.connection, dataset, as_of=context.as_of, zone=context.exchange.zone
            )
            quality = _quality(comparison)
            diff = compare(comparison, context.session, sink)
            opinion = _opinion(context, comparison, diff, spool)
    except Exception as error:  # noqa: BLE001
        # Not to go on as if nothing were wrong: the dataset is undecided, whatever the reason.
        spool.clear()  # what was found before the failure is no finding
        return _not_compared(dataset, error), SecondOpinion(rows=0, disagreements=0)
    incidents = folder.incidents()
    verdict, reasons = judge_dataset(
        rows=diff.rows,
        schema=diff.schema,
        session_rows=diff.session_rows,
        session=context.session.isoformat(),
        incidents=incidents,
        quality=quality,
        jobs=context.jobs,
        opinion=opinion,
    )
    return (
        DatasetResult(
            name=dataset.name,
            kind=dataset.kind.value,
            verdict=verdict,
            reasons=reasons,
            rows=diff.rows,
            columns=diff.columns,
            schema=diff.schema,
            incidents=incidents,
            key=dataset.key,
            quality=quality,
            notes=_notes(dataset, diff),
        ),
        opinion,
    )


def _not_compared(dataset: Dataset, error: Exception) -> DatasetResult:
    text = " ".join(str(error).split())[:500]
    if not isinstance(error, ComparisonError):
        text = f"{type(error).__name__}: {text}"
    prefix = f"dataset {dataset.name}: "
    return DatasetResult(
        name=dataset.name,
        kind=dataset.kind.value,
        verdict=Verdict.UNDECIDED,
        reasons=(f"not compared: {text.removeprefix(prefix)}",),
        rows=NOTHING,
        key=dataset.key,
    )


def _notes(dataset: Dataset, diff: DatasetDiff) -> tuple[str, ...]:
    notes = list(diff.notes)
    if dataset.synthetic:
        notes.append(f"Synthetic data: {dataset.synthetic}")
    if dataset.since:
        because = f": {dataset.since_because}" if dataset.since_because else ""
        notes.append(f"Compared from {dataset.since.isoformat()} on{because}")
    if max(diff.rows.legacy, diff.rows.candidate) > QUALITY_ROWS:
        notes.append(f"Quality was checked on the newest {QUALITY_ROWS:,} rows of each side")
    if dataset.settle:
        notes.append(f"Rows younger than {dataset.settle} were left to settle")
    return tuple(notes)


def _frame(comparison: Comparison, rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=comparison.names, dtype=object)


def _quality(comparison: Comparison) -> tuple[QualityCheck, ...]:
    found: tuple[QualityCheck, ...] = ()
    for side in Side:
        part = queries.recent(comparison.readers[side], QUALITY_ROWS)
        found += check(comparison.dataset, side, _frame(comparison, comparison.frame_rows(part)))
    return found


def _opinion(
    context: _Context, comparison: Comparison, diff: DatasetDiff, spool: Spool
) -> SecondOpinion:
    total = max(diff.rows.legacy, diff.rows.candidate)
    one_in = max(1, total // context.suite.second_opinion_rows)
    seed = f"{context.suite.migration} {comparison.dataset.name} {context.session}"
    probed = [
        found.key for found in islice(iter(spool), PROBED) if found.state is not RowState.NULL_KEY
    ]
    dataset = comparison.dataset
    size = len(dataset.key)
    keys: set[tuple[object, ...]] = set()
    frames = []
    for side in Side:
        reader = comparison.readers[side]
        rows = comparison.frame_rows(queries.sampled(reader, seed=seed, one_in=one_in))
        if probed:
            seen = {key_of(row[:size], dataset.timezone) for row in rows}
            extra = comparison.frame_rows(queries.member(reader, probed))
            rows += [row for row in extra if key_of(row[:size], dataset.timezone) not in seen]
        keys |= {key_of(row[:size], dataset.timezone) for row in rows}
        frames.append(_frame(comparison, rows))
    claimed: dict[tuple[Any, ...], Claim] = {}
    for found in spool:
        key = key_of(found.key, dataset.timezone)
        if key in keys:
            mismatched = found.state is RowState.MISMATCHED
            claimed[key] = frozenset(found.columns) if mismatched else found.state
    return second_opinion(dataset, frames[0], frames[1], claimed)


def _sum(opinions: Sequence[SecondOpinion]) -> SecondOpinion:
    return SecondOpinion(
        rows=sum(opinion.rows for opinion in opinions),
        disagreements=sum(opinion.disagreements for opinion in opinions),
        examples=tuple(line for opinion in opinions for line in opinion.examples)[:5],
    )
