"""Who still reads or writes the old schema: what the server has counted, and who is in it now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import psycopg

from parity.database import Role
from parity.database.provision import DRILL
from parity.model.trail import TrailKind
from parity.nightly.harness import Harness
from parity.plan.quarantining import queries
from parity.plan.quarantining.standing import Standing, talking

__all__ = ["Dependent", "Readers", "Session", "Table", "dependents_of", "readers", "sessions_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table and its use.

    Attributes:
        schema, name: as it is called now.
        rows: about how many, as the server's statistics say.
        bytes: on disk, with its indexes.
        scans: how often it was read, in whole or by an index, since it is watched.
        writes: rows written, changed or deleted since then.
        last: when it was last read; None: never, or before PostgreSQL 16.
    """

    schema: str
    name: str
    rows: int
    bytes: int
    scans: int
    writes: int
    last: datetime | None

    def after(self, before: tuple[int, int]) -> Table:
        """The same, of which so many scans and writes came before."""
        # Fewer than before: the counters began anew, and all of them are later.
        scans = self.scans - before[0] if self.scans >= before[0] else self.scans
        writes = self.writes - before[1] if self.writes >= before[1] else self.writes
        return replace(self, scans=scans, writes=writes)

    def to_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "schema": self.schema,
            "table": self.name,
            "rows": self.rows,
            "bytes": self.bytes,
            "scans": self.scans,
            "writes": self.writes,
            "last_scan": self.last.isoformat() if self.last else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session that holds or wants a lock on one of the tables. None: the role may not see it."""

    pid: int
    user: str | None
    application: str | None
    since: datetime | None
    tables: str

    @property
    def told(self) -> str:
        """`session 17 (cron, legacy_writer) since 2005-03-04 01:02 UTC: legacy.prices`."""
        who = ", ".join(one for one in (self.application, self.user) if one) or "not to be seen"
        since = f" since {self.since.astimezone(UTC):%Y-%m-%d %H:%M UTC}" if self.since else ""
        return f"session {self.pid} ({who}){since}: {self.tables}"

    def to_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "pid": self.pid,
            "user": self.user,
            "application": self.application,
            "since": self.since.isoformat() if self.since else None,
            "tables": self.tables,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependent:
    """Something elsewhere that depends on something in the old schema.

    Attributes:
        kind: `view`, `foreign key`, `function`, or as PostgreSQL calls it.
        schema: where it is; None: it is in no schema.
        name: with its schema; of a foreign key that of its table.
        relation: the name alone, of a view or table; None: it is neither.
        target: what it depends on.
    """

    kind: str
    schema: str | None
    name: str
    relation: str | None
    target: str

    @property
    def told(self) -> str:
        """`view reports.daily depends on legacy.prices`."""
        of = " of" if self.kind == "foreign key" else ""
        return f"{self.kind}{of} {self.name} depends on {self.target}"

    @property
    def drill(self) -> bool:
        """True for a view that a drill has left, of which nothing is worth keeping."""
        return self.kind == "view" and self.schema == DRILL


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """Who still uses the old schemas.

    Attributes:
        since: from when on scans and writes are counted.
        reset: the server's counters began anew after that, so they say less.
        compared: how often parity itself has compared since then.
        tables: each with its use.
        sessions: those that are in one of them now.
        dependents: what depends on them, but for what a drill has left.
        saying: functions elsewhere whose text names a table there.
    """

    since: datetime
    reset: bool
    compared: int
    tables: tuple[Table, ...]
    sessions: tuple[Session, ...]
    dependents: tuple[Dependent, ...]
    saying: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "since": self.since.isoformat(),
            "counters_reset": self.reset,
            "compared_by_parity": self.compared,
            "tables": [one.to_json() for one in self.tables],
            "sessions": [one.to_json() for one in self.sessions],
            "dependents": [one.told for one in self.dependents],
            "functions_naming_it": list(self.saying),
        }


def readers(harness: Harness, now: Standing, *, by: str, at: datetime) -> Readers:
    """Looks who uses the schemas; the first time, keeps in the trail what was counted until then.

    What was counted is kept anew after each rename, so that what is read in quarantine shows.

    Args:
        harness: whose database.
        now: where the clean-up stands.
        by: who looks, for the trail.
        at: the moment.

    Raises:
        DatabaseError: the database refuses.
    """
    with talking("who reads the old schema cannot be told"):
        with harness.database.connect_as(Role.PARITY_HARNESS) as connection:
            counted = _counted(connection, now)
        since, before = _watched(harness, now, counted, by, at)
        compared = _compared(harness, since)
        with psycopg.connect(harness.database.admin_url) as connection:
            dependents = dependents_of(connection, now.names)
            return Readers(
                since=since,
                reset=any(one.scans < before.get(name, (0, 0))[0] for name, one in counted.items()),
                compared=compared,
                tables=tuple(
                    one.after(before.get(name, (0, 0))) for name, one in sorted(counted.items())
                ),
                sessions=sessions_of(connection, now.names),
                dependents=tuple(one for one in dependents if not one.drill),
                saying=_saying(connection, now.names),
            )


def sessions_of(connection: psycopg.Connection, schemas: Sequence[str]) -> tuple[Session, ...]:
    """Sessions that hold or want a lock on something in some schemas, the oldest first.

    Raises:
        psycopg.Error: the database refuses.
    """
    return tuple(
        Session(pid=pid, user=user, application=application, since=since, tables=tables)
        for pid, user, application, since, tables in connection.execute(
            queries.SESSIONS, [list(schemas)]
        )
    )


def dependents_of(connection: psycopg.Connection, schemas: Sequence[str]) -> tuple[Dependent, ...]:
    """What depends on some schemas and is in none of them, by name.

    Raises:
        psycopg.Error: the database refuses.
    """
    return tuple(
        Dependent(kind=kind, schema=schema, name=name, relation=relation, target=target)
        for kind, schema, name, relation, target in connection.execute(
            queries.DEPENDENTS, {"in": list(schemas)}
        )
    )


def _saying(connection: psycopg.Connection, schemas: Sequence[str]) -> tuple[str, ...]:
    return tuple(row[0] for row in connection.execute(queries.SAYING, {"in": list(schemas)}))


def _counted(connection: psycopg.Connection, now: Standing) -> dict[str, Table]:
    """Each table with all that was ever counted, by its name before any rename."""
    before = {one.schema: one.of for one in now.held}
    return {
        f"{before.get(schema, schema)}.{name}": Table(
            schema=schema, name=name, rows=rows, bytes=size, scans=scans, writes=writes, last=last
        )
        for schema, name, rows, size, scans, last, writes in connection.execute(
            queries.COUNTERS, [list(now.names)]
        )
    }


def _compared(harness: Harness, since: datetime) -> int:
    with harness.database.connect_as(Role.PARITY_HARNESS) as connection:
        row = connection.execute(queries.COMPARED, [harness.suite.migration, since]).fetchone()
    return int(row[0]) if row else 0


def _watched(
    harness: Harness, now: Standing, counted: Mapping[str, Table], by: str, at: datetime
) -> tuple[datetime, Mapping[str, tuple[int, int]]]:
    """Since when the tables are watched, and their counters at that time."""
    store, migration = harness.store, harness.suite.migration
    entries = store.trail(migration, TrailKind.CLEANUP)
    if now.names and not (entries and entries[-1].content.get("step") == "watched"):
        counters = {name: [one.scans, one.writes] for name, one in counted.items()}
        said = {"operation": "", "step": "watched", "schema": ", ".join(now.names),
                "renamed_to": "", "until": "", "archive": "", "counters": counters}  # fmt: skip
        store.append_trail(migration, TrailKind.CLEANUP, by, said)
        entries = store.trail(migration, TrailKind.CLEANUP)
    if not entries or entries[-1].content.get("step") != "watched":
        return at, {}
    found = entries[-1].content["counters"]
    return entries[-1].at, {name: (one[0], one[1]) for name, one in found.items()}
