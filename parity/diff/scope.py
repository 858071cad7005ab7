"""A part of history, when a night does not compare all of it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Scope", "Stretch"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows of one symbol whose time is in [start, end), as text; None is open."""

    symbol: str
    start: str | None
    end: str | None


@dataclass(frozen=True, slots=True)
class Scope:
    """Symbols that are compared whole, and stretches of others, which do not overlap."""

    whole: tuple[str, ...]
    stretches: tuple[Stretch, ...]
