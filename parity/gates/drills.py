"""Was the way back rehearsed lately?"""

from __future__ import annotations

from datetime import date

from parity.gates.facts import Facts
from parity.gates.wording import counted, duration
from parity.model.checklist import Item
from parity.model.trail import TrailEntry, TrailKind

__all__ = ["drill"]


def drill(facts: Facts) -> Item:
    """The newest drill succeeded, and is not too old."""
    drills = facts.rows(TrailKind.DRILL)
    newest = drills[-1] if drills else None
    since, why = _red_since(facts, newest)
    return Item(
        id="drill",
        title=f"A drill within {duration(facts.gates.drill)} succeeded, and none failed after it",
        ok=since is None and newest is not None and not why,
        evidence=_evidence(facts, newest),
        since=since,
        since_why=why,
        missing="a drill that succeeds: parity drill" if why else "",
    )


def _red_since(facts: Facts, newest: TrailEntry | None) -> tuple[date | None, str]:
    if newest is None:
        since, why = facts.start
        return since, why or "there was no drill"
    if newest.content.get("ok") is not True:
        return facts.day(newest.at), "the drill failed"
    if facts.now - newest.at > facts.gates.drill:
        return facts.day(newest.at + facts.gates.drill), "the newest drill had become too old"
    return None, ""


def _evidence(facts: Facts, newest: TrailEntry | None) -> str:
    if newest is None:
        return "there was no drill"
    said = newest.content
    where = f"on {facts.day(newest.at)} by {newest.by} (row {newest.number} of the trail)"
    if said.get("ok") is not True:
        return f"the drill {where} failed: {said.get('why_not') or 'no reason is noted'}"
    parts = [f"succeeded {where}"]
    if isinstance(taken := said.get("seconds_to_switch_back"), int | float):
        parts.append(f"{taken:.3f} s to switch back")
    if isinstance(reads := said.get("reads"), int):
        parts.append(f"{counted(reads, 'read')} meanwhile")
    return ", ".join(parts)
