"""The last archive of the old schemas: one dump that was restored, and what it holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from parity.model.errors import ParityError
from parity.nightly.harness import Harness
from parity.nightly.upkeep.dumping import Dumping, drop_leftovers, dump_and_try
from parity.plan.quarantining import queries
from parity.plan.quarantining.standing import talking
from parity.upkeep import backing
from parity.upkeep.archiving import checksum
from parity.upkeep.contents import Digest
from parity.upkeep.queries import reading
from parity.upkeep.shelf import Shelf

__all__ = ["Final", "archived", "folder_of", "keep_or_make", "newest", "tally_of"]

FOLDER = "archive"  # below the state folder, where none is given


@dataclass(frozen=True, slots=True)
class Final:
    """A dump that is whole: its path, and what stands in the file beside it."""

    path: Path
    content: Mapping[str, Any]

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(one["rows"] for one in self.content["tables"])

    @property
    def tally(self) -> backing.Tally:
        """Rows and digest of each table."""
        found: dict[tuple[str, str], Digest] = {}
        for one in self.content["tables"]:
            first, second = map(int, one["digest"].split("/"))
            found[one["schema"], one["table"]] = Digest(one["rows"], (first, second))
        return found

    @property
    def things(self) -> tuple[tuple[str, str, str], ...]:
        """Schema, kind and name of everything that was there."""
        return tuple(tuple(one) for one in self.content["things"])


def folder_of(harness: Harness, folder: Path | None) -> Path:
    """Where the archive is: a folder of its own."""
    suite = harness.suite
    return (folder or suite.state / FOLDER) / f"{suite.migration}-legacy-final"


def keep_or_make(
    harness: Harness,
    schemas: Sequence[str],
    place: Path,
    *,
    now: datetime,
    say: Callable[[str], None],
) -> Final:
    """The archive, if it is whole and says what the database says; else a new one.

    Raises:
        ParityError: another process makes one, no fitting pg_dump, a missing right, a full disk,
            or a dump that does not restore; what was there before is still there.
    """
    url = harness.database.admin_url
    shelf = Shelf(place, harness.suite.migration)
    with talking("the archive was not made"), shelf.alone():
        drop_leftovers(url, shelf)
        found = newest(place, schemas)
        if found is not None and backing.look_at(url, schemas) == found.tally:
            say(f"kept {found.path.name}, which holds the same rows")
            return found
        functions = _outer_functions(url, schemas)
        wanted = Dumping(
            url=url,
            schemas=schemas,
            say=say,
            about=lambda connection: _about(connection, schemas),
            prepare=lambda scratch: _prepare(scratch, functions),
        )
        name = shelf.name(now)
        content = dump_and_try(wanted, shelf, name)
        shelf.prune(1)
    return Final(place / name, content)


def newest(place: Path, schemas: Sequence[str]) -> Final | None:
    """The newest dump in a folder that is whole and of these schemas; None: there is none."""
    for beside in sorted(place.glob("*.dump.json"), reverse=True):
        path = beside.with_suffix("")
        try:
            content = json.loads(beside.read_bytes())
            if content["schemas"] == list(schemas) and checksum(path) == content["sha256"]:
                return Final(path, content)
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None


def archived(place: Path, schemas: Sequence[str]) -> Final:
    """The archive that is there.

    Raises:
        ParityError: it is not there, or not as it was written.
    """
    found = newest(place, schemas)
    if found is None:
        raise ParityError(
            f"the archive in {place} is not there, or not as it was written; name its folder with "
            "--folder, or bring the schema back (parity cleanup --undo --execute) and start again"
        )
    return found


def tally_of(
    connection: psycopg.Connection, names: Mapping[str, str]
) -> dict[tuple[str, str], Digest]:
    """Rows and digest of each table, under the schemas' names in the archive.

    Args:
        connection: in a transaction; what it has locked stays as it is.
        names: what each schema is called now, to its name in the archive.

    Raises:
        psycopg.Error: the database refuses.
    """
    connection.execute(reading.SETTINGS)
    found = backing.tally(connection, list(names))
    return {(names[schema], table): one for (schema, table), one in found.items()}


def _about(connection: psycopg.Connection, schemas: Sequence[str]) -> Mapping[str, Any]:
    rows = connection.execute(queries.THINGS, {"in": list(schemas)}).fetchall()
    return {"things": [list(row) for row in rows]}


def _outer_functions(url: str, schemas: Sequence[str]) -> list[tuple[str, str]]:
    """Functions elsewhere that triggers call, such as that of the log of writes."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(queries.OUTER_TRIGGER_FUNCTIONS, {"in": list(schemas)})
        return [(schema, name) for schema, name in rows]


def _prepare(scratch: psycopg.Connection, functions: Sequence[tuple[str, str]]) -> None:
    for schema, name in functions:
        scratch.execute(queries.stand_in(schema, name))
