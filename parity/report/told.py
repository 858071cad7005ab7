"""An incident as a line about it needs it, and which incidents follow from which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from parity.model.cause import Cause, parts
from parity.report.predicates import predicate
from parity.report.words import visible

__all__ = ["Told", "roots", "told_of"]

# What the evidence calls the day from which on both sides agree: the data is wrong since then.
_BEGINS = ("agrees_from", "ex_date")
_ADJUSTED = frozenset({Cause.SPLIT_ADJUSTMENT, Cause.DIVIDEND_ADJUSTMENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An incident, as far as a line about it needs to know it.

    Attributes:
        id: its own.
        dataset: whose; `kind` is that of the dataset.
        says: its cause as it follows a symbol: `unadjusted by 2:1`.
        open: neither proved nor waived.
        begins: the day since when the data is wrong, where its cause knows that; else empty.
        first: the first session with a row that differs, an ISO date; empty where none is known.
        last: the last one.
        now: the night's session.
        explained_by: the incident that it follows from; empty: none.
    """

    id: str
    dataset: str
    kind: str
    says: str
    open: bool
    waived: bool
    rows: int
    symbols: tuple[str, ...]
    begins: str
    first: str
    last: str
    now: str
    explained_by: str


def told_of(dataset: Mapping[str, Any], incident: Mapping[str, Any], session: str) -> Told:
    """The same of an incident of result.json, of one of its datasets."""
    scope, evidence = incident["scope"], incident["evidence"]
    return Told(
        id=incident["id"],
        dataset=dataset["name"],
        kind=dataset["kind"],
        says=predicate(incident["cause"], evidence),
        open=not incident["proved"] and incident["waiver"] is None,
        waived=incident["waiver"] is not None,
        rows=incident["rows"],
        symbols=tuple(scope["symbols"]),
        begins=_begins(incident["cause"], evidence),
        first=visible(scope["from"] or ""),
        last=visible(scope["to"] or ""),
        now=session,
        explained_by=incident["explained_by"] or "",
    )


def roots(explained_by: Mapping[str, str]) -> Mapping[str, str]:
    """Of each incident the one that it follows from in the end; of others itself.

    Args:
        explained_by: by id, the id of what explains it, empty where nothing does. What is not
            among the keys explains nothing here.
    """
    found: dict[str, str] = {}
    for ident in explained_by:
        way = [ident]
        while (above := explained_by[way[-1]]) in explained_by and above not in way:
            way.append(above)
        # Of incidents that explain one another in a circle, one stands for all.
        found[ident] = min(way[way.index(above) :]) if above in way else way[-1]
    return found


def _begins(cause: str, evidence: Mapping[str, Any]) -> str:
    if not _ADJUSTED & set(parts(cause)):
        return ""
    return next((day for name in _BEGINS if (day := _day(evidence.get(name)))), "")


def _day(value: object) -> str:
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        return ""
