"""Where the clean-up of a migration stands, and what stands in its way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg

from parity.database import Role
from parity.database.complaint import first_line
from parity.database.provision import SCHEMA_OWNERS
from parity.database.quarantined import Quarantined, dropped, quarantined
from parity.database.trail import note
from parity.model.errors import DatabaseError, ParityError, UsageError
from parity.model.suite import Suite
from parity.model.trail import TrailKind
from parity.model.verdict import Phase, Side
from parity.nightly.harness import Harness
from parity.plan.quarantining import queries
from parity.switch import View, side_of

__all__ = [
    "Standing",
    "append",
    "in_the_way",
    "legacy_schemas",
    "operation_id",
    "standing",
    "talking",
]

OURS = {"public", "information_schema", *(set(SCHEMA_OWNERS) - {"legacy"})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the clean-up stands, as the catalog and the trail tell.

    Attributes:
        schemas: those of the old side, by the names in the config.
        held: those of them that are in quarantine.
        gone: those that were dropped after it.
        archive: the folder of the last archive; empty: there is none yet.
        until: the first day on which they may be dropped; None: not in quarantine.
        last: what was done last: `renamed`, `restored`, `dropped`; empty: nothing yet.
    """

    schemas: tuple[str, ...]
    held: tuple[Quarantined, ...] = ()
    gone: tuple[str, ...] = ()
    archive: str = ""
    until: date | None = None
    last: str = ""

    @property
    def name(self) -> str:
        """`in use`, `quarantine` or `dropped`."""
        if self.held:
            return "quarantine"
        return "dropped" if self.gone else "in use"

    @property
    def names(self) -> tuple[str, ...]:
        """What the schemas are called now."""
        now = {one.of: one.schema for one in self.held}
        return tuple(now.get(name, name) for name in self.schemas if name not in self.gone)


def legacy_schemas(suite: Suite) -> tuple[str, ...]:
    """The schemas that hold the old side, and nothing else.

    Raises:
        UsageError: one of them holds tables of the candidate, or what is the harness's own.
    """
    pairs = [(one.legacy.schema, one.candidate.schema) for one in suite.datasets]
    pairs += [(one.legacy.schema, one.candidate.schema) for one in suite.plan.served]
    found = {legacy for legacy, _ in pairs}
    others = OURS | {candidate for _, candidate in pairs}
    shared = sorted(name for name in found if name in others or name.startswith("pg_"))
    if shared:
        raise UsageError(
            f"schema {shared[0]} holds more than the old tables, and only a whole schema can be "
            f"put into quarantine; give them one of their own: ALTER TABLE {shared[0]}.NAME SET "
            "SCHEMA legacy, and write it in parity.yaml"
        )
    return tuple(sorted(found))


def standing(harness: Harness, connection: psycopg.Connection) -> Standing:
    """Where it stands now.

    Raises:
        UsageError: a schema of the old side is not its own.
        psycopg.Error: the database refuses.
    """
    schemas = legacy_schemas(harness.suite)
    migration = harness.suite.migration
    held = tuple(
        one
        for one in quarantined(connection)
        if one.of in schemas and one.migration in ("", migration)
    )
    done = [
        entry.content
        for entry in harness.store.trail(migration, TrailKind.CLEANUP)
        if entry.content.get("step") in ("renamed", "restored", "dropped")
    ]
    said = [one for one in done if one["step"] == "renamed"]
    days = [one.until for one in held if one.until]
    days += [date.fromisoformat(one["until"]) for one in said[-1:] if held and one.get("until")]
    return Standing(
        schemas=schemas,
        held=held,
        gone=tuple(sorted(dropped(connection) & set(schemas))),
        archive=str(said[-1].get("archive", "")) if said else "",
        until=max(days, default=None),
        last=done[-1]["step"] if done else "",
    )


def in_the_way(harness: Harness) -> list[str]:
    """Why the old side may not be cleaned up yet; empty when it may."""
    suite, store = harness.suite, harness.store
    found = []
    phase = store.phase(suite.migration)
    if phase is not Phase.CLEANUP:
        found.append(
            f"migration {suite.migration} is in phase {phase}; cleanup is the phase after "
            "cutover: parity phase advance"
        )
    if store.primary(suite.migration) is not Side.CANDIDATE:
        found.append("legacy is primary, as the trail says; cut over first: parity cutover")
    try:
        with harness.database.connect_as(Role.PARITY_SWITCH) as connection:
            side = side_of(connection, [View(one, ()) for one in suite.plan.served])
        if side is not Side.CANDIDATE:
            what = "are not there" if side is None else "read legacy"
            found.append(f"the views of schema market {what}, as the catalog says")
    except DatabaseError as error:
        found.append(str(error))
    except psycopg.Error as error:
        found.append(f"the views of schema market cannot be looked at: {first_line(error)}")
    return found


def append(
    connection: psycopg.Connection, harness: Harness, by: str, entries: list[Mapping[str, Any]]
) -> None:
    """Adds rows to the trail in the connection's transaction, of which they are the last part."""
    connection.execute(queries.AS_HARNESS)
    for entry in entries:
        note(connection, harness.suite.migration, TrailKind.CLEANUP, by, entry)


def operation_id(now: datetime) -> str:
    """What all rows of one operation have in common."""
    return f"cleanup-{now:%Y%m%dT%H%M%S.%fZ}"


@contextmanager
def talking(what: str) -> Iterator[None]:
    """What the database or the disk refuses, as one line."""
    try:
        yield
    except psycopg.Error as error:
        raise DatabaseError(f"{what}: {first_line(error)}") from None
    except OSError as error:
        raise ParityError(f"{what}: {error.filename or ''}: {error.strerror}") from None
