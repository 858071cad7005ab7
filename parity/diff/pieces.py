"""Pieces of a key space: what bounds them, and how they are handed out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Bound", "Leads", "Piece", "Shape", "Slice"]

Operator = Literal["=", ">=", "<", ">"]


@dataclass(frozen=True, slots=True)
class Bound:
    """A test of one key column, by its place in the key, against a value."""

    place: int
    operator: Operator


Shape = tuple[Bound, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the key space: the values of its bounds as text, and about how many rows."""

    values: tuple[str, ...]
    rows: float


@dataclass(frozen=True, slots=True)
class Leads:
    """All values of the key's leading column, as text; `kind` is its type."""

    place: int
    kind: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """Pieces of one shape that one query compares, in key order."""

    shape: Shape
    pieces: tuple[Piece, ...]

    @property
    def rows(self) -> float:
        """About how many rows it has."""
        return sum(piece.rows for piece in self.pieces)
