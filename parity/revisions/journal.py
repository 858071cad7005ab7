"""Keeping, finding and pruning revisions; each is one statement."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql

from parity.model.errors import StoreError
from parity.model.verdict import Side
from parity.revisions import queries
from parity.revisions.keys import keys_json

__all__ = ["MOST", "Rows", "find", "keep", "newest", "prune"]

MOST = 100_000  # keys that may be asked for at once

Rows = tuple[sql.Composable, Sequence[Any]]
"""A SELECT with placeholders, and the values bound to it."""


def keep(
    connection: psycopg.Connection,
    *,
    migration: str,
    dataset_name: str,
    side: Side,
    session: date,
    rows: Rows,
    key_names: Sequence[str],
    column_names: Sequence[str],
    first: date | datetime,
) -> int:
    """Keeps what a side says at a session, of those rows of which it said something else before.

    "Before" is the row's newest revision from `first` up to and with the session, so a night that
    is run again replaces what it had kept itself and touches no other session's. Rows with a NULL
    in their key or a key that occurs twice are left out. Commit is up to the caller.

    Args:
        connection: may write schema `parity`; its transaction is left with the settings needed.
        migration: the migration's name.
        dataset_name: the dataset's name.
        side: which side says it.
        session: the night's session.
        rows: the side's rows, those of the horizon; the columns are named k0, k1 … for the key
            and c0, c1 … for the others.
        key_names: the names of the key's columns.
        column_names: the names of the other columns, under which `find` gives their values.
        first: where the horizon begins (a moment: its day). A revision of an earlier session does
            not count, and its row is kept anew; so `prune` may remove it.

    Returns:
        How many revisions were written.

    Raises:
        StoreError: the journal or the rows refuse.
    """
    text, values = rows
    which = (migration, dataset_name, side.value)
    horizon = first.date() if isinstance(first, datetime) else first
    statement = queries.keep(text, len(key_names), column_names)
    names = json.dumps(list(column_names))
    try:
        with connection.transaction():
            connection.execute(queries.SETTINGS)
            connection.execute(queries.WHOLE_TABLES)
            done = connection.execute(
                statement, [names, *values, *which, horizon, session, *which, session]
            )
            return done.rowcount
    except psycopg.Error as error:
        raise StoreError(
            f"dataset {dataset_name}: the revisions of {side.value} cannot be kept: "
            f"{str(error).splitlines()[0]}"
        ) from error


def find(
    connection: psycopg.Connection,
    *,
    migration: str,
    dataset_name: str,
    side: Side,
    keys: Sequence[tuple[Any, ...]],
    before: date,
) -> list[tuple[int, date, dict[str, Any]]]:
    """What a side said of some rows at sessions before a day.

    Reads only, and leaves the transaction's settings as they were.

    Args:
        connection: may read schema `parity`.
        migration: the migration's name.
        dataset_name: the dataset's name.
        side: which side said it.
        keys: at most 100,000, each in the order of the key, with the values as psycopg reads them.
            A moment that Python cannot hold, in year 0 or after 9999, is not found.
        before: the day of the night that asks.

    Returns:
        Place of the key in `keys`, session, and the row by column name, the newest first. Numbers
        are int or Decimal, NULL is None. What JSON has no word for is text: "NaN" and "Infinity"
        of a number, dates and times (in UTC) in ISO form. A column that was not compared then is
        missing.

    Raises:
        StoreError: too many keys, or the journal cannot be read.
    """
    if len(keys) > MOST:
        raise StoreError(f"{len(keys):,} keys asked for at once; the journal takes {MOST:,}")
    if not keys:
        return []
    values = [keys_json(keys), migration, dataset_name, side.value, before]
    try:
        # A savepoint that is rolled back takes the settings with it.
        with connection.transaction(force_rollback=True):
            connection.execute(queries.SETTINGS)
            found = connection.execute(queries.FIND, values).fetchall()
    except psycopg.Error as error:
        raise StoreError(
            f"dataset {dataset_name}: the revisions cannot be read: {str(error).splitlines()[0]}"
        ) from error
    return [(place, session, _row(row)) for place, session, row in found]


def newest(connection: psycopg.Connection, migration: str, dataset_name: str) -> date | None:
    """The newest session at which a dataset said something new; None where nothing is kept."""
    row = connection.execute(queries.NEWEST, [migration, dataset_name]).fetchone()
    found: date | None = row[0] if row else None
    return found


def prune(
    connection: psycopg.Connection, migration: str, dataset_name: str, older_than: date
) -> int:
    """Removes what no session from `older_than` on needs; returns how many revisions.

    To be called after the night's `keep`, with its `first`: that has kept anew, within the horizon,
    every row which is still handed in, so a row without a revision there is one that nobody looks
    at any more. What a row said when the horizon began stays, whenever it was said first.

    Raises:
        StoreError: the journal refuses.
    """
    which = (migration, dataset_name)
    try:
        done = connection.execute(queries.PRUNE, [*which, *which, older_than, older_than])
    except psycopg.Error as error:
        raise StoreError(
            f"dataset {dataset_name}: the revisions cannot be pruned: {str(error).splitlines()[0]}"
        ) from error
    return done.rowcount


def _row(text: str) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(text, parse_float=Decimal, parse_int=_integer)
    return row


def _integer(text: str) -> int | Decimal:
    """Python reads no more than 4300 digits as an int."""
    return int(text) if len(text) < 4000 else Decimal(text)
