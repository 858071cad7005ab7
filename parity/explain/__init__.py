"""From what a comparison found to incidents: reads what the rules ask for and lets them prove."""

from __future__ import annotations

from parity.explain.explaining import Explained, explain_dataset
from parity.explain.situation import Asked, Revisions

__all__ = ["Asked", "Explained", "Revisions", "explain_dataset"]
