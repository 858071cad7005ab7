"""What a night deletes of earlier ones."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from parity.evidence.seals import named_runs, seals_of
from parity.model.trail import TrailKind
from parity.nightly.harness import EVIDENCE, Harness
from parity.nightly.sealing import BY
from parity.store.pruning import delete_evidence, old_evidence

__all__ = ["note_pruned", "prune_old_evidence"]

DECISIONS = (TrailKind.PHASE, TrailKind.SWITCH, TrailKind.OVERRIDE)


def prune_old_evidence(harness: Harness, now: datetime) -> list[str]:
    """Deletes the evidence of runs that hold for no session and are older than 30 days.

    That of a run which a decision names stays, and that of a run with a page of its own. The trail
    says what goes before it goes.
    """
    suite, store = harness.suite, harness.store
    shown = (*store.nights(suite.migration), *store.superseded(suite.migration))
    holding = {night.run_id for night in shown}
    named = named_runs(store.trail(suite.migration, *DECISIONS), suite.migration)
    folder = suite.state / EVIDENCE
    old = old_evidence(folder, suite.migration, holding | named, now)
    note_pruned(harness, old)
    return delete_evidence(folder, old)


def note_pruned(harness: Harness, run_ids: Collection[str]) -> None:
    """Adds a row `pruned` with those of the runs that no such row names yet."""
    store, migration = harness.store, harness.suite.migration
    if not run_ids:
        return
    seals = seals_of(store.trail(migration, TrailKind.EVIDENCE, TrailKind.PRUNED), migration)
    new = sorted(run_id for run_id in run_ids if not seals.is_pruned(run_id))
    if new:
        store.append_trail(migration, TrailKind.PRUNED, BY, {"run_ids": new})
