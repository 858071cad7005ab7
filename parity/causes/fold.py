"""Folds discrepancies into incidents, one pass, memory by incident and not by row.

No rule proves a cause yet, so every incident is `unexplained`; rows fold by symbol (by state where
the dataset has no symbol).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Any

from parity.model.result import Discrepancy, Incident, Scope
from parity.model.suite import Dataset

__all__ = ["Folder"]


@dataclass(slots=True)
class _Group:
    rows: int = 0
    columns: dict[str, None] = field(default_factory=dict)  # a set that keeps its order
    first: date | None = None
    last: date | None = None


class Folder:
    """Takes the discrepancies of one dataset, gives its incidents."""

    def __init__(self, dataset: Dataset, zone: tzinfo) -> None:
        self._dataset = dataset
        self._zone = zone
        self._groups: dict[str, _Group] = {}

    def add(self, found: Discrepancy) -> None:
        """Counts one discrepancy into its incident."""
        symbol = self._value(found, self._dataset.symbol)
        name = found.state.value if self._dataset.symbol is None else str(symbol)
        group = self._groups.setdefault(name, _Group())
        group.rows += 1
        for column in found.columns:
            group.columns.setdefault(column)
        day = self._day(self._value(found, self._dataset.time))
        if day is not None:
            group.first = day if group.first is None else min(group.first, day)
            group.last = day if group.last is None else max(group.last, day)

    def incidents(self) -> tuple[Incident, ...]:
        """The incidents, those with most rows first."""
        ordered = sorted(self._groups.items(), key=lambda item: (-item[1].rows, item[0]))
        return tuple(self._incident(name, group) for name, group in ordered)

    def _incident(self, name: str, group: _Group) -> Incident:
        symbols = () if self._dataset.symbol is None else (name,)
        identity = "\x1f".join((self._dataset.name, "unexplained", name))
        return Incident(
            id=hashlib.sha256(identity.encode()).hexdigest()[:12],
            cause="unexplained",
            proved=False,
            rows=group.rows,
            columns=tuple(group.columns),
            scope=Scope(
                symbols=symbols,
                first=group.first.isoformat() if group.first else None,
                last=group.last.isoformat() if group.last else None,
            ),
        )

    def _value(self, found: Discrepancy, name: str | None) -> Any:
        if name is None:
            return None
        if name in self._dataset.key:
            return found.key[self._dataset.key.index(name)]
        return (found.legacy or found.candidate or {}).get(name)

    def _day(self, value: Any) -> date | None:
        if isinstance(value, datetime):
            return value.astimezone(self._zone).date() if value.tzinfo else value.date()
        return value if isinstance(value, date) else None
