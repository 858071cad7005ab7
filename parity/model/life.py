"""The life of an incident from night to night."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from parity.model.result import DatasetResult, Incident, RunResult

__all__ = ["Life", "Resolved", "State", "compared", "lives", "resolved"]

Ident = tuple[str, str]  # dataset, incident id
_Past = list[tuple[date, dict[str, Incident]]]  # a dataset's nights, the oldest first


class State(StrEnum):
    """How an incident stands beside the night before."""

    NEW = "new"
    PERSISTING = "persisting"
    GROWN = "grown"
    SHRUNK = "shrunk"
    CAME_BACK = "came back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """How an incident stands, and since when.

    `first` is the session it was first seen at, `since` the one it has been there without a break
    since; `rows` the rows on each of the nights since then, the oldest first and this one last.
    Nights that did not compare its dataset are no break, and not among them.
    """

    state: State
    first: date
    since: date
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """An incident of the last night that this one has no more."""

    dataset: str
    incident: Incident
    last: date


def lives(night: RunResult, nights: Sequence[RunResult]) -> Mapping[Ident, Life]:
    """The life of each of a night's incidents.

    Args:
        night: whose incidents.
        nights: all stored nights, in any order; `night` and those after it are left out. A night
            on which a dataset was not compared, or had an empty side, says nothing about its
            incidents.
    """
    before = _before(night, nights)
    found: dict[Ident, Life] = {}
    for dataset in night.datasets:
        past = _past(dataset.name, before)
        for incident in dataset.incidents:
            found[dataset.name, incident.id] = _life(night.session, incident, past)
    return found


def resolved(night: RunResult, nights: Sequence[RunResult]) -> tuple[Resolved, ...]:
    """What the last night that compared a dataset had, and this one, comparing it, has not."""
    before = _before(night, nights)
    found: list[Resolved] = []
    for dataset in night.datasets:
        past = _past(dataset.name, before)
        if not past or not compared(dataset):
            continue
        here = {incident.id for incident in dataset.incidents}
        last, incidents = past[-1]
        found += [
            Resolved(dataset=dataset.name, incident=incident, last=last)
            for ident, incident in incidents.items()
            if ident not in here
        ]
    return tuple(found)


def _life(session: date, incident: Incident, past: _Past) -> Life:
    seen = [day for day, incidents in past if incident.id in incidents]
    rows, since = [incident.rows], session
    for day, incidents in reversed(past):
        if incident.id not in incidents:
            break
        rows.append(incidents[incident.id].rows)
        since = day
    return Life(
        state=_state(rows, seen=bool(seen)),
        first=seen[0] if seen else session,
        since=since,
        rows=tuple(reversed(rows)),
    )


def _state(rows: Sequence[int], *, seen: bool) -> State:
    """`rows` has this night's first, then those of the nights before without a break."""
    if len(rows) == 1:
        return State.CAME_BACK if seen else State.NEW
    now, last = rows[:2]
    if now == last:
        return State.PERSISTING
    return State.GROWN if now > last else State.SHRUNK


def _before(night: RunResult, nights: Sequence[RunResult]) -> list[RunResult]:
    earlier = [one for one in nights if one.session < night.session]
    return sorted(earlier, key=lambda one: one.session)


def _past(name: str, nights: Sequence[RunResult]) -> _Past:
    """The incidents of a dataset on each of the nights that compared it."""
    return [
        (night.session, {incident.id: incident for incident in dataset.incidents})
        for night in nights
        for dataset in night.datasets
        if dataset.name == name and compared(dataset)
    ]


def compared(dataset: DatasetResult) -> bool:
    """True when both sides had rows and causes were looked for: else nothing is mended."""
    return bool(dataset.rows.legacy and dataset.rows.candidate and dataset.explained)
