"""What consumers read right now: from the catalog first, then from the trail.

The trail says what was decided, the catalog what is: where they disagree the catalog is the truth.
Only catalogs and the trail are read, so nothing here waits for a lock on a consumer's table.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from parity.database import Role
from parity.model.errors import DatabaseError
from parity.model.plan import Served
from parity.model.trail import TrailEntry, TrailKind
from parity.model.verdict import Phase, Side
from parity.nightly.harness import Harness
from parity.plan.patience import patient
from parity.plan.queries import rolling_back as queries
from parity.plan.unfinished import CALLED_OFF, begun_cutover, open_rollback, served_since
from parity.plan.which_database import ASK, named
from parity.switch import MARKET, View, side_of, there

__all__ = [
    "CALLED_OFF",
    "NOT_MOVED",
    "RefusedError",
    "Whereabouts",
    "look",
    "require_legacy",
    "require_record",
]

NOT_MOVED = "not_moved"  # in the row of a switch: views that could not be moved with the others


class RefusedError(DatabaseError):
    """No view can be moved; `answer` is the same in a few words."""

    def __init__(self, message: str, answer: str) -> None:
        super().__init__(message)
        self.answer = answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Where views, trail and phase stand.

    Attributes:
        views: what consumers read or have read, with both of its relations.
        reads: what each view that is there reads by the catalog; None: neither side, or both.
        odd: why views cannot be moved, by name: something else has their names.
        primary: the side that the trail says.
        phase: the phase in force.
        switched: the trail's row by which the candidate became primary for the last time.
        open: the rollback whose catch-up is not finished; empty where there is none.
        called_off: that rollback has only called a cutover off: the candidate served nobody.
        begun: a cutover that has begun and neither switched nor ended; empty where there is none.
        newest: number of the newest row about a switch; 0: none.
        last: that row.
        database: the database's name and where it is.
    """

    views: tuple[View, ...]
    reads: dict[str, Side | None]
    odd: dict[str, str]
    primary: Side
    phase: Phase
    switched: TrailEntry | None
    open: str
    called_off: bool
    begun: str
    newest: int
    last: TrailEntry | None
    database: str

    @property
    def astray(self) -> bool:
        """Consumers do not all read legacy, or the trail does not say so."""
        astray = any(side is not Side.LEGACY for side in self.reads.values())
        return astray or self.primary is Side.CANDIDATE

    @property
    def gone(self) -> tuple[str, ...]:
        """Views that are not there, as what they read was dropped."""
        known = self.reads.keys() | self.odd.keys()
        return tuple(view.name for view in self.views if view.name not in known)

    @property
    def since(self) -> datetime | None:
        """When the candidate became primary; None where it never was."""
        return self.switched.at if self.switched else None

    @property
    def told(self) -> str:
        """Which database that is, and when consumers were last switched there."""
        if self.last is None:
            return f"Database {self.database}; no switch is on record."
        return (
            f"Database {self.database}; last switch {self.last.at:%Y-%m-%d %H:%M} UTC, "
            f"to {self.primary}."
        )


def look(harness: Harness) -> Whereabouts:
    """Looks.

    Raises:
        DatabaseError: the database does not answer, or the trail cannot be read; where somebody
            has it locked, who.
    """
    migration = harness.suite.migration
    with patient(harness.database, "the trail (parity.trail)") as connection:
        switches = _rows(connection, migration, TrailKind.SWITCH)
        steps = _rows(connection, migration, TrailKind.STEP)
        phases = _rows(connection, migration, TrailKind.PHASE)
        views = _views(connection, harness.suite.plan.served, switches)
        reads, odd = _reads(connection, views)
    operation = open_rollback(switches, steps)
    return Whereabouts(
        views=views,
        reads=reads,
        odd=odd,
        primary=Side(switches[-1].content["to"]) if switches else Side.LEGACY,
        phase=Phase(phases[-1].content["to"]) if phases else Phase.PARALLEL_RUN,
        switched=served_since(switches, steps),
        open=operation,
        called_off=all(entry.content.get("operation") != operation for entry in switches),
        begun=begun_cutover(switches, steps),
        newest=switches[-1].number if switches else 0,
        last=switches[-1] if switches else None,
        database=named(harness.database),
    )


def require_record(harness: Harness, found: Whereabouts) -> None:
    """There is something of this migration to roll back, or was.

    Raises:
        DatabaseError: there is not: it is another database than the one that is meant.
    """
    if not (found.last or found.views or found.open or found.begun):
        raise DatabaseError(
            f"no cutover of {harness.suite.migration} is on record in {found.database}: {ASK}"
        )


def require_legacy(harness: Harness, found: Whereabouts) -> dict[str, str]:
    """Why views cannot read legacy, by name: what they would read is not there.

    Raises:
        RefusedError: that is so for all of them, or they are in quarantine; the message says how
            to bring them back.
    """
    wanted = [view.served.legacy for view in found.views]
    names = [one.schema for one in wanted], [one.table for one in wanted]
    with harness.database.connect_as(Role.PARITY_HARNESS, autocommit=True) as connection:
        absent = connection.execute(queries.ABSENT, names).fetchall()
    if not absent:
        return {}
    told = ", ".join(f"{schema}.{name}" for schema, name in absent)
    place = _quarantine(harness, {schema for schema, _ in absent})
    if place:
        verb = "is" if len(absent) == 1 else "are"
        schemas = ", ".join(sorted({schema for schema, _ in absent}))
        raise RefusedError(
            f"{told} {verb} in quarantine as schema {place}: "
            "bring it back first with parity cleanup --undo --execute, then roll back",
            f"schema {schemas} is in quarantine; first parity cleanup --undo --execute",
        )
    odd = {
        view.name: f"there is no {view.served.legacy}"
        for view in found.views
        if (view.served.legacy.schema, view.served.legacy.table) in absent
    }
    if len(odd) == len(found.views):
        why = f"there is no {told}, so no view can read it"
        raise RefusedError(f"{why}; nothing has changed", why)
    return odd


def _quarantine(harness: Harness, schemas: set[str]) -> str:
    """As what one of some schemas is in quarantine; empty where none is."""
    cleanups = harness.store.trail(harness.suite.migration, TrailKind.CLEANUP)
    moved = [e.content for e in cleanups if e.content.get("step") in ("renamed", "restored")]
    last = {content.get("schema"): content for content in moved}  # a row for each schema
    held = [last[one] for one in sorted(schemas) if last.get(one, {}).get("step") == "renamed"]
    return str(held[0].get("renamed_to", "?")) if held else ""


def _rows(connection: psycopg.Connection, migration: str, kind: TrailKind) -> list[TrailEntry]:
    """The trail's rows of a kind, the oldest first."""
    return [
        TrailEntry(
            number=number, migration=of, at=at, kind=what, by=by, content=_content(text),
            text=text, previous=previous, hash=hashed,
        )
        for number, of, at, what, by, text, previous, hashed in connection.execute(
            queries.TRAIL, [migration, [kind.value]]
        )
    ]  # fmt: skip


def _content(text: str) -> dict[str, Any]:
    """What it says; an edited row may say nothing that can be read."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _views(
    connection: psycopg.Connection, served: Sequence[Served], switches: Sequence[TrailEntry]
) -> tuple[View, ...]:
    """The views of the last switch, and those of the config that are there since.

    Each with the columns that it has, whatever config or trail says: no other can replace it.
    """
    last: Mapping[str, Any] = switches[-1].content if switches else {}
    entries = [*last.get("views", ()), *last.get(NOT_MOVED, ())]
    known = {view.name: view for view in map(View.of_json, entries)}
    for one in served:
        if one.view not in known and _shown(connection, one.view):
            known[one.view] = View(one, ())
    return tuple(
        View(known[name].served, _shown(connection, name) or known[name].columns)
        for name in sorted(known)
    )


def _shown(connection: psycopg.Connection, name: str) -> tuple[tuple[str, str], ...]:
    """The columns of a view that is there."""
    rows = connection.execute(queries.SHOWN, [MARKET, name])
    return tuple((column, kind) for column, kind in rows)


def _reads(
    connection: psycopg.Connection, views: Sequence[View]
) -> tuple[dict[str, Side | None], dict[str, str]]:
    """What each view that is there reads; and of which something else has the name."""
    reads: dict[str, Side | None] = {}
    odd: dict[str, str] = {}
    for view in views:
        try:
            found = there(connection, [view], MARKET)
        except DatabaseError as error:
            odd[view.name] = str(error)
            continue
        if view.name in found:
            reads[view.name] = _side(connection, view)
    return reads, odd


def _side(connection: psycopg.Connection, view: View) -> Side | None:
    try:
        return side_of(connection, [view])
    except DatabaseError:
        return None  # it reads neither side, or both
