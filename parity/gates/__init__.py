"""From what was found to a verdict."""

from __future__ import annotations

from parity.gates.judge import judge_dataset, judge_run
from parity.gates.lookup import find_incident, followers_of
from parity.gates.proposing import propose
from parity.gates.waiving import Waived, untouched, waive

__all__ = [
    "Waived",
    "find_incident",
    "followers_of",
    "judge_dataset",
    "judge_run",
    "propose",
    "untouched",
    "waive",
]
