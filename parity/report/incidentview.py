"""The view of one incident, already in words."""

from __future__ import annotations

from dataclasses import dataclass

from parity.report.pictures.view import IncidentPicture

__all__ = [
    "Accepted",
    "Examples",
    "IncidentView",
    "IncidentsView",
    "Line",
    "Link",
    "ResolvedView",
    "Trend",
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
class Trend:
    """Rows on each night since an incident is there: `says` has the numbers, newest last.

    `bars` are heights of 1 to 20, one for each number.
    """

    says: str
    bars: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentView:
    """Discrepancies with one cause and scope.

    Attributes:
        id: its own; `dataset` is whose it is.
        name: the cause in words; `code` its name in data where that is another.
        says: the sentence about it; `brief` a shorter one, below what it follows from.
        side: the one whose values are undone; empty where that is not known.
        why: why it is there, as far as that is shown; `mend` what is to be done about it.
        shown: how many of its rows the page lists, in words; empty: none.
        listed: how many those are.
        state: new, persisting, grown, shrunk or came-back; empty where no other night is known,
            as are `life` and `seen`, when it was first seen.
        trend: None where one night has it.
        follows: the incidents that explain it.
        followed: those that it explains and that do not stand in `followers`, folded under it.
        waiver: the id of the one that waives it; `accepted` what that one says, where it is known.
        waive: the command that accepts it; empty where none is to be.
        more: what else is known of it.
        same: what the same cause did to the same symbols in other datasets.
    """

    id: str
    dataset: str
    name: str
    code: str
    proved: bool
    proof: str
    says: str
    brief: str
    side: str
    rows: int
    columns: str
    symbols: str
    all_symbols: str
    sessions: str
    life: str
    state: str
    seen: str
    trend: Trend | None
    undo: str
    why_not: str
    explained_by: str
    follows: tuple[Link, ...]
    followed: tuple[Link, ...]
    noise: bool
    waiver: str
    accepted: Accepted | None
    why: str
    mend: str
    waive: str
    docs: tuple[Link, ...]
    examples: Examples | None
    more: tuple[str, ...]
    shown: str
    listed: int
    followers: tuple[IncidentView, ...] = ()
    same: tuple[IncidentView, ...] = ()
    picture: IncidentPicture | None = None

    @property
    def all_rows(self) -> int:
        """Its rows and those of the same cause in other datasets."""
        return self.rows + sum(one.rows for one in self.same)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentsView:
    """All incidents of a night, gravest first.

    Attributes:
        says: how many there are, and of which kind.
        cards: those shown in full; what follows from one is folded under it.
        briefs: the others, as a line each.
        waived: those that a waiver accepts, in full; `waived_briefs` the others.
        left: what is not on the page at all, in words; empty: nothing.
        here: the ids of all that are.
    """

    says: str = ""
    cards: tuple[IncidentView, ...] = ()
    briefs: tuple[IncidentView, ...] = ()
    waived: tuple[IncidentView, ...] = ()
    waived_briefs: tuple[IncidentView, ...] = ()
    left: str = ""
    here: frozenset[str] = frozenset()

    @property
    def todo(self) -> str:
        """What to do about the gravest of those that no waiver accepts; empty where none is."""
        return self.cards[0].mend if self.cards else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedView:
    """An incident of the night before that is there no more."""

    name: str
    says: str
    rows: int
    symbols: str
    last: str
