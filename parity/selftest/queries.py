"""SQL of the scratch tables. Identifiers are quoted by psycopg, values are bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import sql

from parity.diff.queries.part import TRUE, Part, conjoin, join, name
from parity.diff.queries.sides import Reader
from parity.model.suite import Relation

__all__ = [
    "PID",
    "analyze",
    "copy_rows",
    "create_like",
    "delete_rows",
    "drop",
    "index_on",
    "insert_copy",
    "newest",
    "nothing_of",
    "rows_of",
    "set_type",
    "symbols_of",
    "update_row",
]

SCHEMA = "parity"
PID = sql.SQL("SELECT pg_backend_pid()")


def _table(relation: Relation) -> sql.Identifier:
    return name(relation.schema, relation.table)


def create_like(scratch: Relation, source: Relation) -> sql.Composed:
    """A table with the source's columns: their types, collations and NOT NULLs.

    Defaults, identities, generated columns (which become plain ones), checks, foreign keys and
    triggers stay behind: rows are copied as they are, and faults may break what checks forbid.
    Indexes follow one by one (`index_on`).
    """
    return sql.SQL("CREATE TABLE {} (LIKE {})").format(_table(scratch), _table(source))


def nothing_of(scratch: Relation) -> sql.Composed:
    """No row, to learn the names of the columns."""
    return sql.SQL("SELECT * FROM {} LIMIT 0").format(_table(scratch))


def index_on(
    scratch: Relation, index: str, columns: Sequence[str], *, unique: bool
) -> sql.Composed:
    """An index over some columns."""
    return sql.SQL("CREATE {} INDEX {} ON {} ({})").format(
        sql.SQL("UNIQUE" if unique else ""),
        name(index),
        _table(scratch),
        join(list(map(name, columns)), ", "),
    )


def drop(index: str) -> sql.Composed:
    """Drops an index of a scratch table."""
    return sql.SQL("DROP INDEX {}").format(name(SCHEMA, index))


def analyze(scratch: Relation) -> sql.Composed:
    """Lets the planner know the rows."""
    return sql.SQL("ANALYZE {}").format(_table(scratch))


def set_type(scratch: Relation, column: str, kind: str) -> sql.Composed:
    """Another type for a column; `kind` is built from numbers, never from data."""
    return sql.SQL("ALTER TABLE {} ALTER COLUMN {} TYPE {}").format(
        _table(scratch), name(column), sql.SQL(kind)
    )


def symbols_of(reader: Reader, column: str) -> Part:
    """The symbols of a side, where no index leads to them."""
    wanted = reader.filters()
    text = sql.SQL("SELECT DISTINCT {c}::text FROM {t} WHERE {w} AND {c} IS NOT NULL").format(
        c=name(column), t=reader.relation(), w=wanted.text
    )
    return Part(text, wanted.values)


def _of(symbol: tuple[str, str] | None) -> Part:
    """The test for a symbol, given as column and value."""
    if symbol is None:
        return TRUE
    return Part(sql.SQL("{} = {}").format(name(symbol[0]), sql.Placeholder()), (symbol[1],))


def newest(reader: Reader, symbol: tuple[str, str] | None, limit: int) -> Part:
    """The newest times of a symbol, the newest first."""
    wanted = conjoin([reader.filters(), _of(symbol)])
    text = sql.SQL(
        "SELECT {m} FROM {t} WHERE {w} AND {m} IS NOT NULL ORDER BY {m} DESC LIMIT {n}"
    ).format(m=reader.moment(), t=reader.relation(), w=wanted.text, n=sql.Literal(limit))
    return Part(text, wanted.values)


def copy_rows(
    scratch: Relation,
    readers: Sequence[Reader],
    symbol: tuple[str, str] | None,
    since: Any,
    limit: int | None,
) -> Part:
    """Copies rows of the readers' datasets, all of one relation, of a symbol from a time on.

    Without a time the first ones by key, `limit` at most.
    """
    first = readers[0]
    any_of = [reader.filters() for reader in readers]
    tests = [_of(symbol)]
    if all(part is not TRUE for part in any_of):
        text = join([sql.SQL("({})").format(part.text) for part in any_of], " OR ")
        values = tuple(value for part in any_of for value in part.values)
        tests.append(Part(sql.SQL("({})").format(text), values))
    if since is not None:
        tests.append(Part(sql.SQL("{} >= {}").format(first.moment(), sql.Placeholder()), (since,)))
    wanted = conjoin(tests)
    tail: sql.Composable = sql.SQL("")
    if limit is not None:
        order = join([first.value(pair) for pair in first.key], ", ")
        tail = sql.SQL(" ORDER BY {} LIMIT {}").format(order, sql.Literal(limit))
    text = sql.SQL("INSERT INTO {} SELECT * FROM {} WHERE {}{}").format(
        _table(scratch), first.relation(), wanted.text, tail
    )
    return Part(text, wanted.values)


def rows_of(reader: Reader) -> Part:
    """Where each row lies, its key and its compared columns, in the form in which they compare."""
    columns = [reader.value(pair) for pair in (*reader.key, *reader.columns)]
    wanted = reader.filters()
    text = sql.SQL("SELECT ctid::text, {} FROM {} WHERE {}").format(
        join(columns, ", "), reader.relation(), wanted.text
    )
    return Part(text, wanted.values)


def delete_rows(scratch: Relation) -> sql.Composed:
    """Deletes rows by where they lie."""
    return sql.SQL("DELETE FROM {} WHERE ctid = ANY({}::tid[])").format(
        _table(scratch), sql.Placeholder()
    )


def update_row(scratch: Relation, columns: Sequence[str]) -> sql.Composed:
    """Sets columns of one row; the values come first, then where it lies."""
    pairs = [sql.SQL("{} = {}").format(name(column), sql.Placeholder()) for column in columns]
    return sql.SQL("UPDATE {} SET {} WHERE ctid = {}::tid").format(
        _table(scratch), join(pairs, ", "), sql.Placeholder()
    )


def insert_copy(scratch: Relation, columns: Sequence[str], values: Mapping[str, Any]) -> Part:
    """Inserts a copy of one row with some other values; where it lies is bound last."""
    items: list[sql.Composable] = [
        sql.Placeholder() if column in values else name(column) for column in columns
    ]
    text = sql.SQL("INSERT INTO {t} ({c}) SELECT {i} FROM {t} WHERE ctid = {p}::tid").format(
        t=_table(scratch),
        c=join(list(map(name, columns)), ", "),
        i=join(items, ", "),
        p=sql.Placeholder(),
    )
    return Part(text, tuple(values[column] for column in columns if column in values))
