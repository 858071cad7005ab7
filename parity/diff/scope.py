"""A part of history, when a night does not compare all of it."""

from __future__ import annotations

from dataclasses import dataclass

from parity.diff.pieces import Leads

__all__ = ["Scope", "Stretch"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows of one symbol whose time is in [start, end), as text; None is open."""

    symbol: str
    start: str | None
    end: str | None


@dataclass(frozen=True, slots=True)
class Scope:
    """Of all symbols (`leads`) those compared whole, and stretches of others without overlap."""

    leads: Leads
    whole: tuple[str, ...]
    stretches: tuple[Stretch, ...]
