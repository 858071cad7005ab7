"""The view of one incident, already in words."""

from __future__ import annotations

from dataclasses import dataclass

from parity.report.pictures.view import IncidentPicture

__all__ = [
    "Accepted",
    "Examples",
    "IncidentView",
    "Line",
    "Link",
    "ResolvedView",
    "WaiverLine",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A text and where it leads; no `href` where there is nothing to lead to."""

    text: str
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of an example: whose values, and one text for each column ("" where none).

    `key` has the row's key in the first line of an example, else nothing; `lines` says how many
    lines the example has. `undone` is true for the values after the undo.
    """

    key: str
    lines: int
    side: str
    values: tuple[str, ...]
    undone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Up to three rows before and after the undo; `more` columns are not shown."""

    columns: tuple[str, ...]
    rows: tuple[Line, ...]
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Who accepts an incident, why, and the last session on which that holds."""

    owner: str
    reason: str
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverLine:
    """A waiver that somebody is to see to: what it is about, what is wrong, what to do."""

    id: str
    about: str
    owner: str
    reason: str
    says: str
    todo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentView:
    """Discrepancies with one cause and scope.

    `name` is the cause in words, `code` its name in data where that is another, `says` the sentence
    about it. `life` is empty where no other night is known; `state` is then empty too, else one of
    new, persisting, grown, shrunk, came-back. `follows` are the incidents that explain it,
    `followed` those that it explains. `waiver` is the id of the one that waives it, `accepted` what
    that one says, where it is known.
    `shown` tells how many of its rows the page lists, `more` is what else is known of it.
    `waive` is the command that accepts it, empty where none is to be; `trend` are its rows on each
    night since it was first seen without a break, the newest last.
    """

    id: str
    name: str
    code: str
    proved: bool
    proof: str
    says: str
    rows: int
    columns: str
    symbols: str
    all_symbols: str
    sessions: str
    life: str
    state: str
    undo: str
    why_not: str
    follows: tuple[Link, ...]
    followed: tuple[Link, ...]
    noise: bool
    waiver: str
    accepted: Accepted | None
    docs: tuple[Link, ...]
    examples: Examples | None
    more: tuple[str, ...]
    shown: str
    waive: str = ""
    trend: tuple[int, ...] = ()
    picture: IncidentPicture | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedView:
    """An incident of the night before that is there no more."""

    name: str
    says: str
    rows: int
    symbols: str
    last: str
