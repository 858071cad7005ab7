"""Which incidents of a dataset are waived, and what became of each waiver. Pure.

A waiver covers an incident of its dataset and cause when all of the incident's scope lies within
its own: every symbol, every column, all days. What is not known of an incident lies within nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from parity.model.result import Incident, RowState
from parity.model.waiver import Waiver, WaiverState, WaiverUse

__all__ = ["Waived", "covers", "untouched", "waive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived:
    """All incidents of a dataset, those that are waived with their waiver, and its waivers' use."""

    incidents: tuple[Incident, ...]
    uses: tuple[WaiverUse, ...]


def waive(
    dataset: str, incidents: Sequence[Incident], waivers: Iterable[Waiver], session: date
) -> Waived:
    """Applies the waivers of a dataset, in the order of the file.

    Of two that cover an incident the first has it, also when that one is over its cap: then none of
    its incidents is waived. One that has expired leaves its incidents to the others.

    Args:
        dataset: the name of the dataset; waivers of others are left out.
        incidents: all of its incidents, none of them waived yet.
        waivers: all waivers.
        session: of the night; decides what has expired.
    """
    mine = [waiver for waiver in waivers if waiver.dataset == dataset]
    # Those that hold choose first.
    order = sorted(mine, key=lambda waiver: waiver.expired(session))
    taken: dict[str, list[Incident]] = {waiver.id: [] for waiver in mine}
    for incident in incidents:
        owner = next((one for one in order if covers(one, dataset, incident)), None)
        if owner is not None:
            taken[owner.id].append(incident)
    uses = tuple(_use(waiver, taken[waiver.id], session) for waiver in mine)
    by = {
        ident: use.waiver.id
        for use in uses
        if use.state is WaiverState.USED
        for ident in use.incidents
    }
    return Waived(
        incidents=tuple(replace(one, waiver=by.get(one.id)) for one in incidents), uses=uses
    )


def untouched(waiver: Waiver, session: date) -> WaiverUse:
    """What is said of a waiver whose dataset has no incident, or was not compared."""
    return _use(waiver, (), session)


def covers(waiver: Waiver, dataset: str, incident: Incident) -> bool:
    """True when the waiver is about that cause, and all of the incident's scope is within its.

    An incident that does not tell the states of its rows may be of any rows.
    """
    return (
        bool(_states(incident))
        and waiver.dataset == dataset
        and waiver.cause == incident.cause
        and _symbols_within(waiver, incident)
        and _columns_within(waiver, incident)
        and _days_within(waiver, incident)
    )


def _use(waiver: Waiver, incidents: Sequence[Incident], session: date) -> WaiverUse:
    rows = sum(incident.rows for incident in incidents)
    state = WaiverState.USED if incidents else WaiverState.UNUSED
    if waiver.expired(session):
        state = WaiverState.EXPIRED
    elif rows > waiver.max_rows:
        state = WaiverState.OVER_CAP
    return WaiverUse(
        waiver=waiver, state=state, rows=rows, incidents=tuple(one.id for one in incidents)
    )


def _symbols_within(waiver: Waiver, incident: Incident) -> bool:
    """A row with a NULL in its key may be one without a symbol."""
    if not waiver.symbols:
        return True
    symbols = incident.scope.symbols
    known = bool(symbols) and RowState.NULL_KEY.value not in _states(incident)
    return known and set(symbols) <= set(waiver.symbols)


def _columns_within(waiver: Waiver, incident: Incident) -> bool:
    """A row that one side lacks, or that has no partner, differs in more than some columns."""
    if not waiver.columns:
        return True
    known = bool(incident.columns) and _states(incident) <= {RowState.MISMATCHED.value}
    return known and set(incident.columns) <= set(waiver.columns)


def _days_within(waiver: Waiver, incident: Incident) -> bool:
    """A row with a NULL in its key may be one without a day."""
    if waiver.first is None and waiver.last is None:
        return True
    first, last = incident.scope.first, incident.scope.last
    if first is None or last is None or RowState.NULL_KEY.value in _states(incident):
        return False
    return (waiver.first is None or waiver.first <= date.fromisoformat(first)) and (
        waiver.last is None or date.fromisoformat(last) <= waiver.last
    )


def _states(incident: Incident) -> set[str]:
    """The states of its rows, as far as its evidence tells them."""
    states = incident.evidence.get("states")
    return set(states) if isinstance(states, dict) else set()
