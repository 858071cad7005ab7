"""From an incident to the waiver that covers it and no more. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from datetime import date

from parity.gates.waiving import covers
from parity.model.errors import UsageError
from parity.model.result import Incident
from parity.model.waiver import Waiver

__all__ = ["propose"]

_LONGEST = 56  # of an id, before a number that makes it the only one of its name


def propose(
    dataset: str,
    incident: Incident,
    *,
    owner: str,
    reason: str,
    expires: date,
    max_rows: int,
    taken: Collection[str],
) -> Waiver:
    """The narrowest waiver that covers an incident.

    What cannot be said of the incident is left out: of rows that one side lacks the columns, of
    rows with a NULL in their key the symbols and the days.

    Args:
        dataset: whose incident.
        incident: what is to be accepted.
        owner: who answers for it.
        reason: why.
        expires: the last session on which it holds.
        max_rows: how many rows it may cover.
        taken: ids of waivers that there are already.

    Raises:
        UsageError: no waiver covers the incident, as it does not tell which rows it is of.
    """
    scope = incident.scope
    whole = Waiver(
        id=_free(f"{dataset}-{incident.cause}", taken),
        dataset=dataset,
        cause=incident.cause,
        owner=owner,
        reason=reason,
        expires=expires,
        max_rows=max_rows,
    )
    if not covers(whole, dataset, incident):
        raise UsageError(
            f"incident {incident.id} does not tell which rows it is of, so nothing can waive it: "
            "compare its session again"
        )
    by_symbol = replace(whole, symbols=scope.symbols)
    if covers(by_symbol, dataset, incident):
        whole = by_symbol
    by_column = replace(whole, columns=incident.columns)
    if covers(by_column, dataset, incident):
        whole = by_column
    by_day = replace(whole, first=_day(scope.first), last=_day(scope.last))
    return by_day if covers(by_day, dataset, incident) else whole


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _free(name: str, taken: Collection[str]) -> str:
    """A slug that no other waiver has: `bars-rounding`, else `bars-rounding-2` and so on."""
    slug = re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-_")[:_LONGEST] or "waiver"
    number, found = 1, slug
    while found in taken:
        number += 1
        found = f"{slug}-{number}"
    return found
