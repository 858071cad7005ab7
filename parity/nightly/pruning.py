"""What a night deletes of earlier ones."""

from __future__ import annotations

from datetime import datetime

from parity.nightly.harness import Harness
from parity.nightly.night import EVIDENCE
from parity.store.pruning import prune_evidence

__all__ = ["prune_old_evidence"]


def prune_old_evidence(harness: Harness, now: datetime) -> list[str]:
    """Deletes the evidence of runs that hold for no session and are older than 30 days."""
    suite = harness.suite
    holding = {night.run_id for night in harness.store.nights(suite.migration)}
    return prune_evidence(suite.state / EVIDENCE, suite.migration, holding, now)
