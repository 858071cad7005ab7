"""How far a night brings the migration: the phase, the streak, what is missing; in words."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["GateView"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GateView:
    """The gate of the phase in force, as it stood after the night.

    `says` whether the phase may be left, as `open` does; `held` how many items hold; `streak` tells
    of the sessions in a row, empty where the phase asks for none; `missing` has a line for each
    item that does not hold; `earliest` says when the gate could open, empty where it is open.
    """

    phase: str
    open: bool
    says: str
    held: str
    streak: str
    missing: tuple[str, ...]
    earliest: str
