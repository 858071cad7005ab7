"""Reading parts of one side: samples, single rows, segments, and the values of a key column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import sql

from parity.diff.columns import Family
from parity.diff.queries.part import Part, conjoin, join, name, words
from parity.diff.queries.sides import Reader

__all__ = [
    "keys_at_random",
    "leads",
    "member",
    "one_of_each",
    "recent",
    "sampled",
    "somewhere",
    "spans",
    "stretch",
]


def leads(reader: Reader, place: int, most: int, *, filtered: bool) -> Part:
    """The different values of a key column in order, as text, by hopping along its index.

    NULLs are not among them. One more than `most` come where there are more.

    Args:
        reader: the side.
        place: the column's place in the key.
        most: how many are wanted.
        filtered: whether the index begins with columns that `where` fixes.
    """
    column = reader.value(reader.key[place])
    tests = [reader.filters()] if filtered else []
    first = conjoin([*tests, Part(sql.SQL("{} IS NOT NULL").format(column))])
    after = conjoin([*tests, Part(sql.SQL("{} > w.v").format(column))])
    text = sql.SQL(
        "WITH RECURSIVE w(v) AS ((SELECT {c} FROM {t} WHERE {first} ORDER BY 1 LIMIT 1) "
        "UNION ALL SELECT (SELECT {c} FROM {t} WHERE {after} ORDER BY 1 LIMIT 1) "
        "FROM w WHERE w.v IS NOT NULL) SELECT v::text FROM w WHERE v IS NOT NULL LIMIT {most}"
    ).format(
        c=column, t=reader.relation(), first=first.text, after=after.text,
        most=sql.Literal(most + 1),
    )  # fmt: skip
    return Part(text, first.values + after.values)


def one_of_each(values: Sequence[str], kind: str) -> Part:
    """Values of a type as text, without those that equal an earlier one: numeric 1.0 and 1.00."""
    text = sql.SQL(
        "SELECT (array_agg(v ORDER BY n))[1] FROM unnest({p}::text[]) WITH ORDINALITY s(v, n) "
        "GROUP BY v::{kind} ORDER BY min(n)"
    ).format(p=sql.Placeholder(), kind=words(kind.replace("%", "%%")))
    return Part(text, (list(values),))


def keys_at_random(reader: Reader, places: Sequence[int], percent: float) -> Part:
    """Some key columns of one row a page, of a random share of a table's pages, in their order.

    One a page: rows of a page are often neighbours, and then say the same. As text.
    """
    columns = [reader.value(reader.key[place]) for place in places]
    wanted = conjoin(
        [reader.filters(), *(Part(sql.SQL("{} IS NOT NULL").format(c)) for c in columns)]
    )
    names = [name(f"k{place}") for place in places]
    text = sql.SQL(
        "SELECT {texts} FROM (SELECT DISTINCT ON (tableoid, (ctid::text::point)[0]) {columns} "
        "FROM {t} TABLESAMPLE SYSTEM ({p}) REPEATABLE (1) WHERE {w}) r ORDER BY {order}"
    ).format(
        texts=join([sql.SQL("{}::text").format(n) for n in names], ", "),
        columns=join(
            [sql.SQL("{} AS {}").format(c, n) for c, n in zip(columns, names, strict=True)], ", "
        ),
        t=reader.relation(),
        p=sql.Placeholder(),
        w=wanted.text,
        order=join([sql.SQL("r.{}").format(n) for n in names], ", "),
    )
    return Part(text, (percent, *wanted.values))


def spans(reader: Reader, place: int, values: Sequence[str], kind: str) -> Part:
    """For each value of a key column the first and last time of its settled rows."""
    wanted = conjoin([reader.filters(), reader.settled()])
    text = sql.SQL(
        "SELECT s.v, n.* FROM unnest({p}::text[]) s(v), LATERAL (SELECT min({m}), max({m}) "
        "FROM {t} WHERE {c} = s.v::{kind} AND {w}) n"
    ).format(
        p=sql.Placeholder(),
        m=reader.moment(),
        t=reader.relation(),
        c=reader.value(reader.key[place]),
        kind=words(kind.replace("%", "%%")),
        w=wanted.text,
    )
    return Part(text, (list(values), *wanted.values))


Test = tuple[int, str, str]
"""A bound of a piece: the key column's place, the operator, the value as text."""


def _tests(reader: Reader, tests: Sequence[Test], types: Sequence[str]) -> list[Part]:
    return [
        Part(
            sql.SQL("{} {} {}").format(
                reader.value(reader.key[place]), words(operator), _cast(types[place])
            ),
            (value,),
        )
        for place, operator, value in tests
    ]


def _cast(kind: str) -> sql.Composed:
    return sql.SQL("{}::{}").format(sql.Placeholder(), words(kind.replace("%", "%%")))


def somewhere(
    reader: Reader, tests: Sequence[Test], types: Sequence[str], places: Sequence[int], skip: int
) -> Part:
    """The key columns at `places`, as text, of the row after `skip` others of a piece."""
    columns = [reader.value(reader.key[place]) for place in places]
    wanted = conjoin([reader.filters(), reader.settled(), *_tests(reader, tests, types)])
    text = sql.SQL("SELECT {texts} FROM {t} WHERE {w} ORDER BY {order} OFFSET {p} LIMIT 1").format(
        texts=join([sql.SQL("({})::text").format(column) for column in columns], ", "),
        t=reader.relation(),
        w=wanted.text,
        order=join(columns, ", "),
        p=sql.Placeholder(),
    )
    return Part(text, (*wanted.values, skip))


def stretch(
    reader: Reader,
    places: Sequence[int],
    types: Sequence[str],
    tests: Sequence[Test],
    start: Sequence[Any],
    end: Sequence[Any] | None,
    limit: int,
) -> Part:
    """Neighbouring rows of one side, in the order of its key.

    Args:
        reader: the side.
        places: the key columns in the order of an index.
        types: of all columns of `columns_of`.
        tests: bounds of the piece that the rows lie in.
        start: the first key wanted, at `places`; empty for the piece's first.
        end: the last key wanted, at `places`; None for no end.
        limit: how many rows at most.
    """
    columns = join([reader.value(reader.key[place]) for place in places], ", ")
    bounds = _tests(reader, tests, types)
    for operator, key in ((">=", start), ("<=", end)):
        if key:
            values = join([_cast(types[place]) for place in places], ", ")
            test = sql.SQL("({}) {} ({})").format(columns, words(operator), values)
            bounds.append(Part(test, tuple(key)))
    rows = reader.rows(*bounds)
    order = join([name(f"k{place}") for place in places], ", ")
    text = sql.SQL("{} ORDER BY {} LIMIT {}").format(rows.text, order, sql.Placeholder())
    return Part(text, (*rows.values, limit))


def sampled(reader: Reader, *, seed: str, one_in: int) -> Part:
    """Rows of one side whose key falls into a random share; the same keys on either side."""
    keys = [name(f"k{place}") for place in range(len(reader.key))]
    rows = reader.rows()
    if all(pair.family is not Family.OTHER for pair in reader.key):
        # Equal keys have equal hashes, whatever their types and however they print.
        hashed = sql.SQL("hash_record_extended(ROW({}), hashtextextended({}, 0))").format(
            join(keys, ", "), sql.Placeholder()
        )
    else:
        texts = join([sql.SQL("{}::text").format(key) for key in keys], ", ")
        hashed = sql.SQL(
            "hashtextextended(jsonb_build_array({})::text, hashtextextended({}, 0))"
        ).format(texts, sql.Placeholder())
    text = sql.SQL("SELECT * FROM ({rows}) r WHERE {hashed} %% {p} = 0 ORDER BY {order}").format(
        rows=rows.text, hashed=hashed, p=sql.Placeholder(), order=_order(reader)
    )
    return Part(text, (*rows.values, seed, one_in))


def member(reader: Reader, wanted: Sequence[tuple[Any, ...]], types: Sequence[str]) -> Part:
    """Rows of one side with the given keys, each found by an index where there is one."""
    size = len(reader.key)
    one = sql.SQL("({})").format(join([_cast(types[place]) for place in range(size)], ", "))
    keys = [name(f"k{place}") for place in range(size)]
    rows = reader.rows()
    text = sql.SQL(
        "SELECT r.* FROM (SELECT DISTINCT * FROM (VALUES {wanted}) v({keys})) w "
        "JOIN ({rows}) r ON {on}"
    ).format(
        wanted=join([one] * len(wanted), ", "),
        keys=join(keys, ", "),
        rows=rows.text,
        on=join([sql.SQL("r.{k} = w.{k}").format(k=key) for key in keys], " AND "),
    )
    return Part(text, tuple(value for key in wanted for value in key) + rows.values)


def recent(reader: Reader, limit: int) -> Part:
    """The newest rows of one side, by its time column where it has one."""
    rows = reader.rows()
    order = _order(reader)
    names = [pair.name for pair in (*reader.key, *reader.columns)]
    if reader.dataset.time in names:
        place = names.index(reader.dataset.time)
        order = sql.SQL("{} DESC, {}").format(words(str(place + 1)), order)
    text = sql.SQL("{} ORDER BY {} LIMIT {}").format(rows.text, order, sql.Placeholder())
    return Part(text, (*rows.values, limit))


def _order(reader: Reader) -> sql.Composed:
    """By the key: the same order whatever lies where in the table."""
    return join([words(str(place + 1)) for place in range(len(reader.key))], ", ")
