"""The keyed diff, pushed down into the database, and the equality of values."""

from __future__ import annotations

from parity.diff.engine import Comparison, DatasetDiff, compare

__all__ = ["Comparison", "DatasetDiff", "compare"]
