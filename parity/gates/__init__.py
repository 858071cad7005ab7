"""From what was found to a verdict."""

from __future__ import annotations

from parity.gates.judge import judge_dataset, judge_run

__all__ = ["judge_dataset", "judge_run"]
