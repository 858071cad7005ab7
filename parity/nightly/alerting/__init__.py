"""Telling people when something is wrong and when it is over, each once."""

from __future__ import annotations

from parity.nightly.alerting.telling import Told, alert, alert_after_night, try_targets

__all__ = ["Told", "alert", "alert_after_night", "try_targets"]
