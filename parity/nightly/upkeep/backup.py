"""Dumps the schemas of a migration, and keeps the dump only if it restores to the same rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from parity.database.complaint import first_line
from parity.database.provision import DRILL, SCHEMA_OWNERS
from parity.model.errors import DatabaseError, ParityError
from parity.model.suite import Relation, Suite
from parity.model.verdict import Side
from parity.nightly.harness import Harness
from parity.nightly.upkeep.dumping import Dumping, drop_leftovers, dump_and_try
from parity.report.words import count
from parity.upkeep.account import Account, Line
from parity.upkeep.shelf import Shelf

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
    url = harness.database.admin_url
    try:
        with shelf.alone():
            drop_leftovers(url, shelf)
            wanted = Dumping(url=url, schemas=schemas_of(suite), say=say)
            content = dump_and_try(wanted, shelf, name)
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


def _by_schema(content: dict[str, Any]) -> Iterator[tuple[str, int, int]]:
    """Schema, tables and rows."""
    for schema in content["schemas"]:
        rows = [one["rows"] for one in content["tables"] if one["schema"] == schema]
        yield schema, len(rows), sum(rows)
