"""Copies into legacy what only the candidate has and no script brings any more.

One transaction for each relation. Rows that are there stay as they are. What is copied is noted in
`parity.copied_row` by another role, so in another transaction, and before: a kill leaves rows that
are noted and not there, never rows that are there and not noted. Copying again ends the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg

from parity.database import Role
from parity.database.complaint import first_line
from parity.model.errors import ParityError
from parity.nightly.harness import Harness
from parity.plan.holding_back import NOTHING, Held, HeldBack
from parity.plan.listing import list_keys
from parity.plan.pairs import Column, Pair, columns_of
from parity.plan.queries import copying as queries
from parity.plan.queries.rolling_back import lock_timeout

__all__ = ["copied_rows", "copy_missing", "held_back"]

PATIENCE = timedelta(seconds=5)  # for a table that somebody has locked
BATCH = 2_000  # rows of one statement
Rows = Sequence[tuple[str | None, ...]]


@dataclass(frozen=True, slots=True)
class _Way:
    """Which columns go where: in candidate, as what, in legacy; and which are the key.

    `lacking`: columns that a row must have, and nobody can tell what would be in them.
    """

    columns: tuple[tuple[str, str, Column], ...]
    key: tuple[Column, ...]
    lacking: tuple[str, ...]


def copy_missing(harness: Harness, pair: Pair, operation: str, held: Held = NOTHING) -> int:
    """Copies the rows whose key legacy has not, in the columns that are served.

    Args:
        harness: whose database.
        pair: the relations.
        operation: id of the rollback in the trail.
        held: rows that are not copied.

    Returns:
        How many rows came in now.

    Raises:
        ParityError: they cannot be read or written, or legacy needs what nobody can tell; then
            none is copied.
    """
    with _told(pair), _connected(harness, Role.PARITY_HARNESS) as reader:
        way = _way(reader, pair)
        with _connected(harness, Role.LEGACY_WRITER) as writer:
            keys: list[str] = []
            for rows in _missing(reader, pair, way, held):
                _refuse(pair, way)
                keys += _insert(writer, pair, way, rows)
            suite = harness.suite
            harness.store.mark_copied(suite.migration, operation, str(pair.legacy), keys)
            writer.commit()
    return len(keys)


def held_back(harness: Harness, pair: Pair, held: Held, folder: Path) -> HeldBack | None:
    """The rows whose key legacy has not and that are not copied; None: there is none.

    Raises:
        ParityError: they cannot be read.
    """
    if not held.why:
        return None
    with _told(pair), _connected(harness, Role.PARITY_HARNESS) as reader:
        there = {column.name: column for column in columns_of(reader, pair.legacy)}
        key = [
            (pair.candidate_name(name), there[name].type, name)
            for name in pair.key
            if name in there
        ]
        if not key:
            return None  # the proof says that nobody knows which row is which
        names = [(source, kind, name) for source, kind, name in key]
        text = queries.missing(pair.candidate, pair.legacy, names, key, held.test)
        path = folder / f"{pair.legacy}-not-copied.csv"
        with reader.cursor(name="held") as cursor:
            cursor.execute(text, held.values or None)
            rows, first, listed = list_keys(path, pair.key, cursor)
    return HeldBack(rows=rows, why=held.why, examples=first, listed=listed) if rows else None


def copied_rows(
    harness: Harness, pair: Pair, operation: str, folder: Path
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The first rows that an operation has copied, and the file with all of them.

    Raises:
        ParityError: they cannot be read.
    """
    path = folder / f"{pair.legacy}-copied.csv"
    wanted = [harness.suite.migration, operation, str(pair.legacy)]
    with (
        _told(pair),
        _connected(harness, Role.PARITY_HARNESS) as reader,
        reader.cursor(name="copied") as cursor,
    ):
        cursor.execute(queries.COPIED, wanted)
        keys = ([key[name] for name in pair.key] for (key,) in cursor)
        _, first, listed = list_keys(path, pair.key, keys)
    return first, listed


def _way(connection: psycopg.Connection, pair: Pair) -> _Way:
    there = {column.name: column for column in columns_of(connection, pair.legacy)}
    others = {column.name for column in columns_of(connection, pair.candidate)}
    if not others:
        raise ParityError(f"there is no {pair.candidate} to copy rows from")
    if not pair.key:
        raise ParityError(f"nobody knows the key of {pair.legacy}: its rows cannot be copied")
    columns = tuple(
        (pair.candidate_name(name), kind, there[name])
        for name, kind in pair.columns
        if pair.candidate_name(name) in others and name in there and not there[name].made
    )
    come = {column.name for _, _, column in columns}
    if not come.issuperset(pair.key):
        raise ParityError(f"{pair.candidate} lacks a column of the key ({', '.join(pair.key)})")
    # What was served of a row, and what legacy has no row without.
    wanted = {name for name, _ in pair.columns if name in there and not there[name].made}
    wanted |= {name for name, column in there.items() if column.needed}
    lacking = tuple(name for name in there if name in wanted - come)
    return _Way(columns, tuple(there[name] for name in pair.key), lacking)


def _refuse(pair: Pair, way: _Way) -> None:
    if way.lacking:
        raise ParityError(
            f"{pair.legacy} needs {', '.join(way.lacking)}, which {pair.candidate} has not: "
            "its rows are listed, not copied"
        )


def _missing(connection: psycopg.Connection, pair: Pair, way: _Way, held: Held) -> Iterator[Rows]:
    """The rows in batches; however many there are, few are held."""
    text = queries.missing(
        pair.candidate,
        pair.legacy,
        [(name, kind, column.name) for name, kind, column in way.columns],
        [(pair.candidate_name(part.name), part.type, part.name) for part in way.key],
        queries.other_than(held.test),
    )
    with connection.cursor(name="missing") as cursor:
        cursor.execute(text, held.values or None)
        while rows := cursor.fetchmany(BATCH):
            yield rows


def _insert(connection: psycopg.Connection, pair: Pair, way: _Way, rows: Rows) -> list[str]:
    """Adds rows; returns the keys of those that were not there, as JSON."""
    text = queries.insert(
        pair.legacy,
        [(column.name, column.type) for _, _, column in way.columns],
        [column.name for column in way.key],
    )
    values = [list(column) for column in zip(*rows, strict=True)]
    return [key for (key,) in connection.execute(text, values)]


@contextmanager
def _connected(harness: Harness, role: Role) -> Iterator[psycopg.Connection]:
    """A transaction, taken back unless it is committed within."""
    connection = harness.database.connect_as(role)
    try:
        connection.execute(queries.SAME_TEXT)
        connection.execute(lock_timeout(PATIENCE, local=True))
        yield connection
    finally:
        connection.close()


@contextmanager
def _told(pair: Pair) -> Iterator[None]:
    try:
        yield
    except psycopg.errors.LockNotAvailable:
        raise ParityError(
            f"{pair.legacy} or {pair.candidate} is locked by another session for more than "
            f"{PATIENCE.seconds} s; when it is free, run the same command again"
        ) from None
    except psycopg.Error as error:
        raise ParityError(
            f"rows of {pair.candidate} cannot be copied into {pair.legacy}: {first_line(error)}"
        ) from None
