"""Tests the harness: seeded faults in copies of real rows, the real comparison, the real rules."""

from __future__ import annotations

from parity.selftest.copying import Sizes
from parity.selftest.running import FAULTS, Asking, run_selftest
from parity.selftest.scoring import NotSeeded, Report
from parity.selftest.trial import Outcome

__all__ = ["FAULTS", "Asking", "NotSeeded", "Outcome", "Report", "Sizes", "run_selftest"]
