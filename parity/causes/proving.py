"""Applies the undo of a hypothesis and compares again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from parity.causes.frame import Bools, Differences, Ints, beyond, other
from parity.causes.rule import Changed, Hypothesis, Moved, Shown
from parity.model.verdict import Side

__all__ = ["Residual", "proved", "residuals"]

# Of a value that an undo has not made match, this share of the difference must be gone for the
# undo to count as a part of the explanation.
_HELPED = 0.2


@dataclass(frozen=True, slots=True)
class Residual:
    """What still differs once an undo is applied.

    `rows` are the places in the original Differences; `found` are those rows with the undone
    values. `settled` rows match already.
    """

    rows: Ints
    found: Differences
    settled: Bools


def proved(found: Differences, hypothesis: Hypothesis) -> Bools:
    """Which of the hypothesis' rows match once it is undone."""
    if isinstance(hypothesis.proof, Shown):
        return np.ones(len(hypothesis.rows), dtype=bool)
    matches = np.ones(len(hypothesis.rows), dtype=bool)
    for residual in residuals(found, hypothesis):
        matches &= residual.settled
    return matches


def residuals(found: Differences, hypothesis: Hypothesis) -> Iterator[Residual]:
    """What is left of the hypothesis' rows: one view, or for a move one for each side's rows.

    Rows that a side has not are settled there; where the counterpart is missing nothing is.
    """
    proof = hypothesis.proof
    part = found.take(hypothesis.rows)
    if isinstance(proof, Changed):
        undone = part.after({proof.side: proof.values}, proof.slack)
        settled = ~undone.differs.any(axis=1) & part.both
        yield Residual(hypothesis.rows, undone, settled)
    elif isinstance(proof, Moved):
        for side in Side:
            there, values = proof.counterpart[other(side)]
            pairs = {side: part.values[side], other(side): values}
            differs = beyond(part.fields, pairs[Side.LEGACY], pairs[Side.CANDIDATE])
            mine = part.present[side]
            moved = replace(part, values=pairs, differs=differs)
            yield Residual(hypothesis.rows, moved, ~mine | (there & ~differs.any(axis=1)))


def helped(found: Differences, hypothesis: Hypothesis, residual: Residual) -> Bools:
    """Which of the residual's rows the undo brought much nearer, without settling them."""
    if isinstance(hypothesis.proof, Moved):
        return np.ones(len(residual.rows), dtype=bool)
    before = found.take(residual.rows)
    was, now = _distance(before), _distance(residual.found)
    fewer = residual.found.differs.sum(axis=1) < before.differs.sum(axis=1)
    with np.errstate(invalid="ignore"):
        nearer = now <= _HELPED * was
    much: Bools = (fewer | (nearer & before.differs).any(axis=1)) & ~residual.settled
    return much


def _distance(found: Differences) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    legacy, candidate = found.values[Side.LEGACY], found.values[Side.CANDIDATE]
    with np.errstate(invalid="ignore"):
        delta = np.abs(legacy.numbers - candidate.numbers)
        largest = np.maximum(np.abs(legacy.numbers), np.abs(candidate.numbers))
        relative = np.where(largest > 0, delta / np.where(largest > 0, largest, 1), 0.0)
    return np.where(found.differs, np.nan_to_num(relative, nan=1.0), 0.0)
