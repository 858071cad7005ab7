"""One dump of some schemas that was tried: restored, and compared with what was dumped.

A backup is one, and so is the last archive of the old side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from parity.database import queries as database_queries
from parity.database.holding import PATIENCE, hold
from parity.database.provision import SCHEMA_OWNERS
from parity.database.scratch import bring_extensions, create_like_main, drop_scratch
from parity.model.errors import DatabaseError
from parity.model.suite import Relation
from parity.upkeep import backing
from parity.upkeep.archiving import checksum
from parity.upkeep.queries import reading, tallying
from parity.upkeep.shelf import Shelf
from parity.upkeep.tools import find_tools

__all__ = ["Dumping", "drop_leftovers", "dump_and_try"]


def _nothing(_connection: psycopg.Connection) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dumping:
    """What is dumped, and how it is tried.

    Attributes:
        url: of the database; its role reads all of it and may create databases.
        schemas: their names; those that are not there are left out.
        about: read in the snapshot; what it returns stands in the file beside the dump.
        prepare: makes in the scratch database what the dump needs besides extensions.
        say: told each step.
    """

    url: str
    schemas: Sequence[str]
    say: Callable[[str], None]
    about: Callable[[psycopg.Connection], Mapping[str, Any]] = _nothing
    prepare: Callable[[psycopg.Connection], object] = _nothing


def dump_and_try(wanted: Dumping, shelf: Shelf, name: str) -> dict[str, Any]:
    """Dumps schemas; the file gets its name only if it restores to the same rows.

    Args:
        wanted: what is dumped.
        shelf: where it is put; held by this process alone.
        name: of the file.

    Returns:
        What stands in the file beside the dump.

    Raises:
        ParityError: no fitting pg_dump, a missing right, or a dump that does not restore.
        psycopg.Error, OSError: the database or the disk refuses.
    """
    part = shelf.part(name)
    try:
        with _snapshot(wanted.url, wanted.schemas) as (connection, schemas, token):
            tools = find_tools(connection.info.server_version // 10_000)
            more = wanted.about(connection)
            backing.dump(tools, wanted.url, schemas, token, part)
            wanted.say(f"dumped {', '.join(schemas)}")
            dumped = backing.tally(connection, schemas)
        with _scratch(wanted, shelf, schemas) as scratch:
            backing.restore(tools, scratch, part)
            backing.compare(dumped, backing.look_at(scratch, schemas))
        wanted.say(f"restored {sum(one.rows for one in dumped.values()):,} rows, all the same")
        content = {**_content(shelf, name, part, schemas, dumped), **more}
        shelf.put(name, content)
    finally:
        part.unlink(missing_ok=True)
    return content


def drop_leftovers(url: str, shelf: Shelf) -> None:
    """What a killed one has left: its scratch database and its unfinished file.

    Raises:
        psycopg.Error, OSError: the database or the disk refuses.
    """
    for name in shelf.record.names():
        with psycopg.connect(url, autocommit=True) as admin:
            drop_scratch(admin, name)
        shelf.record.cross_out(name)
    shelf.remove_unfinished()


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
def _scratch(wanted: Dumping, shelf: Shelf, schemas: Sequence[str]) -> Iterator[str]:
    """The connection string of an empty database, which is dropped at the end."""
    name = shelf.record.new()
    with psycopg.connect(wanted.url, autocommit=True) as admin:
        try:
            _create(admin, name)
            scratch = backing.in_database(wanted.url, name)
            with psycopg.connect(scratch, autocommit=True) as connection:
                # The dump makes its schemas itself, but no extensions.
                bring_extensions(admin, connection, schemas)
                wanted.prepare(connection)
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


def _content(
    shelf: Shelf, name: str, path: Path, schemas: Sequence[str], dumped: backing.Tally
) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "migration": shelf.migration,
        "file": name,
        "bytes": path.stat().st_size,
        "sha256": checksum(path),
        "schemas": list(schemas),
        "tables": [
            {"schema": schema, "table": table, "rows": one.rows, "digest": str(one)}
            for (schema, table), one in sorted(dumped.items())
        ],
    }
