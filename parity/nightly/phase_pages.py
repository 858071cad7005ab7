"""Writes the page of every phase that has had a night."""

from __future__ import annotations

from collections.abc import Sequence

from parity.model.checklist import Checklist
from parity.model.result import RunResult
from parity.nightly.harness import Harness

__all__ = ["publish_phases"]


def publish_phases(
    harness: Harness,
    nights: Sequence[RunResult],
    shown: Sequence[RunResult],
    gate: Checklist | None,
) -> None:
    """Writes `reports/<phase>/index.html` for each phase.

    Args:
        harness: whose migration.
        nights: all that are stored, newest first.
        shown: those of them that have a page.
        gate: of the phase in force; None where nobody could tell.
    """
