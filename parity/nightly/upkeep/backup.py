"""Dumps the schemas of a migration, and keeps the dump only if it restores to the same rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from parity.database import queries as database_queries
from parity.database.complaint import first_line
from parity.database.holding import PATIENCE, hold
from parity.database.provision import DRILL, SCHEMA_OWNERS
from parity.database.scratch import bring_extensions, create_like_main, drop_scratch
from parity.model.errors import DatabaseError, ParityError
from parity.model.suite import Relation, Suite
from parity.model.verdict import Side
from parity.nightly.harness import Harness
from parity.report.words import count
from parity.upkeep import backing
from parity.upkeep.account import Account, Line
from parity.upkeep.archiving import checksum
from parity.upkeep.queries import reading, tallying
from parity.upkeep.shelf import Shelf
from parity.upkeep.tools import find_tools

__all__ = ["back_up", "schemas_of"]

FOLDER = "backups"  # below the state folder, where none is given


def back_up(
    harness: Harness,
    now: datetime,
    *,
    folder: Path | None = None,
    say: Callable[[str], None] = print,
) -> Account:
    """Makes one backup, and deletes the oldest ones beyond `retention.backups`.

    The dump is restored into a scratch database of the same server, where every table must have
    the rows and the digest that it has in the snapshot that was dumped; only then does the file
    get its name.

    Args:
        harness: whose suite names the schemas.
        now: the backup's name; with a time zone.
        folder: of the backups; by default `backups` in the state folder.
        say: told each step.

    Returns:
        Rows by schema, and the file.

    Raises:
        ParityError: another backup is running, no fitting pg_dump, a missing right, a full disk,
            or a dump that does not restore; then there is no new file.
    """
    suite = harness.suite
    shelf = Shelf(folder or suite.state / FOLDER, suite.migration)
    name = shelf.name(now)
    try:
        with shelf.alone():
            _drop_leftovers(harness, shelf)
            content = _make(harness, shelf, name, say)
            gone = shelf.prune(suite.retention.backups)
    except psycopg.Error as error:
        raise DatabaseError(f"the backup was not made: {first_line(error)}") from None
    except OSError as error:
        raise ParityError(f"{error.filename or shelf.folder}: {error.strerror}") from None
    lines = [
        Line(what=f"rows of schema {schema}", number=rows, note=count(tables, "table"))
        for schema, tables, rows in _by_schema(content)
    ]
    lines.append(Line(what="older backups deleted", number=gone))
    return Account(
        title=f"Backup {name} made and restored",
        lines=tuple(lines),
        path=str(shelf.folder / name),
    )


def schemas_of(suite: Suite) -> tuple[str, ...]:
    """The schemas of both sides, those of the flows' accounts, `market` and `parity`."""
    relations: list[Relation | None] = [
        dataset.relation(side) for dataset in suite.datasets for side in Side
    ]
    relations += [suite.flows.runs, suite.flows.legacy, suite.flows.candidate]
    named = {one.schema for one in relations if one is not None}
    return tuple(sorted(named | (set(SCHEMA_OWNERS) - {DRILL})))


def _make(harness: Harness, shelf: Shelf, name: str, say: Callable[[str], None]) -> dict[str, Any]:
    url = harness.database.admin_url
    part = shelf.part(name)
    try:
        with _snapshot(url, schemas_of(harness.suite)) as (connection, schemas, token):
            tools = find_tools(connection.info.server_version // 10_000)
            backing.dump(tools, url, schemas, token, part)
            say(f"dumped {', '.join(schemas)}")
            dumped = backing.tally(connection, schemas)
        with _scratch(url, shelf, schemas) as scratch:
            backing.restore(tools, scratch, part)
            backing.compare(dumped, backing.look_at(scratch, schemas))
        say(f"restored {sum(one.rows for one in dumped.values()):,} rows, all the same")
        content = _content(harness, name, part, schemas, dumped)
        shelf.put(name, content)
    finally:
        part.unlink(missing_ok=True)
    return content


@contextmanager
def _snapshot(
    url: str, wanted: Sequence[str]
) -> Iterator[tuple[psycopg.Connection, list[str], str]]:
    """A connection in a snapshot that pg_dump uses too, and which schemas are there.

    Tables are locked before: one that is emptied in between would look empty to both.
    """
    with psycopg.connect(url) as connection:
        found = connection.execute(tallying.SCHEMAS, [list(wanted)]).fetchall()
        schemas = [row[0] for row in found]
        tables = connection.execute(tallying.TABLES, [schemas]).fetchall()
        connection.rollback()
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute(database_queries.lock_timeout(PATIENCE, local=True))
        hold(connection, [Relation(*names) for names in tables])
        connection.execute(database_queries.NEVER_IDLE)
        connection.execute(reading.SETTINGS)
        row: Any = connection.execute(database_queries.EXPORT_SNAPSHOT).fetchone()
        yield connection, schemas, row[0]


@contextmanager
def _scratch(url: str, shelf: Shelf, schemas: Sequence[str]) -> Iterator[str]:
    """The connection string of an empty database, which is dropped at the end."""
    name = shelf.record.new()
    with psycopg.connect(url, autocommit=True) as admin:
        try:
            _create(admin, name)
            scratch = backing.in_database(url, name)
            with psycopg.connect(scratch, autocommit=True) as connection:
                # The dump makes its schemas itself, but no extensions.
                bring_extensions(admin, connection, schemas)
            yield scratch
        finally:
            drop_scratch(admin, name)
            shelf.record.cross_out(name)


def _create(admin: psycopg.Connection, name: str) -> None:
    """Makes it like the main database; the owners of schemas may own some in it."""
    try:
        create_like_main(admin, name)
    except psycopg.errors.InsufficientPrivilege:
        raise DatabaseError(
            "the backup cannot be tried, as the scratch database cannot be created; let an "
            f"administrator run: ALTER ROLE {admin.info.user} CREATEDB"
        ) from None
    for role in SCHEMA_OWNERS.values():
        admin.execute(tallying.grant_create(name, role.value))


def _drop_leftovers(harness: Harness, shelf: Shelf) -> None:
    """What a killed backup has left: its scratch database and its unfinished file."""
    for name in shelf.record.names():
        with psycopg.connect(harness.database.admin_url, autocommit=True) as admin:
            drop_scratch(admin, name)
        shelf.record.cross_out(name)
    shelf.remove_unfinished()


def _content(
    harness: Harness, name: str, path: Path, schemas: Sequence[str], dumped: backing.Tally
) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "migration": harness.suite.migration,
        "file": name,
        "bytes": path.stat().st_size,
        "sha256": checksum(path),
        "schemas": list(schemas),
        "tables": [
            {"schema": schema, "table": table, "rows": one.rows, "digest": str(one)}
            for (schema, table), one in sorted(dumped.items())
        ],
    }


def _by_schema(content: dict[str, Any]) -> Iterator[tuple[str, int, int]]:
    """Schema, tables and rows."""
    for schema in content["schemas"]:
        rows = [one["rows"] for one in content["tables"] if one["schema"] == schema]
        yield schema, len(rows), sum(rows)
