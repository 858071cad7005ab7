"""How long each incident lived, over all nights at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from parity.model.life import compared
from parity.model.result import DatasetResult, Incident, RunResult

__all__ = ["Lifetime", "lifetimes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """An incident from the night it began to the one that had it no more.

    Attributes:
        dataset: whose.
        id: the incident's.
        cause: as it was told last.
        proved: its cause was, when it was told last.
        symbols: of its scope, when it was told last.
        first: the session that saw it first.
        last: the newest one that saw it.
        nights: how many saw it.
        rows: the most that it had on one of them.
        gone: the first session after `last` that compared its dataset and did not see it; None:
            it is still there, as far as anybody knows.
        waiver: the id of the waiver that accepted it when it was seen last; None: none did.
        follows: it was explained by another incident when it was seen last.
        returns: how often it was gone and came back.
        phases: those of the nights that saw it.
        opened: the phase of the night that saw it first.
        link: of that night's page, relative to the phase's folder; empty: it has no page.
    """

    dataset: str
    id: str
    cause: str
    proved: bool
    symbols: tuple[str, ...]
    first: date
    last: date
    nights: int
    rows: int
    gone: date | None = None
    waiver: str | None = None
    follows: bool = False
    returns: int = 0
    phases: frozenset[str] = frozenset()
    opened: str = ""
    link: str = ""

    @property
    def open(self) -> bool:
        """It is still there, and nobody has accepted it."""
        return self.gone is None and self.waiver is None


def lifetimes(nights: Iterable[RunResult]) -> tuple[Lifetime, ...]:
    """All incidents that any night saw, the first seen first.

    Args:
        nights: the run that holds for each session, in any order. A night on which a dataset was
            not compared, or had an empty side, says nothing about its incidents.
    """
    found: dict[tuple[str, str], _Seen] = {}
    here: dict[str, dict[str, _Seen]] = {}  # by dataset, what its newest night saw
    for night in sorted(nights, key=lambda one: one.session):
        for dataset in filter(compared, night.datasets):
            before = here.get(dataset.name, {})
            here[dataset.name] = _see(night, dataset, found)
            for ident in before.keys() - here[dataset.name].keys():
                before[ident].gone = night.session
    return tuple(seen.lifetime(dataset) for (dataset, _), seen in found.items())


def _see(
    night: RunResult, dataset: DatasetResult, found: dict[tuple[str, str], _Seen]
) -> dict[str, _Seen]:
    seen: dict[str, _Seen] = {}
    for incident in dataset.incidents:
        one = found.get((dataset.name, incident.id))
        if one is None:
            one = _Seen(night.session, night.phase, incident)
            found[dataset.name, incident.id] = one
        one.again(night, incident)
        seen[incident.id] = one
    return seen


@dataclass(slots=True)
class _Seen:
    """What has been seen of an incident so far."""

    first: date
    opened: str
    newest: Incident
    last: date = date.min
    nights: int = 0
    rows: int = 0
    gone: date | None = None
    returns: int = 0
    phases: set[str] = field(default_factory=set)

    def again(self, night: RunResult, incident: Incident) -> None:
        self.returns += self.gone is not None
        self.gone = None
        self.newest, self.last = incident, night.session
        self.nights += 1
        self.rows = max(self.rows, incident.rows)
        self.phases.add(night.phase)

    def lifetime(self, dataset: str) -> Lifetime:
        return Lifetime(
            dataset=dataset,
            id=self.newest.id,
            cause=self.newest.cause,
            proved=self.newest.proved,
            symbols=self.newest.scope.symbols,
            first=self.first,
            last=self.last,
            nights=self.nights,
            rows=self.rows,
            gone=self.gone,
            waiver=self.newest.waiver,
            follows=self.newest.explained_by is not None,
            returns=self.returns,
            phases=frozenset(self.phases),
            opened=self.opened,
        )
