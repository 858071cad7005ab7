"""Which manual items are signed. A signature holds for one stay in a phase and one config."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from parity.gates.facts import Facts
from parity.model.checklist import Item
from parity.model.plan import ManualItem
from parity.model.trail import TrailEntry, TrailKind

__all__ = ["Signed", "manual_item", "signed", "to_sign"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """The newest signature of an item.

    Attributes:
        entry: its row of the trail; None: nobody has signed.
        lapsed: why it no longer holds; empty where it does.
        since: the day since when the item is without a signature that holds.
        since_why: what happened that day.
    """

    entry: TrailEntry | None = None
    lapsed: str = ""
    since: date | None = None
    since_why: str = ""

    @property
    def ok(self) -> bool:
        """True when it holds."""
        return self.entry is not None and not self.lapsed


def to_sign(facts: Facts) -> tuple[ManualItem, ...]:
    """What people sign before the phase in force can be left."""
    return tuple(item for item in facts.manual if item.phase is facts.phase)


def signed(facts: Facts, item: str) -> Signed:
    """The newest signature of an item, and whether it holds."""
    rows = [row for row in facts.rows(TrailKind.SIGNATURE) if row.content.get("item") == item]
    since, why = facts.start
    if not rows:
        return Signed(since=since, since_why=why)
    newest = rows[-1]
    if _of_other_stay(facts, newest):
        lapsed = f"phase {facts.phase.value} began after it"
        return Signed(entry=newest, lapsed=lapsed, since=since, since_why=why)
    changed = _changed(facts, newest)
    if changed is None:
        return Signed(entry=newest)
    return Signed(
        entry=newest,
        lapsed="parity.yaml has changed since",
        since=changed,
        since_why="parity.yaml changed",
    )


def _of_other_stay(facts: Facts, row: TrailEntry) -> bool:
    before = facts.began is not None and row.number < facts.began.number
    return before or row.content.get("phase") != facts.phase.value


def _changed(facts: Facts, row: TrailEntry) -> date | None:
    """The day of the first other config after a signature; today where no night has noted it.

    None where there was none. A config that is back as it was signed was another in between.
    """
    noted = [
        change.at
        for change in facts.rows(TrailKind.CONFIG)
        if change.number > row.number and change.content.get("hash") != row.content.get("config")
    ]
    if noted:
        return facts.day(noted[0])
    return None if row.content.get("config") == facts.config else facts.today


def manual_item(facts: Facts, item: ManualItem) -> Item:
    """A manual item with who signed it, or why nobody's signature holds."""
    found = signed(facts, item.id)
    return Item(
        id=item.id,
        title=item.text,
        ok=found.ok,
        evidence=_evidence(facts, found),
        since=found.since,
        since_why=found.since_why,
        missing="" if found.ok else f"a signature: parity sign {item.id} --note TEXT",
        manual=True,
    )


def _evidence(facts: Facts, found: Signed) -> str:
    row = found.entry
    if row is None:
        return "not signed"
    note = row.content.get("note", "")
    text = f"signed by {row.by} on {facts.day(row.at)}: {note} (row {row.number} of the trail)"
    return f"lapsed, as {found.lapsed}: {text}" if found.lapsed else text
