"""How far a night brings the migration: the phase, the streak, what is missing; in words."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["GateView"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GateView:
    """The gate of the phase in force, as it stood after the night.

    `streak` tells of the sessions in a row, `missing` has a line for each item that does not hold,
    `open` is true where the phase may be left, `earliest` says when that could be.
    """

    phase: str
    open: bool
    says: str
    streak: str
    missing: tuple[str, ...]
    earliest: str
