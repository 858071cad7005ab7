"""An incident as a line about it needs it, and which incidents follow from which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from parity.model.cause import Cause, parts
from parity.report.predicates import predicate

__all__ = ["Told", "before_of", "lacking", "roots", "told_of"]

# What the evidence calls the day from which on both sides agree: what lies before it differs.
_AGREES = ("agrees_from", "ex_date")
_OTHER = {"legacy": "candidate", "candidate": "legacy"}
_ADJUSTED = frozenset({Cause.SPLIT_ADJUSTMENT, Cause.DIVIDEND_ADJUSTMENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An incident, as far as a line about it needs to know it.

    Attributes:
        id: its own.
        dataset: whose; `kind` is that of the dataset.
        says: its cause as it follows a symbol: `unadjusted by 2:1`.
        open: neither proved nor waived.
        side: the one that lacks an adjustment; empty where that is not known.
        before: the day from which on both sides agree, where its cause knows that; else empty.
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
    side: str
    before: str
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
        side=lacking(incident["cause"], evidence),
        before=before_of(incident["cause"], evidence),
        first=_day(scope["from"]),
        last=_day(scope["to"]),
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


def lacking(cause: str, evidence: Mapping[str, Any]) -> str:
    """The side that lacks an adjustment: for a split the one whose prices are to be divided."""
    side, adjusted = evidence.get("side"), evidence.get("adjusted_side")
    if parts(cause)[:1] == (Cause.DIVIDEND_ADJUSTMENT,):
        return _OTHER.get(str(adjusted), "")
    if parts(cause)[:1] != (Cause.SPLIT_ADJUSTMENT,) or side not in _OTHER:
        return ""
    # What is undone on the smaller side multiplies it.
    multiplied = str(evidence.get("undo", "")).startswith("multiply")
    return _OTHER[side] if multiplied else str(side)


def before_of(cause: str, evidence: Mapping[str, Any]) -> str:
    """The day from which on both sides agree on an adjustment; empty where none is known."""
    if not _ADJUSTED & set(parts(cause)):
        return ""
    return next((day for name in _AGREES if (day := _day(evidence.get(name)))), "")


def _day(value: object) -> str:
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        return ""
