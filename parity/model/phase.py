"""All that is told of one phase of a migration: its stays, sessions, incidents and decisions.

A phase may be entered several times. Each time is a stay; what is told of the phase is told of all
of its stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from parity.model.checklist import Checklist, Move
from parity.model.lifetime import Lifetime
from parity.model.monitoring import Monitored
from parity.model.verdict import Phase, Verdict
from parity.model.waiver import WaiverUse

__all__ = [
    "Change",
    "Event",
    "PhaseReport",
    "PhaseSession",
    "Row",
    "SignOff",
    "Stay",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseSession:
    """One session of a phase.

    Attributes:
        day: the exchange's date.
        verdict: of the night that holds for it; None where none is stored.
        stay: place of its stay among the phase's, from 0.
        deleted: a night was there, and its run has been deleted by age.
        fault: why it does not count for the sessions in a row; empty where it does.
        told: the first reason of its night; empty: there is none.
        link: of the night's page, relative to the phase's folder; empty: it has no page.
        again: the phase in which it was compared again later, so that this night holds no more;
            empty: it was not.
        again_verdict: what was found then.
    """

    day: date
    verdict: Verdict | None
    stay: int = 0
    deleted: bool = False
    fault: str = ""
    told: str = ""
    link: str = ""
    again: str = ""
    again_verdict: Verdict | None = None

    @property
    def missing(self) -> bool:
        """No night was ever stored for it."""
        return self.verdict is None and not self.deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """One time that the migration was in the phase.

    Attributes:
        first: its first session; None: it has none.
        last: its newest one.
        entered: the move into it; None: the migration began with it.
        left: the move out of it; None: it is in force.
        red: items of the gate that were overridden on the way in.
        red_after: the same of the way out.
        flows: how scripts and flows have run on its sessions; None where that is not known.
        unknown: why it is not known.
    """

    first: date | None = None
    last: date | None = None
    entered: Move | None = None
    left: Move | None = None
    red: tuple[str, ...] = ()
    red_after: tuple[str, ...] = ()
    flows: Monitored | None = None
    unknown: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Sessions in a row that count for the gate.

    Attributes:
        now: at the end of the newest stay.
        needed: how many the gate asks for.
        longest: the longest row of any stay.
        first: its first session; None where no session ever counted.
        last: its last one.
        asked: how many were asked for when the phase was last left through an open gate; None:
            that is not known.
    """

    now: int
    needed: int
    asked: int | None = None
    longest: int = 0
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of a file that the trail records.

    Attributes:
        number: of its row in the trail.
        at: when it was recorded.
        by: who worked with it first.
        file: `parity.yaml` or `waivers.yaml`.
        diff: lines of the unified diff, without its two lines of names.
        added: how many lines came.
        removed: how many went.
        first: it is the first one on record, so there is nothing to hold it against.
        same: it means what it meant before: only notes or the layout have changed.
        cut: lines of the diff that are left out.
    """

    number: int
    at: datetime
    by: str
    file: str
    diff: tuple[str, ...] = ()
    added: int = 0
    removed: int = 0
    first: bool = False
    same: bool = False
    cut: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOff:
    """A signature under an item of the checklist.

    Attributes:
        number: of its row in the trail.
        item: the item's id.
        text: what the item says; empty where the config has it no more.
        by: who signed.
        at: when.
        note: what the signature rests on.
        lapsed: why it does not hold; empty where it does, or did until the phase was left.
        lapsed_at: when that came about; None where it holds, or nobody has noted it.
        ended: the phase has been left since.
    """

    number: int
    item: str
    text: str
    by: str
    at: datetime
    note: str
    lapsed: str = ""
    lapsed_at: datetime | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A decision or a rehearsal: `kind` is that of the trail, `says` tells it in words.

    `bad` is True for what went wrong, or went through a closed gate.
    """

    number: int
    at: datetime
    by: str
    kind: str
    says: str
    bad: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseReport:
    """All that is known of a phase.

    Attributes:
        migration: whose.
        phase: which.
        in_force: the migration is in it.
        stays: oldest first; at least one.
        sessions: of all stays, oldest first, missing ones too.
        open_days: sessions of the exchange from the first to the last of them, of whatever phase.
        row: sessions in a row; None: the phase asks for none.
        incidents: that its nights saw, the first seen first.
        waivers: of its newest night.
        changes: of parity.yaml and waivers.yaml, oldest first.
        signatures: oldest first.
        events: moves of phase and views, drills and overrides, oldest first.
        sealed: how many of its nights are sealed.
        gate: to leave it; None where it is not in force, or nobody could tell.
        as_of: the moment of the newest night of any phase; None without one.
        phases: all that have a page, in their order.
    """

    migration: str
    phase: Phase
    in_force: bool
    stays: tuple[Stay, ...]
    sessions: tuple[PhaseSession, ...] = ()
    open_days: tuple[date, ...] = ()
    row: Row | None = None
    incidents: tuple[Lifetime, ...] = ()
    waivers: tuple[WaiverUse, ...] = ()
    changes: tuple[Change, ...] = ()
    signatures: tuple[SignOff, ...] = ()
    events: tuple[Event, ...] = ()
    sealed: int = 0
    gate: Checklist | None = None
    as_of: datetime | None = None
    phases: tuple[Phase, ...] = ()

    @property
    def nights(self) -> int:
        """Sessions with a stored night."""
        return sum(session.verdict is not None for session in self.sessions)

    def count(self, verdict: Verdict) -> int:
        """Sessions with a verdict."""
        return sum(session.verdict is verdict for session in self.sessions)

    @property
    def missing(self) -> int:
        """Sessions of which no night was ever stored."""
        return sum(session.missing for session in self.sessions)
