"""Tables of rows, already in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
    """A table of discrepancies: header names, whether each is numeric, and rows of cells.

    The page has the columns that matter in its table, and gives its script the rest.

    Attributes:
        keys: how many columns stand for the key, the first ones.
        fixed: how many columns come before those of the dataset; these can be hidden.
        note: which of the dataset's columns are shown, in words.
        more: what the script adds, as `parity.report.packing` packs it.
        sql: what the script makes a row's SQL of; None where nothing is known of its tables.
    """

    id: str
    caption: str
    headers: tuple[tuple[str, bool], ...]
    rows: tuple[tuple[Cell, ...], ...]
    keys: int
    fixed: int
    note: str
    more: Mapping[str, Any]
    sql: Mapping[str, Any] | None
