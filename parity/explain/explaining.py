"""Explains what a comparison found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import psycopg

from parity.causes import Fold, explain
from parity.diff import Comparison
from parity.diff.queries import AS_PLANNED
from parity.explain.gathering import Chunk, chunks, shape_of
from parity.explain.situation import Asked, Situation
from parity.model.result import Discrepancy, Incident

__all__ = ["Explained", "explain_dataset"]


@dataclass(frozen=True, slots=True)
class Explained:
    """`owners` has the id of each discrepancy's incident, in their order."""

    incidents: tuple[Incident, ...]
    owners: list[str]
    notes: tuple[str, ...] = ()


def explain_dataset(
    comparison: Comparison, found: Iterable[Discrepancy], asked: Asked
) -> Explained:
    """The incidents of a dataset's discrepancies.

    Reads what the rules ask for in the comparison's own snapshot. Should that fail, the rows are
    unexplained and a note says why: what differs is never hidden by a cause that cannot be found.

    Args:
        comparison: of the dataset, its transaction still open.
        found: the discrepancies, e.g. a Spool; read once.
        asked: what is known beside it.
    """
    shape = shape_of(comparison)
    fold: Fold | None = None
    owners: list[str] = []
    notes: list[str] = []
    for chunk in chunks(shape, found):
        situation = Situation(comparison, shape, chunk.found, chunk.keys, asked)
        if fold is None:
            fold = Fold(situation)
        owners += _chunk(comparison, chunk, situation, fold, notes)
    return Explained(fold.incidents() if fold else (), owners, tuple(dict.fromkeys(notes)))


def _chunk(
    comparison: Comparison, chunk: Chunk, situation: Situation, fold: Fold, notes: list[str]
) -> list[str]:
    try:
        # A savepoint: what fails in here leaves the snapshot usable.
        with comparison.connection.transaction():
            # What the comparison has asked of the planner outlives it.
            comparison.connection.execute(AS_PLANNED)
            trial = Fold(situation)
            owners = explain(chunk.found, situation, trial)
    except (psycopg.Error, ArithmeticError, ValueError, LookupError, MemoryError) as error:
        text = (str(error).splitlines() or [""])[0][:200]
        notes.append(f"Causes could not be looked for: {type(error).__name__}: {text}")
        return explain(chunk.found, situation, fold, [])
    fold.merge(trial)
    return owners
