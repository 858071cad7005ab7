"""Was the way back rehearsed lately, for all that consumers read?

A rollback takes from a drill what it has proved: something went wrong after it.
"""

from __future__ import annotations

from datetime import date

from parity.gates.facts import Facts
from parity.gates.wording import counted, duration, listed
from parity.model.checklist import Item
from parity.model.trail import TrailEntry, TrailKind
from parity.model.verdict import Side

__all__ = ["drill"]


def drill(facts: Facts) -> Item:
    """The newest drill succeeded, was of every view, is not too old, and no rollback came after."""
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
    back = _rolled_back(facts, newest)
    if back is not None:
        return facts.day(back.at), "a rollback came after the newest drill"
    if absent := _not_drilled(facts, newest):
        return facts.day(newest.at), f"the drill was not of {listed(absent)}"
    if facts.now - newest.at > facts.gates.drill:
        return facts.day(newest.at + facts.gates.drill), "the newest drill had become too old"
    return None, ""


def _rolled_back(facts: Facts, drilled: TrailEntry) -> TrailEntry | None:
    """The last rollback, where it came after a drill."""
    back = [row for row in facts.rows(TrailKind.SWITCH) if row.content.get("to") == Side.LEGACY]
    return back[-1] if back and back[-1].number > drilled.number else None


def _not_drilled(facts: Facts, drilled: TrailEntry) -> list[str]:
    """Views of the config that the drill has not rehearsed."""
    views = drilled.content.get("views")
    known = set(map(str, views)) if isinstance(views, list) else set()
    return [name for name in facts.views if name not in known]


def _evidence(facts: Facts, newest: TrailEntry | None) -> str:
    if newest is None:
        return "there was no drill"
    said = newest.content
    where = f"on {facts.day(newest.at)} by {newest.by} (row {newest.number} of the trail)"
    if said.get("ok") is not True:
        return f"the drill {where} failed: {said.get('why_not') or 'no reason is noted'}"
    parts = [f"succeeded {where}"]
    if back := _rolled_back(facts, newest):
        parts.append(
            f"before the rollback on {facts.day(back.at)} (row {back.number} of the trail)"
        )
    if absent := _not_drilled(facts, newest):
        parts.append(f"but not for {listed(absent)}")
    if isinstance(taken := said.get("seconds_to_switch_back"), int | float):
        parts.append(f"{taken:.3f} s to switch back")
    if isinstance(reads := said.get("reads"), int):
        parts.append(f"{counted(reads, 'read')} meanwhile")
    return ", ".join(parts)
