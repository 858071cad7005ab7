"""What consumers read right now: from the catalog first, then from the trail.

The trail says what was decided, the catalog what is: where they disagree the catalog is the truth.
Only catalogs and the trail are read, so nothing here waits for a lock on a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg

from parity.database import Role
from parity.database.complaint import first_line
from parity.model.errors import DatabaseError
from parity.model.trail import TrailEntry, TrailKind
from parity.model.verdict import Phase, Side
from parity.nightly.harness import Harness
from parity.plan.queries import rolling_back as queries
from parity.switch import MARKET, View, side_of, there

__all__ = ["CALLED_OFF", "Whereabouts", "look", "require_legacy"]

CUTOVER = "cutover"
CALLED_OFF = "called off"  # a cutover that has begun and shall not switch any more
_OVER = {"finished", "undone"}  # steps after which nothing of an operation is left to do


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Where views, trail and phase stand.

    Attributes:
        views: what consumers read or have read, with both of its relations.
        reads: what each view that is there reads by the catalog; None: neither side, or both.
        primary: the side that the trail says.
        phase: the phase in force.
        switched: when the candidate became primary for the last time, by the trail.
        open: the rollback whose catch-up is not finished; empty where there is none.
        steps: what is noted of that rollback, the oldest first.
        begun: a cutover that has begun and neither switched nor ended; empty where there is none.
        newest: number of the newest row about a switch; 0: none.
    """

    views: tuple[View, ...]
    reads: dict[str, Side | None]
    primary: Side
    phase: Phase
    switched: datetime | None
    open: str
    steps: tuple[TrailEntry, ...]
    begun: str
    newest: int

    @property
    def astray(self) -> bool:
        """Consumers do not all read legacy, or the trail does not say so."""
        astray = any(side is not Side.LEGACY for side in self.reads.values())
        return astray or self.primary is Side.CANDIDATE

    @property
    def gone(self) -> tuple[str, ...]:
        """Views that are not there, as what they read was dropped."""
        return tuple(view.name for view in self.views if view.name not in self.reads)

    @property
    def called_off(self) -> bool:
        """The open rollback has only called a cutover off: nobody was served by the candidate."""
        return any(entry.content.get("step") == CALLED_OFF for entry in self.steps)


def look(harness: Harness) -> Whereabouts:
    """Looks.

    Raises:
        DatabaseError: the database does not answer, or something else has the name of a view.
        StoreError: the trail cannot be read.
    """
    store, migration = harness.store, harness.suite.migration
    switches = store.trail(migration, TrailKind.SWITCH)
    steps = store.trail(migration, TrailKind.STEP)
    views, reads = _views(harness, switches)
    operation = _open(switches, steps)
    return Whereabouts(
        views=views,
        reads=reads,
        primary=Side(switches[-1].content["to"]) if switches else Side.LEGACY,
        phase=store.phase(migration),
        switched=_switched(switches),
        open=operation,
        steps=tuple(entry for entry in steps if entry.content.get("operation") == operation),
        begun=_begun(switches, steps),
        newest=switches[-1].number if switches else 0,
    )


def require_legacy(harness: Harness, found: Whereabouts) -> None:
    """Raises where there is nothing that the views could read on legacy.

    Raises:
        DatabaseError: a legacy relation is not there; the message says how to bring it back.
    """
    wanted = [view.served.legacy for view in found.views]
    names = [one.schema for one in wanted], [one.table for one in wanted]
    with harness.database.connect_as(Role.PARITY_HARNESS, autocommit=True) as connection:
        absent = connection.execute(queries.ABSENT, names).fetchall()
    if not absent:
        return
    told = ", ".join(f"{schema}.{name}" for schema, name in absent)
    cleanups = harness.store.trail(harness.suite.migration, TrailKind.CLEANUP)
    moved = [e.content for e in cleanups if e.content.get("step") in ("renamed", "restored")]
    last = {content.get("schema"): content for content in moved}  # a row for each schema
    held = [last[schema] for schema, _ in absent if last.get(schema, {}).get("step") == "renamed"]
    if held:
        verb, place = "is" if len(absent) == 1 else "are", held[0].get("renamed_to", "?")
        raise DatabaseError(
            f"{told} {verb} in quarantine as schema {place}: "
            "bring it back first with parity cleanup --undo --execute, then roll back"
        )
    raise DatabaseError(f"there is no {told}, so no view can read it; nothing has changed")


def _views(
    harness: Harness, switches: Sequence[TrailEntry]
) -> tuple[tuple[View, ...], dict[str, Side | None]]:
    """The views of the last switch, and those of the config that are there since."""
    last = switches[-1].content.get("views", []) if switches else []
    known = {view.name: view for view in map(View.of_json, last)}
    try:
        with harness.database.connect_as(Role.PARITY_HARNESS, autocommit=True) as connection:
            for served in harness.suite.plan.served:
                if served.view in known:
                    continue
                columns = _shown(connection, served.view)
                if columns:
                    known[served.view] = View(served, served.columns or columns)
            views = tuple(known[name] for name in sorted(known))
            found = there(connection, views, MARKET)
            return views, {v.name: _side(connection, v) for v in views if v.name in found}
    except psycopg.Error as error:
        raise DatabaseError(f"the views cannot be looked at: {first_line(error)}") from None


def _shown(connection: psycopg.Connection, name: str) -> tuple[tuple[str, str], ...]:
    """The columns of a view that is there."""
    rows = connection.execute(queries.SHOWN, [MARKET, name])
    return tuple((column, kind) for column, kind in rows)


def _side(connection: psycopg.Connection, view: View) -> Side | None:
    try:
        return side_of(connection, [view])
    except DatabaseError:
        return None  # it reads neither side, or both


def _switched(switches: Sequence[TrailEntry]) -> datetime | None:
    found = [entry.at for entry in switches if entry.content.get("to") == Side.CANDIDATE]
    return found[-1] if found else None


def _open(switches: Sequence[TrailEntry], steps: Sequence[TrailEntry]) -> str:
    """The newest switch to legacy, or call-off, whose operation is not over."""
    newest = [e for e in switches[-1:] if e.content.get("to") == Side.LEGACY]
    newest += [e for e in steps if e.content.get("step") == CALLED_OFF]
    if not newest:
        return ""
    last = max(newest, key=lambda entry: entry.number)
    if switches and last.number < switches[-1].number:
        return ""  # a cutover came after it
    operation = str(last.content.get("operation", ""))
    over = any(
        entry.content.get("operation") == operation and entry.content.get("step") in _OVER
        for entry in steps
    )
    return "" if over else operation


def _begun(switches: Sequence[TrailEntry], steps: Sequence[TrailEntry]) -> str:
    """The newest cutover, where it has begun and nothing has come of it."""
    last = switches[-1].number if switches else 0  # no cutover survives another's switch
    begun = [
        str(entry.content.get("operation"))
        for entry in steps
        if entry.number > last
        and (entry.content.get("kind"), entry.content.get("step")) == (CUTOVER, "begun")
    ]
    if not begun:
        return ""
    ended = set()
    for entry in steps:
        if entry.content.get("step") == "vetoed":
            ended.add(str(entry.content.get("operation")))
        if entry.content.get("step") == CALLED_OFF:
            ended.add(str(entry.content.get("cutover")))
    return "" if begun[-1] in ended else begun[-1]
