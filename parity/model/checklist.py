"""The checklist of a phase: what must hold to leave it, with the evidence for each item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from parity.model.trail import TrailEntry
from parity.model.verdict import Phase

__all__ = ["Checklist", "Item", "Move"]

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One condition. What could not be told is not ok, and says why.

    Attributes:
        id: its name, by which a manual item is signed and an override is recorded.
        title: what must hold, in words.
        ok: it holds.
        evidence: what is known about it, in words with sessions and run ids.
        link: the page of the night that shows it, relative to the reports folder; empty: none.
        since: the day since when it does not hold; None where it holds, or nobody can tell.
        since_why: what happened that day.
        missing: what is still to be done, in words; empty where it holds.
        manual: a person signs it.
        sessions: how many more sessions it needs at least, by the exchange calendar.
        runs: ids of the runs that it rests on.
        waits: it does not hold only because no session counts yet; nothing else is to be done.
    """

    id: str
    title: str
    ok: bool
    evidence: str
    link: str = ""
    since: date | None = None
    since_why: str = ""
    missing: str = ""
    manual: bool = False
    sessions: int = 0
    runs: tuple[str, ...] = ()
    waits: bool = False

    def to_json(self) -> dict[str, Any]:
        """One of `items`."""
        return {
            "id": self.id,
            "title": self.title,
            "ok": self.ok,
            "manual": self.manual,
            "evidence": self.evidence,
            "link": self.link or None,
            "since": self.since.isoformat() if self.since else None,
            "since_why": self.since_why or None,
            "missing": self.missing or None,
            "sessions": self.sessions,
            "runs": list(self.runs),
            "waits": self.waits,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Item:
        """The item of one of `items`.

        Raises:
            KeyError, TypeError, ValueError: it is none.
        """
        since = stored["since"]
        return cls(
            id=stored["id"],
            title=stored["title"],
            ok=stored["ok"],
            evidence=stored["evidence"],
            link=stored["link"] or "",
            since=date.fromisoformat(since) if since else None,
            since_why=stored["since_why"] or "",
            missing=stored["missing"] or "",
            manual=stored["manual"],
            sessions=stored["sessions"],
            runs=tuple(stored["runs"]),
            waits=bool(stored.get("waits")),  # older ones did not tell
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist:
    """All that must hold to leave a phase.

    Attributes:
        migration: whose.
        phase: the one in force.
        to: the phase after it; None: it is the last one.
        items: in the order in which they are shown.
        earliest: the first day on which all could hold if everything goes well from now on; None
            where the calendar does not reach, or nothing is asked.
        at: the moment at which it was judged.
    """

    migration: str = ""
    phase: Phase
    to: Phase | None
    items: tuple[Item, ...]
    earliest: date | None = None
    at: datetime | None = None

    @property
    def open(self) -> bool:
        """True when all holds; never where nothing was asked."""
        return bool(self.items) and not self.red

    @property
    def red(self) -> tuple[Item, ...]:
        """What does not hold."""
        return tuple(item for item in self.items if not item.ok)

    @property
    def to_do(self) -> tuple[Item, ...]:
        """What does not hold and does not merely wait for sessions to count."""
        return tuple(item for item in self.red if not item.waits)

    @property
    def waiting(self) -> tuple[Item, ...]:
        """What is judged on the sessions that count, of which there is none yet."""
        return tuple(item for item in self.red if item.waits)

    @property
    def runs(self) -> tuple[str, ...]:
        """Ids of the runs that it rests on, each once."""
        return tuple(dict.fromkeys(run for item in self.items for run in item.runs))

    def to_json(self) -> dict[str, Any]:
        """What `parity checklist --json` prints."""
        return {
            "schema_version": SCHEMA_VERSION,
            "migration": self.migration,
            "phase": self.phase.value,
            "to": self.to.value if self.to else None,
            "at": self.at.isoformat() if self.at else None,
            "open": self.open,
            "earliest": self.earliest.isoformat() if self.earliest else None,
            "items": [item.to_json() for item in self.items],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Checklist:
        """The checklist of what `to_json` made.

        Raises:
            KeyError, TypeError, ValueError: it is none.
        """
        earliest, at = stored["earliest"], stored["at"]
        return cls(
            migration=stored["migration"],
            phase=Phase(stored["phase"]),
            to=Phase(stored["to"]) if stored["to"] else None,
            items=tuple(map(Item.from_json, stored["items"])),
            earliest=date.fromisoformat(earliest) if earliest else None,
            at=datetime.fromisoformat(at) if at else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One change of the phase, as the trail has it; `evidence` are the ids of runs."""

    at: datetime
    by: str
    source: str
    to: str
    why: str
    evidence: tuple[str, ...] = ()
    forced: bool = False

    @classmethod
    def of(cls, entry: TrailEntry) -> Move:
        """The move of a row of the trail."""
        said = entry.content
        return cls(
            at=entry.at,
            by=entry.by,
            source=str(said.get("from", "")),
            to=str(said.get("to", "")),
            why=str(said.get("why", "")),
            evidence=tuple(map(str, said.get("evidence", ()))),
            forced=bool(said.get("forced")),
        )

    def to_json(self) -> dict[str, Any]:
        """One of `history`."""
        return {
            "at": self.at.isoformat(),
            "by": self.by,
            "from": self.source,
            "to": self.to,
            "why": self.why,
            "evidence": list(self.evidence),
            "forced": self.forced,
        }
