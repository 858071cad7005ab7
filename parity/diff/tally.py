"""Running counts of a comparison, and what they come to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar

from parity.diff.columns import Compared
from parity.diff.equality import deltas
from parity.model.result import ColumnResult, RowCounts, RowState
from parity.model.suite import Tolerance
from parity.model.verdict import Side

__all__ = ["Tally"]

Key = TypeVar("Key")


@dataclass(slots=True)
class Tally:
    """Counts of one slice, or of several taken together."""

    rows: dict[Side, int] = field(default_factory=lambda: dict.fromkeys(Side, 0))
    states: dict[RowState, int] = field(default_factory=lambda: dict.fromkeys(RowState, 0))
    irregular: dict[tuple[Side, RowState], int] = field(default_factory=dict)
    mismatched: dict[str, int] = field(default_factory=dict)
    largest: dict[str, tuple[float, float]] = field(default_factory=dict)

    def column(self, pair: Compared, legacy: Any, candidate: Any) -> None:
        """Counts one value beyond tolerance."""
        self.mismatched[pair.name] = self.mismatched.get(pair.name, 0) + 1
        found = deltas(pair, legacy, candidate)
        if found is not None:
            self._enlarge(pair.name, found)

    def _enlarge(self, name: str, found: tuple[float, float]) -> None:
        before = self.largest.get(name, (0.0, 0.0))
        self.largest[name] = (max(before[0], found[0]), max(before[1], found[1]))

    def add(self, other: Tally) -> None:
        """Takes another slice's counts in."""
        _add(self.rows, other.rows)
        _add(self.states, other.states)
        _add(self.irregular, other.irregular)
        _add(self.mismatched, other.mismatched)
        for name, found in other.largest.items():
            self._enlarge(name, found)

    def to_plain(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            "rows": {side.value: count for side, count in self.rows.items()},
            "states": {state.value: count for state, count in self.states.items()},
            "irregular": [[side, state, n] for (side, state), n in self.irregular.items()],
            "mismatched": self.mismatched,
            "largest": self.largest,
        }

    @classmethod
    def of_plain(cls, plain: dict[str, Any]) -> Tally:
        """What `to_plain` was given."""
        return cls(
            rows={Side(side): count for side, count in plain["rows"].items()},
            states={RowState(state): count for state, count in plain["states"].items()},
            irregular={(Side(side), RowState(state)): n for side, state, n in plain["irregular"]},
            mismatched=plain["mismatched"],
            largest={name: (found[0], found[1]) for name, found in plain["largest"].items()},
        )

    def counts(self, unsettled: int) -> RowCounts:
        """Rows by state; what is in no other state has matched."""

        def irregular(side: Side, state: RowState) -> int:
            return self.irregular.get((side, state), 0)

        legacy, candidate = self.rows[Side.LEGACY], self.rows[Side.CANDIDATE]
        mismatched = self.states[RowState.MISMATCHED]
        legacy_only = self.states[RowState.LEGACY_ONLY]
        duplicate = irregular(Side.LEGACY, RowState.DUPLICATE_KEY)
        null = irregular(Side.LEGACY, RowState.NULL_KEY)
        return RowCounts(
            legacy=legacy,
            candidate=candidate,
            matched=legacy - mismatched - legacy_only - duplicate - null,
            mismatched=mismatched,
            legacy_only=legacy_only,
            candidate_only=self.states[RowState.CANDIDATE_ONLY],
            legacy_duplicate_key=duplicate,
            candidate_duplicate_key=irregular(Side.CANDIDATE, RowState.DUPLICATE_KEY),
            legacy_null_key=null,
            candidate_null_key=irregular(Side.CANDIDATE, RowState.NULL_KEY),
            unsettled=unsettled,
        )

    def result(self, pair: Compared) -> ColumnResult:
        """What was found of one column."""
        largest = self.largest.get(pair.name)
        return ColumnResult(
            name=pair.name,
            mismatched=self.mismatched.get(pair.name, 0),
            max_abs_delta=largest[0] if largest else None,
            max_rel_delta=largest[1] if largest else None,
            tolerance=_words(pair.tolerance),
        )


def _add(mine: dict[Key, int], its: dict[Key, int]) -> None:
    for key, count in its.items():
        mine[key] = mine.get(key, 0) + count


def _words(tolerance: Tolerance) -> str:
    because = f" because {tolerance.because}" if tolerance.because else ""
    return f"{tolerance}{because}"
