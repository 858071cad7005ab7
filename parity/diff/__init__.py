"""The keyed diff, pushed down into the database, and the equality of values."""

from __future__ import annotations

from parity.diff.comparison import Comparison
from parity.diff.engine import DatasetDiff, Progress, compare
from parity.diff.journal import Journal
from parity.diff.scope import Scope, Stretch
from parity.diff.team import Team

__all__ = [
    "Comparison",
    "DatasetDiff",
    "Journal",
    "Progress",
    "Scope",
    "Stretch",
    "Team",
    "compare",
]
