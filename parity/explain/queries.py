"""The SQL with which rules read rows, as numbers of fixed width."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import sql

from parity.diff.columns import Compared
from parity.diff.queries.part import Part, join, name
from parity.diff.queries.sides import Reader

__all__ = ["dates", "days_of", "extents_of", "rows_of", "temporal"]

_NEVER = "'-9223372036854775808'::int8"


def _wanted(reader: Reader, series: Sequence[Compared], values: Sequence[tuple[Any, ...]]) -> Part:
    """The rows of some series: a FROM item `r` joined with `s`, which has each series' code."""
    tests = []
    first = series[0].column(reader.side) if series else None
    if first is not None and first.base in ("text", "varchar"):
        # The bare column: its own index then finds the rows.
        wanted = sorted({str(value[0]) for value in values})
        tests.append(
            Part(
                sql.SQL("{} = ANY({}::text[])").format(name(first.name), sql.Placeholder()),
                (wanted,),
            )
        )
    rows = reader.rows(*tests)
    if not series:
        text = sql.SQL("(SELECT 0::int8 AS code, r.* FROM ({}) r) r").format(rows.text)
        return Part(text, rows.values)
    keys = [place for place, pair in enumerate(reader.key) if pair in series]
    columns = [
        sql.SQL("{}::text[]").format(sql.Placeholder()) for _ in series
    ]  # one array a key column
    labels = join([name(f"v{number}") for number in range(len(series))], ", ")
    on = join(
        [
            sql.SQL('{}::text COLLATE "C" = {} COLLATE "C"').format(
                name("r", f"k{place}"), name("s", f"v{number}")
            )
            for number, place in enumerate(keys)
        ],
        " AND ",
    )
    text = sql.SQL(
        "(SELECT s.code - 1 AS code, r.* FROM ({}) r "
        "JOIN unnest({}) WITH ORDINALITY s({}, code) ON {}) r"
    ).format(rows.text, join(columns, ", "), labels, on)
    arrays = tuple([str(value[number]) for value in values] for number in range(len(series)))
    return Part(text, rows.values + arrays)


def _time(reader: Reader, place: int | None) -> sql.Composable:
    """Microseconds since 1970 (UTC) of a key column; the smallest integer where there is none."""
    if place is None:
        return sql.SQL(_NEVER)
    column = name("r", f"k{place}")
    if dates(reader.key[place]):
        number = sql.SQL("({} - DATE '1970-01-01')::int8 * 86400000000").format(column)
    else:
        number = sql.SQL("(extract(epoch FROM {}) * 1000000)::int8").format(column)
    return sql.SQL("CASE WHEN isfinite({}) THEN {} ELSE {} END").format(
        column, number, sql.SQL(_NEVER)
    )


def rows_of(
    reader: Reader,
    series: Sequence[Compared],
    values: Sequence[tuple[Any, ...]],
    time: int | None,
    numbers: Sequence[int],
    texts: Sequence[int],
) -> Part:
    """SELECT of code and time (int8), null masks (int8 for 62 numbers each), numbers (float8),
    then the other columns as they are.

    Args:
        reader: the side.
        series: the key columns that tell series apart.
        values: of each series; its place is its code.
        time: the place of the time in the key.
        numbers: places of the numbers among the compared columns.
        texts: places of the others.
    """
    wanted = _wanted(reader, series, values)
    items: list[sql.Composable] = [
        sql.SQL("r.code::int8"),
        _time(reader, time),
    ]
    for start in range(0, len(numbers), 62):
        bits = [
            sql.SQL("(CASE WHEN {} IS NULL THEN {} ELSE 0 END)::int8").format(
                name("r", f"c{place}"), sql.Literal(1 << bit)
            )
            for bit, place in enumerate(numbers[start : start + 62])
        ]
        items.append(join(bits, " | "))
    items += [
        sql.SQL("COALESCE({}::float8, 'NaN')").format(name("r", f"c{place}")) for place in numbers
    ]
    items += [name("r", f"c{place}") for place in texts]
    text = sql.SQL("SELECT {} FROM {}").format(join(items, ", "), wanted.text)
    return Part(text, wanted.values)


def copied(part: Part) -> sql.Composed:
    """The query's rows as binary COPY."""
    return sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(part.text)


def extents_of(
    reader: Reader,
    series: Sequence[Compared],
    values: Sequence[tuple[Any, ...]],
    time: int | None,
) -> Part:
    """SELECT of code, number of rows, first and last time of each series that has rows."""
    wanted = _wanted(reader, series, values)
    moment = _time(reader, time)
    text = sql.SQL(
        "SELECT r.code::int8, count(*)::int8, min({m})::int8, max({m})::int8 FROM {w} "
        "GROUP BY r.code"
    ).format(m=moment, w=wanted.text)
    return Part(text, wanted.values)


def days_of(reader: Reader, time: int, zone: str) -> Part:
    """SELECT of the days (since 1970, in a time zone) on which the side has any row."""
    column = name("r", f"k{time}")
    rows = reader.rows()
    values: tuple[Any, ...] = rows.values
    if dates(reader.key[time]):
        text = sql.SQL(
            "SELECT DISTINCT ({} - DATE '1970-01-01')::int8 FROM ({}) r WHERE isfinite({})"
        ).format(column, rows.text, column)
    else:
        values = (zone, *rows.values)
        text = sql.SQL(
            "SELECT DISTINCT (({} AT TIME ZONE {})::date - DATE '1970-01-01')::int8 "
            "FROM ({}) r WHERE isfinite({})"
        ).format(column, sql.Placeholder(), rows.text, column)
    return Part(text, values)


def temporal(pair: Compared) -> bool:
    """True for a date or time that both sides can be read as."""
    return {pair.legacy.base, pair.candidate.base} <= {"date", "timestamp", "timestamptz"}


def dates(pair: Compared) -> bool:
    """True where both sides hold dates."""
    return {pair.legacy.base, pair.candidate.base} == {"date"}
