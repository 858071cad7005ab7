"""The report of a phase: a summary to forward, the calendar of its sessions, and what happened."""

from __future__ import annotations

from parity.report.phase.build import phase_view
from parity.report.phase.narrative import narrative
from parity.report.phase.page import phase_page, write_phase

__all__ = ["narrative", "phase_page", "phase_view", "write_phase"]
