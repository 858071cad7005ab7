"""Signing what no machine can tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from parity.config.findings import suggest
from parity.gates.facts import Facts
from parity.gates.signatures import signed, to_sign
from parity.model.errors import UsageError
from parity.model.trail import TrailEntry, TrailKind
from parity.nightly.checklist import facts_of
from parity.nightly.harness import Harness
from parity.nightly.recording import record_config

__all__ = ["Signature", "sign"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature that holds; `new` is False where it was there already."""

    item: str
    text: str
    row: TrailEntry
    new: bool

    def to_json(self) -> dict[str, Any]:
        """What `parity sign --json` prints."""
        said = self.row.content
        return {
            "schema_version": 1,
            "item": self.item,
            "text": self.text,
            "by": self.row.by,
            "at": self.row.at.isoformat(),
            "phase": said.get("phase"),
            "config": said.get("config"),
            "note": said.get("note"),
            "new": self.new,
        }


def sign(harness: Harness, item: str, *, by: str, note: str, now: datetime) -> Signature:
    """Signs a manual item of the phase in force; one that is signed already stays as it is.

    Args:
        harness: whose checklist.
        item: the item's id.
        by: who signs.
        note: what the signature rests on.
        now: the moment of asking.

    Raises:
        UsageError: there is no such item to sign in this phase, or the note is blank.
    """
    said = " ".join(note.split())
    if not said:
        raise UsageError("--note is blank: say in a few words what the signature rests on")
    facts = facts_of(harness, now)
    text = _text_of(facts, item)
    before = signed(facts, item)
    if before.ok and before.entry is not None:
        return Signature(item=item, text=text, row=before.entry, new=False)
    record_config(harness, by)  # what it holds for stands in the trail before it
    number = harness.store.append_trail(
        harness.suite.migration,
        TrailKind.SIGNATURE,
        by,
        {"item": item, "phase": facts.phase.value, "config": facts.config, "note": said},
    )
    rows = harness.store.trail(harness.suite.migration, TrailKind.SIGNATURE)
    row = next(row for row in rows if row.number == number)
    return Signature(item=item, text=text, row=row, new=True)


def _text_of(facts: Facts, item: str) -> str:
    here = {known.id: known.text for known in to_sign(facts)}
    if item in here:
        return here[item]
    elsewhere = {known.id: known.phase.value for known in facts.manual}
    if item in elsewhere:
        raise UsageError(
            f"{item} is signed in phase {elsewhere[item]}; this is {facts.phase.value}"
        )
    near = suggest(item, here)
    meant = f"did you mean {near}? " if near else ""
    listed = ", ".join(here) or "none: checklist in parity.yaml has none of this phase"
    raise UsageError(
        f"no item {item!r} to sign; {meant}those of phase {facts.phase.value}: {listed}"
    )
