"""Incidents of rows for which no cause could be looked for: by symbol, else by state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Any

from parity.causes.folding import identity_of
from parity.model.cause import Cause
from parity.model.result import Discrepancy, Incident, Scope
from parity.model.suite import Dataset

__all__ = ["plainly"]


@dataclass(slots=True)
class _Group:
    symbol: bool
    columns: dict[str, None] = field(default_factory=dict)
    states: Counter[str] = field(default_factory=Counter)
    days: set[date] = field(default_factory=set)

    def day(self, day: date | None) -> None:
        """Keeps the first and the last."""
        if day is not None:
            known = {day, *self.days}
            self.days = {min(known), max(known)}


def plainly(
    dataset: Dataset, zone: tzinfo, found: Iterable[Discrepancy], reason: str
) -> tuple[tuple[Incident, ...], list[str]]:
    """The incidents, those with most rows first, and the incident of each row.

    Needs nothing of the rows but their state, key and columns, so that it cannot fail where the
    rules did.
    """
    groups: dict[str, _Group] = {}
    names = []
    for one in found:
        symbol = _of_key(dataset, one, dataset.symbol)
        name = one.state.value if symbol is None else str(symbol)
        group = groups.setdefault(name, _Group(symbol is not None))
        group.states[one.state.value] += 1
        group.columns |= dict.fromkeys(one.columns)
        group.day(_day(_of_key(dataset, one, dataset.time), zone))
        names.append(name)
    ids = {name: identity_of(dataset.name, str(Cause.UNEXPLAINED), (name,)) for name in groups}
    incidents = [
        Incident(
            id=ids[name],
            cause=str(Cause.UNEXPLAINED),
            proved=False,
            rows=group.states.total(),
            columns=tuple(group.columns),
            scope=_scope(name, group),
            evidence={"why_not": reason, "states": dict(group.states)},
        )
        for name, group in groups.items()
    ]
    ordered = sorted(incidents, key=lambda one: (-one.rows, one.id))
    return tuple(ordered), [ids[name] for name in names]


def _scope(name: str, group: _Group) -> Scope:
    days = sorted(group.days)
    return Scope(
        symbols=(name,) if group.symbol else (),
        first=days[0].isoformat() if days else None,
        last=days[-1].isoformat() if days else None,
    )


def _of_key(dataset: Dataset, found: Discrepancy, name: str | None) -> Any:
    if name is None or name not in dataset.key:
        return None
    return found.key[dataset.key.index(name)]


def _day(value: Any, zone: tzinfo) -> date | None:
    if isinstance(value, datetime):
        try:
            return value.astimezone(zone).date() if value.tzinfo else value.date()
        except OverflowError:  # the first or last hours that Python knows
            return value.date()
    return value if isinstance(value, date) else None
