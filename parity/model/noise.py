"""How much legacy differs from itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from parity.model.cause import Cause, parts
from parity.model.result import Incident, RowState

__all__ = ["Noise", "within"]

# An incident's deltas are of doubles, of numbers that may be far larger than the delta.
_SLACK = 1 + 1e-9
_ONE_SIDED = frozenset({RowState.LEGACY_ONLY.value, RowState.CANDIDATE_ONLY.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """One column of a dataset, legacy against legacy: the same jobs run twice.

    `rows` were compared, `differing` of them differ in this column at all (exactly compared, no
    tolerance); the deltas are the largest, None where no number differed. `only_once` counts the
    dataset's rows that only one of the two runs wrote.
    """

    dataset: str
    column: str
    session: date
    rows: int
    differing: int
    max_abs_delta: float | None
    max_rel_delta: float | None
    only_once: int = 0

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "dataset": self.dataset,
            "column": self.column,
            "session": self.session.isoformat(),
            "rows": self.rows,
            "differing": self.differing,
            "max_abs_delta": self.max_abs_delta,
            "max_rel_delta": self.max_rel_delta,
            "only_once": self.only_once,
        }


def within(incident: Incident, noise: Sequence[Noise]) -> bool:
    """True when an incident is no larger than what legacy differs from itself.

    Of rows that both sides have, every column that differs must have been measured with a delta at
    least as large, and in at least as many rows as the incident has; a difference that is no number
    is never within. Rows that only one side has must be no more than only one of the two runs
    wrote. Rows with a doubled or null key, and datasets that were not measured, are never within.

    Args:
        incident: its evidence has `deltas` by column and, where known, `states`: rows by state.
            Without these its rows are taken for mismatched if it names columns, else for
            one-sided.
        noise: the newest measurement of the incident's dataset.
    """
    if not noise or Cause.DUPLICATE_KEY in parts(incident.cause):
        return False
    states = incident.evidence.get("states") or _states(incident)
    if set(states) - _ONE_SIDED - {RowState.MISMATCHED.value}:
        return False
    one_sided = sum(rows for state, rows in states.items() if state in _ONE_SIDED)
    if one_sided > max(one.only_once for one in noise):
        return False
    mismatched = states.get(RowState.MISMATCHED.value, 0)
    return not mismatched or _deltas_within(incident, mismatched, noise)


def _states(incident: Incident) -> dict[str, int]:
    state = RowState.MISMATCHED if incident.columns else RowState.LEGACY_ONLY
    return {state.value: incident.rows}


def _deltas_within(incident: Incident, rows: int, noise: Sequence[Noise]) -> bool:
    deltas: Mapping[str, Mapping[str, float | None]] = incident.evidence.get("deltas") or {}
    # A column that differs from itself in fewer rows does not account for all of these.
    measured = {one.column: one.max_abs_delta for one in noise if one.differing >= rows}
    columns = {*incident.columns, *deltas}
    return bool(columns) and all(
        _covers(measured.get(column), deltas.get(column, {}).get("max_abs")) for column in columns
    )


def _covers(measured: float | None, found: float | None) -> bool:
    return measured is not None and found is not None and measured * _SLACK >= found
