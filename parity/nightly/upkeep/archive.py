"""Writes the rows of one side to Parquet files, and proves that they say what the database says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import psycopg
import pyarrow as pa

from parity.database import Role
from parity.database import queries as database_queries
from parity.database.complaint import first_line
from parity.database.holding import PATIENCE, hold
from parity.model.errors import DatabaseError, ParityError, UsageError
from parity.model.suite import Dataset, Relation
from parity.model.verdict import Side
from parity.nightly.harness import Harness
from parity.report.atomic import replaced_folder
from parity.upkeep import archiving, manifest
from parity.upkeep.account import Account, Line
from parity.upkeep.contents import Digest
from parity.upkeep.forms import Form, forms_of
from parity.upkeep.queries import reading

__all__ = ["archive"]

FOLDER = "archive"  # below the state folder, where none is given


def archive(
    harness: Harness,
    *,
    side: Side,
    first: date | None = None,
    last: date | None = None,
    folder: Path | None = None,
    say: Callable[[str], None] = print,
) -> Account:
    """Archives every relation of a side that a dataset names, one file each, in one snapshot.

    The files stand in a folder of their own, which is put in place when they have been read back
    and hold exactly the rows that the database has. One that is complete is left as it is.

    Args:
        harness: whose suite.
        side: whose relations.
        first: from which session on; None: from the first. A relation of which no dataset names
            a column of times is archived whole.
        last: up to which session; None: to the last.
        folder: where the archive's own folder is made; by default `archive` in the state folder.
        say: told each relation when it is written.

    Returns:
        The rows of each relation, and the archive's folder.

    Raises:
        ParityError: a wrong range, a relation that cannot be read, a full disk, or files that
            do not agree with the database; then there is no new archive.
    """
    if first and last and first > last:
        raise UsageError(f"--first {first} is after --last {last}")
    suite = harness.suite
    place = (folder or suite.state / FOLDER) / _name(suite.migration, side, first, last)
    wanted = _wanted(harness, side, first, last)
    found = _there(place, [str(one.relation) for one in wanted])
    if found is not None:
        return _account(place, found, "is complete already", str(found.get("made_at", "")))
    head = {
        "schema_version": 1,
        "migration": suite.migration,
        "side": side.value,
        "first": first.isoformat() if first else None,
        "last": last.isoformat() if last else None,
    }
    try:
        with replaced_folder(place, ours=_ours) as new:
            content = {**head, **_write(harness, wanted, new, say)}
            manifest.write_manifest(new, content)
    except (OSError, pa.ArrowException) as error:
        said = getattr(error, "strerror", None) or " ".join(str(error).split())[:300]
        raise ParityError(f"the archive {place} cannot be written: {said}") from None
    return _account(place, content, "written and read back", "")


@dataclass(frozen=True, slots=True)
class _Wanted:
    relation: Relation
    stretch: archiving.Stretch | None
    file: str


def _write(
    harness: Harness, wanted: Sequence[_Wanted], new: Path, say: Callable[[str], None]
) -> dict[str, Any]:
    written: list[tuple[_Wanted, tuple[Form, ...], Digest]] = []
    try:
        with harness.database.connect_as(Role.PARITY_HARNESS) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            connection.execute(database_queries.lock_timeout(PATIENCE, local=True))
            hold(connection, [one.relation for one in wanted])
            connection.execute(reading.SETTINGS)
            row: Any = connection.execute(database_queries.CURRENT_SNAPSHOT).fetchone()
            for one in wanted:
                forms = forms_of(connection, one.relation)
                where = one.stretch.where(forms) if one.stretch else archiving.EVERYTHING
                path = new / one.file
                archiving.write_rows(connection, one.relation, forms, where, path)
                digest = archiving.digest_rows(connection, one.relation, forms, where)
                written.append((one, forms, digest))
                say(f"{one.relation}: {digest.rows:,} rows")
    except psycopg.Error as error:
        raise DatabaseError(f"the archive cannot be read: {first_line(error)}") from None
    entries = []
    for one, forms, digest in written:
        archiving.check_file(new / one.file, forms, digest, one.relation)
        entries.append(manifest.entry(new / one.file, str(one.relation), forms, digest))
    return {"snapshot": row[0], "made_at": row[1].isoformat(), "relations": entries}


def _wanted(harness: Harness, side: Side, first: date | None, last: date | None) -> list[_Wanted]:
    """Each relation of the side once."""
    found: dict[Relation, _Wanted] = {}
    for dataset in harness.suite.datasets:
        relation = dataset.relation(side)
        stretch = None
        column = _time(dataset, side)
        if column is not None and (first or last):
            stretch = archiving.Stretch(
                column=column,
                first=first,
                last=last,
                zone=harness.exchange.zone,
                meaning=ZoneInfo(dataset.timezone or "UTC"),
            )
        one = _Wanted(relation, stretch, f"{quote(str(relation), safe='.')}.parquet")
        other = found.setdefault(relation, one)
        if other != one:
            raise UsageError(
                f"the datasets of {relation} name different columns or zones of time, so sessions "
                "cannot be chosen; archive the whole side"
            )
    return list(found.values())


def _time(dataset: Dataset, side: Side) -> str | None:
    if dataset.time is None or side is Side.LEGACY:
        return dataset.time
    return dict(dataset.rename).get(dataset.time, dataset.time)


def _name(migration: str, side: Side, first: date | None, last: date | None) -> str:
    if not first and not last:
        return f"{migration}-{side.value}-whole"
    ends = "-".join([*([f"from-{first}"] if first else []), *([f"to-{last}"] if last else [])])
    return f"{migration}-{side.value}-{ends}"


def _there(place: Path, relations: Sequence[str]) -> Mapping[str, Any] | None:
    """The manifest of an archive that is complete; None where one is to be written.

    Raises:
        UsageError: something else has its name.
    """
    found = manifest.read_manifest(place)
    if found is None:
        if place.is_symlink() or (place.exists() and not _is_empty(place)):
            raise UsageError(
                f"{place} is no archive, as it has no {manifest.MANIFEST}; move it away, or give "
                "another --folder"
            )
        return None
    same = [one["relation"] for one in found["relations"]] == list(relations)
    return found if same and manifest.whole(place, found) else None


def _is_empty(place: Path) -> bool:
    return place.is_dir() and not any(place.iterdir())


def _ours(name: str) -> bool:
    return name == manifest.MANIFEST or name.endswith(".parquet")


def _account(place: Path, content: Mapping[str, Any], state: str, since: str) -> Account:
    lines = tuple(
        Line(what=f"rows of {one['relation']}", number=one["rows"], note=f"{one['bytes']:,} bytes")
        for one in content["relations"]
    )
    notes = (f"It was made at {since}.",) if since else ()
    return Account(title=f"Archive {place.name} {state}", lines=lines, notes=notes, path=str(place))
