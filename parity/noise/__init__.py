"""A scratch database in which the legacy jobs run a second time, and how its rows come back."""

from __future__ import annotations

from parity.noise.bring import bring
from parity.noise.scratch import Scratch, scratch_copy

__all__ = ["Scratch", "bring", "scratch_copy"]
