"""Into quarantine and back: the two renames, each one transaction with its rows of the trail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from parity.database.complaint import first_line
from parity.database.provision import DRILL
from parity.database.quarantined import Quarantined, quarantine_name
from parity.model.errors import DatabaseError, ParityError
from parity.nightly.harness import Harness
from parity.plan.quarantining import queries
from parity.plan.quarantining.archive import Final, folder_of, keep_or_make, tally_of
from parity.plan.quarantining.standing import Standing, append, operation_id
from parity.plan.quarantining.trying import alone_with_names, in_one_transaction
from parity.plan.readers_left import dependents_of
from parity.upkeep.queries import tallying

__all__ = ["put_into_quarantine", "take_out"]

DUMPS = 3  # how often it is dumped anew because somebody has written meanwhile


class _ChangedError(Exception):
    """Somebody has written since the dump."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    """What the rename is about."""

    harness: Harness
    schemas: tuple[str, ...]
    archive: Final
    by: str
    now: datetime

    @property
    def today(self) -> date:
        return self.now.astimezone(self.harness.exchange.zone).date()

    @property
    def until(self) -> date:
        return self.today + self.harness.suite.plan.switching.quarantine


def put_into_quarantine(
    harness: Harness,
    standing: Standing,
    *,
    by: str,
    now: datetime,
    folder: Path | None,
    say: Callable[[str], None],
) -> tuple[Final, tuple[Quarantined, ...]]:
    """Archives the old schemas and renames them, when the archive holds all that they hold.

    Who writes between the dump and the rename is noticed: the tables are locked against writers
    and compared with the archive once more before they are renamed. Readers are not held up.

    Returns:
        The archive, and the schemas as they are now.

    Raises:
        ParityError: nothing has changed, but that there may be an archive.
    """
    place = folder_of(harness, folder)
    for _ in range(DUMPS):
        archive = keep_or_make(harness, standing.schemas, place, now=now, say=say)
        move = _Move(harness=harness, schemas=standing.schemas, archive=archive, by=by, now=now)
        try:
            what = f"schema {', '.join(standing.schemas)} cannot be renamed"
            held = in_one_transaction(harness, standing.schemas, what, partial(_rename, move=move))
            return archive, held
        except _ChangedError:
            say("somebody has written since the dump; once more")
    raise ParityError(
        f"schema {', '.join(standing.schemas)} is being written all the time, so no archive of it "
        "is the last one; stop its cron lines (parity cleanup lists them), then start again"
    )


def _rename(connection: psycopg.Connection, move: _Move) -> tuple[Quarantined, ...]:
    schemas = list(move.schemas)
    tables = connection.execute(tallying.TABLES, [schemas]).fetchall()
    if tables:
        connection.execute(queries.lock(tables, alone=False))
    if tally_of(connection, {name: name for name in schemas}) != move.archive.tally:
        raise _ChangedError
    alone_with_names(connection)
    _refuse_dependents(connection, schemas)
    comments = {row[0]: row[2] for row in connection.execute(queries.OWNERS, [schemas])}
    taken = frozenset(row[0] for row in connection.execute(queries.NAMES))
    held = []
    for schema in schemas:
        one = Quarantined(
            schema=quarantine_name(schema, move.today, taken),
            of=schema,
            until=move.until,
            migration=move.harness.suite.migration,
            comment=comments.get(schema),
        )
        connection.execute(queries.comment(schema, one.to_comment()))
        connection.execute(queries.rename(schema, one.schema))
        taken |= {one.schema}
        held.append(one)
    rows = [_row(move, "renamed", one) for one in held]
    append(connection, move.harness, move.by, rows)
    return tuple(held)


def _refuse_dependents(connection: psycopg.Connection, schemas: list[str]) -> None:
    """Drops what a drill has left, and refuses where anything else still depends on the tables.

    Raises:
        DatabaseError: something does.
    """
    found = dependents_of(connection, schemas)
    views = [(DRILL, one.relation) for one in found if one.drill and one.relation]
    if views:
        connection.execute(queries.drop("VIEW", views))
    others = [one.told for one in found if not one.drill]
    if others:
        raise DatabaseError(f"{'; '.join(others)}: drop or change it first; nothing has changed")


def take_out(
    harness: Harness, standing: Standing, *, by: str, now: datetime
) -> tuple[Quarantined, ...]:
    """Gives the schemas in quarantine their names back.

    An empty schema that has taken the old name meanwhile is dropped for it.

    Raises:
        ParityError: none is in quarantine, or something holds the old name; nothing has changed.
    """
    names = [one.schema for one in standing.held]
    what = f"schema {', '.join(names)} cannot be brought back"

    def act(connection: psycopg.Connection) -> None:
        alone_with_names(connection)
        there = {row[0] for row in connection.execute(queries.NAMES)}
        for one in standing.held:
            if one.of in there:
                _drop_empty(connection, one.of)
            connection.execute(queries.rename(one.schema, one.of))
            connection.execute(queries.comment(one.of, one.comment))
        rows = [_restored(one, standing, now) for one in standing.held]
        append(connection, harness, by, rows)

    in_one_transaction(harness, names, what, act)
    return standing.held


def _drop_empty(connection: psycopg.Connection, schema: str) -> None:
    try:
        connection.execute(queries.drop_schema(schema))
    except psycopg.errors.DependentObjectsStillExist as error:
        holds = (error.diag.message_detail or first_line(error)).splitlines()
        said = ", ".join(line.split(" depends on ")[0] for line in holds[:3])
        raise DatabaseError(
            f"a new schema {schema} has been made meanwhile, and it holds {said}; move that away "
            f"(ALTER TABLE … SET SCHEMA) or drop it, then start again; nothing has changed"
        ) from None


def _row(move: _Move, step: str, one: Quarantined) -> Mapping[str, Any]:
    return {
        "operation": operation_id(move.now),
        "step": step,
        "schema": one.of,
        "renamed_to": one.schema,
        "until": one.until.isoformat() if one.until else "",
        "archive": str(move.archive.path.parent),
        "sha256": move.archive.content["sha256"],
    }


def _restored(one: Quarantined, standing: Standing, now: datetime) -> Mapping[str, Any]:
    return {
        "operation": operation_id(now),
        "step": "restored",
        "schema": one.of,
        "renamed_to": one.of,
        "until": "",
        "archive": standing.archive,
    }
