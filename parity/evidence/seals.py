"""Which runs are sealed, and which were pruned: a fold of the trail."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from parity.evidence.names import is_run_id
from parity.model.trail import TrailEntry, TrailKind

__all__ = ["Seal", "Seals", "named_runs", "seals_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """A row `evidence`: the SHA-256 of a run's manifest and that of the row's before.

    `phase` is that of the run, so that the trail alone tells which runs a phase has.
    """

    run_id: str
    phase: str
    number: int
    manifest: str
    previous: str


@dataclass(slots=True)
class Seals:
    """What the trail says of the evidence, row by row.

    Attributes:
        holding: the seal of each run that was not pruned since.
        pruned: when each run was last pruned.
        last: SHA-256 of the newest manifest; empty before the first.
        odd: numbers of rows that name no run of this migration, no phase, or no manifest.
    """

    holding: dict[str, Seal] = field(default_factory=dict)
    pruned: dict[str, datetime] = field(default_factory=dict)
    last: str = ""
    odd: list[int] = field(default_factory=list)

    def waits(self, run_id: str, stored_at: datetime) -> bool:
        """True of a run that is to be sealed.

        Numbers of runs that cleanup deleted are given again: such a run is newer than the row
        that says that the one before was pruned.
        """
        if run_id in self.holding:
            return False
        return run_id not in self.pruned or stored_at > self.pruned[run_id]

    def is_pruned(self, run_id: str) -> bool:
        """True of a run whose evidence may be gone."""
        return run_id in self.pruned and run_id not in self.holding


def seals_of(trail: Iterable[TrailEntry], migration: str) -> Seals:
    """Folds the rows of the trail, the oldest first; other kinds are passed over."""
    found = Seals()
    for entry in trail:
        if entry.kind == TrailKind.EVIDENCE:
            _sealed(found, entry, migration)
        elif entry.kind == TrailKind.PRUNED:
            for run_id in _strings(entry.content.get("run_ids")):
                found.holding.pop(run_id, None)
                found.pruned[run_id] = entry.at
    return found


def _sealed(found: Seals, entry: TrailEntry, migration: str) -> None:
    run_id, phase, manifest = map(entry.content.get, ("run_id", "phase", "manifest"))
    if not (is_run_id(run_id, migration) and isinstance(phase, str) and isinstance(manifest, str)):
        found.odd.append(entry.number)
        return
    seal = Seal(
        run_id=str(run_id),
        phase=phase,
        number=entry.number,
        manifest=manifest,
        previous=found.last,
    )
    found.holding[seal.run_id] = seal
    found.last = manifest


def named_runs(trail: Iterable[TrailEntry], migration: str) -> frozenset[str]:
    """The runs that a decision rests on: those that these rows name, wherever they do."""
    return frozenset(
        text for entry in trail for text in _strings(entry.content) if is_run_id(text, migration)
    )


def _strings(value: object) -> Iterable[str]:
    """All texts in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)
