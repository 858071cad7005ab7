"""Pairing both sides' rows: piece by piece along the keys' indexes, or whole tables."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from psycopg import sql

from parity.diff.columns import Compared, Family
from parity.diff.pieces import Bound, Shape
from parity.diff.queries.part import Part, join, key_names, name, words
from parity.diff.queries.sides import Reader

__all__ = ["columns_of", "doubled", "irregular", "piecewise", "regular", "whole"]


def fixed(reader: Reader) -> set[str]:
    """Key columns that `where` fixes to one value."""
    return {column for column, wanted in reader.dataset.where if len(wanted) == 1}


def joining(reader: Reader, shape: Shape = ()) -> list[int]:
    """The places of the key columns to join on: all but those with one value.

    Such a column is equal on both sides anyway, and with it in the condition PostgreSQL finds no
    merge join: it takes a column with a constant out of the sort order.
    """
    alone = {bound.place for bound in shape if bound.operator == "="}
    # Equal to one value in its own type is not always equal in the form that compares.
    gone = {
        pair.name
        for pair in reader.key
        if pair.legacy.base == pair.candidate.base
        and pair.legacy.base not in ("citext", "bpchar")
        and not (pair.legacy.loose or pair.candidate.loose)
    } & fixed(reader)
    free = [
        place
        for place, pair in enumerate(reader.key)
        if pair.name not in gone and place not in alone
    ]
    return free or [place for place in range(len(reader.key)) if place not in alone] or [0]


def _differ(legacy: Reader) -> Part:
    """The test that a pair may differ, which never misses a difference.

    What the database cannot judge it passes on. Most rows are equal in every column, so that is
    asked first, in the cheapest way.
    """
    present = _present(legacy)
    here = words(f"x.k{present} IS NULL OR y.k{present} IS NULL")
    tests: list[Part] = [Part(here)]
    equal: list[sql.Composable] = []
    for place, pair in enumerate(legacy.columns):
        left, right = name("x", f"c{place}"), name("y", f"c{place}")
        equal.append(sql.SQL("{} = {}").format(left, right))
        tests.append(_may_differ(pair, left, right))
    values = tuple(value for test in tests for value in test.values)
    any_of = join([test.text for test in tests], " OR ")
    if not equal:
        return Part(sql.SQL("({})").format(any_of), values)
    text = sql.SQL("({}) IS NOT TRUE AND ({})").format(join(equal, " AND "), any_of)
    return Part(text, values)


def _present(reader: Reader) -> int:
    """The place of a key column that tells whether a side has the row: none is NULL there."""
    return joining(reader)[0]


def _items(legacy: Reader, candidate: Reader) -> list[sql.Composable]:
    """Has legacy, has candidate, keys, legacy values, candidate values."""
    size = len(legacy.key)
    place = _present(legacy)
    keys = [
        sql.SQL("COALESCE({}, {})").format(left, right)
        for left, right in zip(key_names("x", size), key_names("y", size), strict=True)
    ]
    return [
        words(f"x.k{place} IS NOT NULL"),
        words(f"y.k{place} IS NOT NULL"),
        *keys,
        *legacy.names("x")[size:],
        *candidate.names("y")[size:],
    ]


def columns_of(legacy: Reader, candidate: Reader) -> Part:
    """No rows, but with the types of all columns that a differing row has after its two flags."""
    left, right = legacy.rows(), candidate.rows()
    text = sql.SQL("SELECT {} FROM ({}) x, ({}) y LIMIT 0").format(
        join(_items(legacy, candidate)[2:], ", "), left.text, right.text
    )
    return Part(text, left.values + right.values)


def _bound(reader: Reader, bound: Bound, column: str) -> Part:
    pair = reader.key[bound.place]
    operator = sql.SQL(bound.operator)  # one of four, see Bound
    return Part(sql.SQL("{} {} {}").format(reader.value(pair), operator, name("s", column)))


def piecewise(
    legacy: Reader,
    candidate: Reader,
    shape: Shape,
    pieces: Sequence[Sequence[str]],
    types: Sequence[str],
) -> Part:
    """Compares pieces of the key space, each by a merge join along the keys' indexes.

    One row a piece at least: its place in `pieces`, how many keys it has on either side, and the
    columns of a row that may differ (has legacy is NULL where the piece has none). The join is
    aggregated so that rows are counted and picked in one pass. Ordered by piece, then key.

    Args:
        legacy: one side, without NULL or doubled keys.
        candidate: the other.
        shape: what bounds a piece.
        pieces: for each piece the bounds' values, as text.
        types: the types of all columns of `columns_of`.
    """
    bounds = [f"b{place}" for place in range(len(shape))]
    left = legacy.rows(*(_bound(legacy, b, n) for b, n in zip(shape, bounds, strict=True)))
    right = candidate.rows(*(_bound(candidate, b, n) for b, n in zip(shape, bounds, strict=True)))
    differ = _differ(legacy)
    columns = ["l", "c", *(f"v{place}" for place in range(len(types)))]
    declared = [
        sql.SQL("{} {}").format(name(column), words(kind.replace("%", "%%")))
        for column, kind in zip(columns, ["boolean", "boolean", *types], strict=True)
    ]
    arrays = [
        sql.SQL("{}::text[]::{}[]").format(
            sql.Placeholder(), words(types[bound.place].replace("%", "%%"))
        )
        for bound in shape
    ]
    numbers = sql.SQL("{}::int[]").format(sql.Placeholder())
    text = sql.SQL(
        "SELECT s.piece, j.n, {picked} "
        "FROM unnest({arrays}) s({names}), LATERAL (SELECT count(*) n, "
        "array_agg(ROW({items})) FILTER (WHERE {differ}) d "
        "FROM ({left}) x FULL JOIN ({right}) y ON {on}) j "
        "LEFT JOIN LATERAL unnest(j.d) AS u({declared}) ON TRUE ORDER BY s.piece, {order}"
    ).format(
        picked=join([name("u", column) for column in columns], ", "),
        arrays=join([numbers, *arrays], ", "),
        names=join([name("piece"), *map(name, bounds)], ", "),
        items=join(_items(legacy, candidate), ", "),
        differ=differ.text,
        left=left.text,
        right=right.text,
        on=_on(legacy, shape),
        declared=join(declared, ", "),
        order=join([name("u", f"v{place}") for place in range(len(legacy.key))], ", "),
    )
    values: list[Any] = [list(range(len(pieces)))]
    values += [[piece[place] for piece in pieces] for place in range(len(shape))]
    return Part(text, (*values, *differ.values, *left.values, *right.values))


def _on(reader: Reader, shape: Shape = ()) -> sql.Composed:
    return join(
        [sql.SQL("{} = {}").format(name("x", f"k{place}"), name("y", f"k{place}"))
         for place in joining(reader, shape)],
        " AND ",
    )  # fmt: skip


def whole(legacy: Reader, candidate: Reader) -> Part:
    """Rows of whole tables that may differ, in key order; the join is the planner's choice.

    Columns: has legacy, has candidate, keys, legacy values, candidate values. Neither side may
    have NULL or doubled keys.
    """
    return _joined(legacy, candidate, Part(words("")), legacy.rows(), candidate.rows())


def _joined(legacy: Reader, candidate: Reader, head: Part, left: Part, right: Part) -> Part:
    differ = _differ(legacy)
    size = len(legacy.key)
    text = sql.SQL(
        "{head} SELECT {items} FROM ({left}) x FULL JOIN ({right}) y ON {on} "
        "WHERE {differ} ORDER BY {order}"
    ).format(
        head=head.text,
        items=join(_items(legacy, candidate), ", "),
        left=left.text,
        right=right.text,
        on=_on(legacy),
        differ=differ.text,
        order=join([sql.SQL(str(place + 3)) for place in range(size)], ", "),
    )
    return Part(text, head.values + left.values + right.values + differ.values)


def doubled(reader: Reader) -> Part:
    """A row if any key of one side is NULL in part, or there twice."""
    rows = reader.rows()
    keys = [name(f"k{place}") for place in range(len(reader.key))]
    a_null = join([sql.SQL("{} IS NULL").format(key) for key in keys], " OR ")
    text = sql.SQL(
        "SELECT 1 FROM ({rows}) r GROUP BY {keys} HAVING count(*) > 1 OR bool_or({a_null}) LIMIT 1"
    ).format(rows=rows.text, keys=join(keys, ", "), a_null=a_null)
    return Part(text, rows.values)


def _with(legacy: Reader, candidate: Reader) -> Part:
    left, right = legacy.rows(), candidate.rows()
    keys = join([name(f"k{place}") for place in range(len(legacy.key))], ", ")
    text = sql.SQL(
        "WITH l AS MATERIALIZED ({left}), c AS MATERIALIZED ({right}), "
        "doubled AS (SELECT {k} FROM l GROUP BY {k} HAVING count(*) > 1 "
        "UNION SELECT {k} FROM c GROUP BY {k} HAVING count(*) > 1)"
    ).format(left=left.text, right=right.text, k=keys)
    return Part(text, left.values + right.values)


def _alone(reader: Reader, side: str) -> Part:
    """The side's rows that can be paired: no NULL in the key, the key once on each side."""
    keys = [name(f"k{place}") for place in range(len(reader.key))]
    no_null = join([sql.SQL("{} IS NOT NULL").format(key) for key in keys], " AND ")
    same = join([sql.SQL("d.{k} = {s}.{k}").format(k=key, s=name(side)) for key in keys], " AND ")
    text = sql.SQL(
        "SELECT * FROM {side} WHERE {no_null} AND NOT EXISTS (SELECT FROM doubled d WHERE {same})"
    ).format(side=name(side), no_null=no_null, same=same)
    return Part(text)


def regular(legacy: Reader, candidate: Reader) -> Part:
    """As `whole`, after taking out the rows that `irregular` reports."""
    head = _with(legacy, candidate)
    return _joined(legacy, candidate, head, _alone(legacy, "l"), _alone(candidate, "c"))


def irregular(legacy: Reader, candidate: Reader) -> Part:
    """Rows that cannot be paired: side ('l' or 'c'), has a NULL in its key, keys, values."""
    head = _with(legacy, candidate)
    keys = [name(f"k{place}") for place in range(len(legacy.key))]
    a_null = join([sql.SQL("{} IS NULL").format(key) for key in keys], " OR ")
    columns = [*keys, *(name(f"c{place}") for place in range(len(legacy.columns)))]
    same = join([sql.SQL("d.{k} = s.{k}").format(k=key) for key in keys], " AND ")
    halves = [
        sql.SQL(
            "SELECT {tag}::text AS side, ({a_null}) AS a_null, {columns} FROM {side} s "
            "WHERE {a_null} OR EXISTS (SELECT FROM doubled d WHERE {same})"
        ).format(
            tag=sql.Literal(side),
            a_null=a_null,
            columns=join(columns, ", "),
            side=name(side),
            same=same,
        )
        for side in ("l", "c")
    ]
    order = join([sql.SQL(str(place)) for place in range(3, 3 + len(columns))], ", ")
    return Part(
        sql.SQL("{} SELECT * FROM ({}) u ORDER BY {}, 1").format(
            head.text, join(halves, " UNION ALL "), order
        ),
        head.values,
    )


def _may_differ(pair: Compared, left: sql.Composable, right: sql.Composable) -> Part:
    names = {"l": left, "c": right}
    distinct = sql.SQL("{l} IS DISTINCT FROM {c}").format(**names)
    if pair.tolerance.exact:
        return Part(distinct)
    close = _near(pair, names) if pair.tolerance.within else _close(pair, names)
    text = sql.SQL("({d} AND ({l} IS NULL OR {c} IS NULL OR NOT {close}))").format(
        **names, d=distinct, close=close.text
    )
    return Part(text, close.values)


def _near(pair: Compared, names: dict[str, sql.Composable]) -> Part:
    """Two dates or times within a duration of each other.

    Infinities and years that Python cannot hold in every zone are passed on to `equality`.
    """
    kind = sql.SQL("timestamptz" if pair.family is Family.INSTANT else "timestamp")
    text = sql.SQL(
        "CASE WHEN LEAST({l}, {c}) >= '0002-01-01' AND GREATEST({l}, {c}) < '9999-01-01' "
        "THEN GREATEST({l}, {c})::{k} - LEAST({l}, {c})::{k} <= %s ELSE FALSE END"
    ).format(**names, k=kind)
    return Part(text, (pair.tolerance.within,))


def _close(pair: Compared, names: dict[str, sql.Composable]) -> Part:
    """Two numbers within tolerance."""
    largest = sql.SQL("GREATEST(abs({l}), abs({c}))").format(**_cast(names, pair))
    if pair.family is Family.DOUBLE:
        # Outside these bounds double arithmetic in PostgreSQL raises over- and underflow errors;
        # NaN and infinities lie outside too. Such rows are judged by `equality`.
        kind, low, high = sql.SQL("float8"), "1e-200", "1e150"
    else:
        kind, low, high = sql.SQL("numeric"), "0", "1e1000"
    text = sql.SQL(
        "CASE WHEN {g} >= {low}::{k} AND {g} < {high}::{k} "
        "THEN abs({c} - {l}) <= GREATEST(%s::{k}, %s::{k} * {g}) ELSE FALSE END"
    ).format(**_cast(names, pair), g=largest, k=kind, low=sql.Literal(low), high=sql.Literal(high))
    # No two numbers are further apart than twice the larger; and a product that is too small for a
    # double is an error in PostgreSQL, so `equality` judges such tolerances.
    relative = min(pair.tolerance.rel, Decimal(2))
    if pair.family is Family.DOUBLE and relative < Decimal("1e-100"):
        relative = Decimal(0)
    return Part(text, (_number(pair.tolerance.abs), _number(relative)))


def _cast(names: dict[str, sql.Composable], pair: Compared) -> dict[str, sql.Composable]:
    if pair.family is Family.DOUBLE:
        return names
    # Integers overflow where numeric does not.
    return {key: sql.SQL("{}::numeric").format(item) for key, item in names.items()}


def _number(value: Decimal) -> str:
    return format(value, "f")
