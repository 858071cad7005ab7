"""The end of a quarantine: what the archive holds is dropped, thing by thing, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import psycopg

from parity.database.complaint import first_line
from parity.model.errors import DatabaseError, ParityError
from parity.nightly.harness import Harness
from parity.plan.quarantining import queries
from parity.plan.quarantining.archive import Final, archived, tally_of
from parity.plan.quarantining.standing import Standing, append, operation_id
from parity.plan.quarantining.trying import alone_with_names, in_one_transaction
from parity.upkeep.queries import tallying

__all__ = ["drop_for_good", "refuse_early"]

Things = list[tuple[str, list[tuple[str, str]]]]  # a kind with names that are dropped together


def drop_for_good(
    harness: Harness, standing: Standing, *, place: Path, by: str, now: datetime
) -> Final:
    """Drops the schemas in quarantine, when it is over and the archive holds all that they hold.

    Nothing cascades: of what was archived each thing is dropped by name, and something that came
    later, or that something elsewhere depends on, keeps everything.

    Args:
        harness: whose database.
        standing: with the schemas in quarantine.
        place: the folder of the archive.
        by: who decides, for the trail.
        now: the moment.

    Raises:
        ParityError: too early, an archive that is not whole, or something that would be lost;
            nothing has changed.
    """
    refuse_early(harness, standing, now)
    archive = archived(place, standing.schemas)
    names = {one.schema: one.of for one in standing.held}
    entries = [
        {
            "operation": operation_id(now), "step": "dropped", "schema": of, "renamed_to": schema,
            "until": standing.until.isoformat() if standing.until else "",
            "archive": str(place), "sha256": archive.content["sha256"],
        }
        for schema, of in names.items()
    ]  # fmt: skip

    def act(connection: psycopg.Connection) -> None:
        tables = connection.execute(tallying.TABLES, [list(names)]).fetchall()
        if tables:
            connection.execute(queries.lock(tables, alone=True))
        _compare(archive, connection, names)
        alone_with_names(connection)
        _drop(connection, _known(archive, names))
        for schema in names:
            _drop_schema(connection, schema)
        append(connection, harness, by, list(entries))

    in_one_transaction(harness, list(names), f"schema {', '.join(names)} cannot be dropped", act)
    return archive


def refuse_early(harness: Harness, standing: Standing, now: datetime) -> None:
    """Raises where the quarantine is not over.

    Raises:
        ParityError: it lasts until a later day, or until when is not known.
    """
    if standing.until is None:
        raise ParityError(
            "until when the quarantine is to last is not known, as the schema's comment and the "
            "trail do not say; bring it back and start again: parity cleanup --undo --execute"
        )
    today = now.astimezone(harness.exchange.zone).date()
    if today < standing.until:
        days = (standing.until - today).days
        raise ParityError(
            f"the quarantine lasts until {standing.until} ({days} more "
            f"{'day' if days == 1 else 'days'}); nothing is dropped before that"
        )


def _compare(archive: Final, connection: psycopg.Connection, names: Mapping[str, str]) -> None:
    """Raises: DatabaseError: the tables hold something that the archive does not."""
    found = tally_of(connection, names)
    different = sorted(
        f"{schema}.{table}"
        for schema, table in {*found, *archive.tally}
        if found.get((schema, table)) != archive.tally.get((schema, table))
    )
    if different:
        raise DatabaseError(
            f"{', '.join(different)}: other rows than in the archive {archive.path.parent}, as "
            "somebody has written in the quarantine; nothing was dropped; parity cleanup --undo "
            "--execute brings the schema back, and then it can be archived anew"
        )


def _known(archive: Final, names: Mapping[str, str]) -> Things:
    """What the archive holds, under the names of now: all tables together, the rest one by one."""
    now = {of: schema for schema, of in names.items()}
    tables: list[tuple[str, str]] = []
    others: Things = []
    for schema, kind, name in archive.things:
        if kind == "TABLE":
            tables.append((now[schema], name))
        else:
            others.append((kind, [(now[schema], name)]))
    return [*others, *([("TABLE", tables)] if tables else [])]


def _drop(connection: psycopg.Connection, things: Things) -> None:
    """In rounds: what another one depends on goes when that one is gone.

    Raises:
        DatabaseError: something depends on what is left.
    """
    while things:
        left: Things = []
        why = ""
        for kind, names in things:
            try:
                with connection.transaction():
                    connection.execute(queries.drop(kind, names))
            except psycopg.errors.DependentObjectsStillExist as error:
                left.append((kind, names))
                why = (error.diag.message_detail or first_line(error)).splitlines()[0]
        if len(left) == len(things):
            raise DatabaseError(f"{why}: drop or change it first; nothing has changed")
        things = left


def _drop_schema(connection: psycopg.Connection, schema: str) -> None:
    try:
        connection.execute(queries.drop_schema(schema))
    except psycopg.errors.DependentObjectsStillExist as error:
        left = (error.diag.message_detail or first_line(error)).splitlines()[0]
        raise DatabaseError(
            f"{left}, which was made after the archive; drop it first; nothing has changed"
        ) from None
