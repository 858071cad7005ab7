"""A dump of some schemas, and the proof that it restores: every table, row and value."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from parity.database.tools import pattern, public
from parity.model.errors import ComparisonError
from parity.upkeep.contents import Digest
from parity.upkeep.queries import reading, tallying
from parity.upkeep.tools import run_tool

__all__ = ["Tally", "compare", "dump", "in_database", "look_at", "restore", "tally"]

_REFUSED = "the backup does not restore"
Tally = Mapping[tuple[str, str], Digest]  # by schema and table


def tally(connection: psycopg.Connection, schemas: Sequence[str]) -> Tally:
    """Rows and digest of every table of some schemas.

    Args:
        connection: in the snapshot to look at, with `reading.SETTINGS`.
        schemas: their names.

    Raises:
        psycopg.Error: the database refuses.
    """
    found: dict[tuple[str, str], Digest] = {}
    for schema, table in connection.execute(tallying.TABLES, [list(schemas)]).fetchall():
        row: Any = connection.execute(tallying.tally(schema, table)).fetchone()
        found[schema, table] = Digest(int(row[0]), (int(row[1]), int(row[2])))
    return found


def compare(dumped: Tally, restored: Tally) -> None:
    """Holds what was restored against what was dumped.

    Raises:
        ComparisonError: a table is missing, is one too many, or holds other rows.
    """
    for schema, table in sorted({*dumped, *restored}):
        was, now = dumped.get((schema, table)), restored.get((schema, table))
        if was == now:
            continue
        told = (
            f"it holds {now.rows:,} rows where {was.rows:,} were dumped"
            if was and now and was.rows != now.rows
            else "it holds other values"
            if was and now
            else "it is not there"
            if was
            else "it was not dumped"
        )
        raise ComparisonError(
            f"the backup does not restore: table {schema}.{table}: {told}; nothing was kept of it"
        )


def dump(tools: Path, url: str, schemas: Sequence[str], snapshot: str, path: Path) -> None:
    """Writes schemas with all that is in them into a file in pg_dump's custom format.

    Args:
        tools: the folder of pg_dump.
        url: of the database; its role reads all of it.
        schemas: their names.
        snapshot: an exported one, still held.
        path: a new file, readable by its owner only.

    Raises:
        DatabaseError: pg_dump failed.
        OSError: the file cannot be made.
    """
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    command = [str(tools / "pg_dump"), "--format=custom", "--no-password", "--snapshot", snapshot]
    command += [f"--schema={pattern(name)}" for name in schemas]
    command += ["--file", str(path), "--dbname", public(url)]
    run_tool(command, url, "the schemas cannot be dumped")
    with path.open("rb") as file:
        os.fsync(file.fileno())


def restore(tools: Path, url: str, path: Path) -> None:
    """Restores such a file into an empty database; the first error ends it.

    Raises:
        DatabaseError: pg_restore failed.
        OSError: a list of what is restored cannot be written beside the file.
    """
    tool = str(tools / "pg_restore")
    wanted = path.with_name(f"{path.name}.list")
    try:
        run_tool([tool, "--list", "--file", str(wanted), str(path)], url, _REFUSED)
        lines = wanted.read_text("utf-8").splitlines(keepends=True)
        # Every new database has that schema.
        wanted.write_text("".join(line for line in lines if " SCHEMA - public " not in line))
        command = [tool, "--exit-on-error", "--no-password", "--use-list", str(wanted)]
        run_tool([*command, "--dbname", public(url), str(path)], url, _REFUSED)
    finally:
        wanted.unlink(missing_ok=True)


def look_at(url: str, schemas: Sequence[str]) -> Tally:
    """The tally of a database as it is now.

    Raises:
        psycopg.Error: the database refuses.
    """
    with psycopg.connect(url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute(reading.SETTINGS)
        return tally(connection, schemas)


def in_database(url: str, name: str) -> str:
    """A connection string with another database."""
    return make_conninfo(url, dbname=name)
