"""What the page of a phase shows, in words."""

from __future__ import annotations

from dataclasses import dataclass

from parity.model.verdict import Verdict
from parity.report.phase.calendar import Month
from parity.report.phase.reliability import FlowLine
from parity.report.view import Figure

__all__ = [
    "ChangeView",
    "EventView",
    "FlowsView",
    "IncidentLine",
    "Moment",
    "PhaseLink",
    "PhaseView",
    "SignOffView",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A moment in exchange time, in UTC, and for machines."""

    text: str
    utc: str
    iso: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseLink:
    """A phase that has a page; `here` is True for the one that is shown."""

    name: str
    link: str
    here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentLine:
    """One incident: what it was, how long it lived, and what it is now.

    `state` is open, waived or resolved, `order` sorts by it; `link` leads to the night it began.
    """

    state: str
    symbol: str
    tone: str
    order: int
    cause: str
    note: str
    dataset: str
    symbols: str
    rows: int
    first: str
    last: str
    nights: int
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowsView:
    """How scripts and flows have run in one stay; `span` says which sessions."""

    span: str
    lines: tuple[FlowLine, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeView:
    """A change of a file; `diff` are its lines, each with a class: add, del, at or nothing."""

    file: str
    by: str
    at: Moment
    says: str
    diff: tuple[tuple[str, str], ...]
    cut: str
    folded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOffView:
    """A signature; `state` says whether it holds; `ended`: it did until the phase was left."""

    item: str
    text: str
    by: str
    at: Moment
    note: str
    state: str
    ok: bool
    ended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """A decision or a rehearsal."""

    at: Moment
    by: str
    what: str
    says: str
    bad: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseView:
    """The page of a phase. `verdict` gives its colours: whether it may be, or was, left well.

    `seal` is its sign: what is not decided yet has dots, not a question mark.
    """

    migration: str
    phase: str
    name: str
    verdict: Verdict
    seal: str
    sentence: str
    answer: str
    newest: str
    as_of: Moment | None
    story: tuple[str, ...]
    figures: tuple[Figure, ...]
    months: tuple[Month, ...]
    rows: str
    incidents: tuple[IncidentLine, ...]
    lives: str
    more: str
    flows: tuple[FlowsView, ...]
    changes: tuple[ChangeView, ...]
    signatures: tuple[SignOffView, ...]
    events: tuple[EventView, ...]
    before: PhaseLink | None
    after: PhaseLink | None
    checklist: bool
