"""Tables of rows, already in words."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Cell", "Grid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One table cell. `kind`: text, number, null, pair (three lines of one column), same, state
    or incident (a link to `href`, with what a filter finds it by in `title`).

    `sort` is a number for sorting where the text alone would sort wrongly; `title` says more.
    `id` is an anchor, on the first row of an incident.
    """

    text: str
    kind: str = "text"
    sort: str | None = None
    title: str = ""
    legacy: str = ""
    candidate: str = ""
    href: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table of discrepancies: header names, whether each is numeric, and rows of cells."""

    id: str
    caption: str
    headers: tuple[tuple[str, bool], ...]
    rows: tuple[tuple[Cell, ...], ...]
    keys: int
