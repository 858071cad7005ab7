"""All SQL of the benchmarks: tables, their rows, the scan floor and the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import sql

from benchmarks.tables import Column, Shape

__all__ = ["Filling", "Query"]

Query = sql.Composed

LEGACY, CANDIDATE = "legacy", "candidate"
MILLION = 1_000_000
RELATIVE = 1e-9  # the tolerance of every comparison
NOISE = 1e-12  # relative, well within it


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """Which rows a statement makes, and how the sides differ. Shares are rows in a million.

    Every row draws a number below a million from a hash of its key. The lowest `share` draws are
    changed by one per cent on the candidate side, the next are missing on the legacy side, the
    next on the candidate side, and the next `noise` carry noise within tolerance. So the same
    arguments make the same tables on any machine.
    """

    symbols: int
    first: int = 0
    hours: int
    share: int = 0
    noise: int = 0
    by_time: bool = False


SCHEMAS = (
    "CREATE SCHEMA IF NOT EXISTS legacy",
    "CREATE SCHEMA IF NOT EXISTS candidate",
    "CREATE TABLE IF NOT EXISTS public.loaded (name text PRIMARY KEY, made_from text NOT NULL, "
    "outside bigint, unequal bigint, legacy bigint, candidate bigint)",
)
LOADED = "SELECT outside, unequal, legacy, candidate FROM loaded WHERE name = %s AND made_from = %s"
NOTE_LOADED = (
    "INSERT INTO loaded VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (name) DO UPDATE SET "
    "made_from = excluded.made_from, outside = excluded.outside, unequal = excluded.unequal, "
    "legacy = excluded.legacy, candidate = excluded.candidate"
)
FORGET = "DELETE FROM loaded WHERE name = %s"
SETTING = "SELECT current_setting(%s)"
VERSION = "SELECT current_setting('server_version')"
JIT = "SELECT pg_jit_available() AND current_setting('jit')::bool"
SERIAL = "SET max_parallel_workers_per_gather = 0"


def table(side: str, name: str) -> sql.Identifier:
    """A table of a side."""
    return sql.Identifier(side, name)


def names(columns: Sequence[Column], of: str | None = None) -> sql.Composed:
    """Column names with commas between them, of an alias if one is given."""
    return sql.SQL(", ").join(
        sql.Identifier(of, column.name) if of else sql.Identifier(column.name) for column in columns
    )


def set_system(name: str, value: str) -> sql.Composed:
    """A setting of the whole server; some need a restart."""
    return sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value))


def drop(side: str, name: str) -> sql.Composed:
    """Drops a table where it is there."""
    return sql.SQL("DROP TABLE IF EXISTS {}").format(table(side, name))


def create(shape: Shape, side: str, name: str) -> sql.Composed:
    """Creates a table without an index."""
    columns = sql.SQL(", ").join(
        sql.SQL("{} " + column.type + " NOT NULL").format(sql.Identifier(column.name))
        for column in shape.columns
    )
    return sql.SQL("CREATE TABLE {} ({})").format(table(side, name), columns)


def add_key(shape: Shape, side: str, name: str) -> sql.Composed:
    """The primary key."""
    return sql.SQL("ALTER TABLE {} ADD PRIMARY KEY ({})").format(
        table(side, name), names(shape.key)
    )


def vacuum(side: str, name: str) -> sql.Composed:
    """Statistics and the visibility map, as a table at rest has them."""
    return sql.SQL("VACUUM (ANALYZE) {}").format(table(side, name))


def fill(shape: Shape, side: str, name: str, filling: Filling) -> sql.Composed:
    """Inserts rows in the order of one series: by key, or by time."""
    values = [
        sql.SQL(column.value) if column in shape.key else _value(shape, column, side, filling)
        for column in shape.columns
    ]
    lowest = filling.share if side == LEGACY else 2 * filling.share
    return sql.SQL(
        """INSERT INTO {table} ({names})
        SELECT {values} FROM (
            SELECT s, h, 50 + ((s * 31 + h * 17) % 1000) / 10.0::float8 + sin(h) * 5 AS p,
                (hashint8extended(s * 1000000 + h, 7) & 9223372036854775807) % 1000000 AS draw
            FROM (SELECT {s} AS s, {first} + {h} AS h
                FROM generate_series(0::bigint, {rows} - 1) g) i
        ) q WHERE NOT (draw >= {lowest} AND draw < {highest})"""
    ).format(
        table=table(side, name),
        names=names(shape.columns),
        values=sql.SQL(", ").join(values),
        s=sql.SQL("1 + g % {n}" if filling.by_time else "1 + g / {n}").format(
            n=sql.Literal(filling.symbols if filling.by_time else filling.hours)
        ),
        h=sql.SQL("g / {n}" if filling.by_time else "g % {n}").format(
            n=sql.Literal(filling.symbols if filling.by_time else filling.hours)
        ),
        first=sql.Literal(filling.first),
        rows=sql.Literal(filling.symbols * filling.hours),
        lowest=sql.Literal(lowest),
        highest=sql.Literal(lowest + filling.share),
    )


def _value(shape: Shape, column: Column, side: str, filling: Filling) -> sql.Composable:
    value = sql.SQL("(" + column.value + ")")
    if side == LEGACY or column.name not in (shape.changed, shape.noisy):
        return value
    branches: list[sql.Composable] = []
    if column.name == shape.changed:
        branches.append(
            sql.SQL("WHEN draw < {} THEN {} * 1.01").format(sql.Literal(filling.share), value)
        )
    if column.name == shape.noisy:
        low = 3 * filling.share
        branches.append(
            sql.SQL("WHEN draw >= {} AND draw < {} THEN {} * (1 + {}::float8)").format(
                sql.Literal(low), sql.Literal(low + filling.noise), value, sql.Literal(NOISE)
            )
        )
    return sql.SQL("CASE {} ELSE {} END").format(sql.SQL(" ").join(branches), value)


def stamp(side: str, name: str, written: datetime) -> tuple[sql.Composed, ...]:
    """An indexed column that says when a row was written; the rows that are there, at `written`."""
    where = table(side, name)
    add = sql.SQL("ALTER TABLE {} ADD COLUMN written timestamptz NOT NULL DEFAULT {}")
    index = sql.SQL("CREATE INDEX ON {} (written)")
    return add.format(where, sql.Literal(written)), index.format(where)


def upsert(
    shape: Shape, side: str, name: str, filling: Filling, written: datetime
) -> tuple[sql.Composed, ...]:
    """Writes rows over those that are there, by way of a staging table, stamped `written`."""
    staged = f"{name}_staged"
    others = sql.SQL(", ").join(
        sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column.name)) for column in shape.values
    )
    move = sql.SQL(
        "INSERT INTO {table} ({names}, written) SELECT {names}, {written}::timestamptz "
        "FROM {staged} ON CONFLICT ({key}) DO UPDATE SET {others}, written = excluded.written"
    ).format(
        table=table(side, name),
        names=names(shape.columns),
        written=sql.Literal(written),
        staged=table(side, staged),
        key=names(shape.key),
        others=others,
    )
    return (
        drop(side, staged),
        create(shape, side, staged),
        fill(shape, side, staged, filling),
        move,
        drop(side, staged),
    )


def plain(name: str) -> str:
    """The name of a table's copy with a number in place of a timestamp."""
    return f"{name}_plain"


def make_plain(shape: Shape, side: str, name: str) -> tuple[sql.Composed, ...]:
    """A copy of a table whose timestamp is the bigint of its seconds, with the same key."""
    copy = plain(name)
    made = sql.SQL("CREATE TABLE {} AS SELECT {} FROM {}").format(
        table(side, copy), names(shape.columns), table(side, name)
    )
    retyped = sql.SQL(
        "ALTER TABLE {} ALTER COLUMN timestamp TYPE bigint USING extract(epoch FROM timestamp)"
    ).format(table(side, copy))
    return drop(side, copy), made, retyped, add_key(shape, side, copy)


def floor(shape: Shape, side: str, name: str) -> sql.Composed:
    """Reads every numeric value of a table once and does the least with it."""
    sums = [sql.SQL("sum({})").format(sql.Identifier(column.name)) for column in shape.values]
    return sql.SQL("SELECT count(*), {} FROM {}").format(
        sql.SQL(", ").join(sums), table(side, name)
    )


def _joined(shape: Shape, name: str) -> sql.Composed:
    on = sql.SQL(" AND ").join(
        sql.SQL("{} = {}").format(
            sql.Identifier("x", column.name), sql.Identifier("y", column.name)
        )
        for column in shape.key
    )
    return sql.SQL("{} x FULL JOIN {} y ON {}").format(
        table(LEGACY, name), table(CANDIDATE, name), on
    )


def _one_sided(shape: Shape) -> sql.Composed:
    first = shape.key[0].name
    return sql.SQL("{} IS NULL OR {} IS NULL").format(
        sql.Identifier("x", first), sql.Identifier("y", first)
    )


def _unequal(shape: Shape) -> sql.Composed:
    return sql.SQL(" OR ").join(
        sql.SQL("{} IS DISTINCT FROM {}").format(
            sql.Identifier("x", column.name), sql.Identifier("y", column.name)
        )
        for column in shape.values
    )


def _outside(shape: Shape) -> sql.Composed:
    """True where a value is outside the tolerance. The tables hold no NULL and no NaN."""
    return sql.SQL(" OR ").join(
        sql.SQL("abs({x} - {y}) > {relative}::float8 * greatest(abs({x}), abs({y}))").format(
            x=sql.Identifier("x", column.name),
            y=sql.Identifier("y", column.name),
            relative=sql.Literal(RELATIVE),
        )
        for column in shape.values
    )


def truth(shape: Shape, name: str) -> sql.Composed:
    """Rows outside tolerance, rows not exactly equal, rows of each side."""
    return sql.SQL(
        "SELECT count(*) FILTER (WHERE {one} OR {outside}), "
        "count(*) FILTER (WHERE {one} OR {unequal}), count({x}), count({y}) FROM {joined}"
    ).format(
        one=_one_sided(shape),
        outside=_outside(shape),
        unequal=_unequal(shape),
        x=sql.Identifier("x", shape.key[0].name),
        y=sql.Identifier("y", shape.key[0].name),
        joined=_joined(shape, name),
    )


def full_join(shape: Shape, name: str) -> sql.Composed:
    """What a person would write by hand: the differing rows, planned as PostgreSQL likes it."""
    return sql.SQL(
        "COPY (SELECT {key}, x.*, y.* FROM {joined} WHERE {one} OR {outside}) TO STDOUT"
    ).format(
        key=sql.SQL(", ").join(
            sql.SQL("coalesce({}, {})").format(
                sql.Identifier("x", column.name), sql.Identifier("y", column.name)
            )
            for column in shape.key
        ),
        joined=_joined(shape, name),
        one=_one_sided(shape),
        outside=_outside(shape),
    )


# What is done to candidate's bars in `benchmarks.causes`, as an UPDATE of table c.
SPLIT = (
    "open = round(open / 2, 4), high = round(high / 2, 4), low = round(low / 2, 4), "
    "close = round(close / 2, 4), volume = volume * 2"
)
CENTS = "open = round(open, 2), high = round(high, 2), low = round(low, 2), close = round(close, 2)"
SPLIT_CENTS = (
    "open = round(open / 2, 2), high = round(high / 2, 2), low = round(low / 2, 2), "
    "close = round(close / 2, 2), volume = volume * 2"
)
EDITS = "close = round((close * (1.05 + random()::numeric)), 4)"


def causes_tables(sessions: int, symbols: int, change: str) -> list[Query]:
    """Two tables of synthetic bars, one row a weekday, and the change to candidate's."""
    out: list[Query] = [sql.SQL("SELECT setseed({})").format(sql.Literal(0.5))]
    for side in ("old", "new"):
        out.append(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(side)))
        out.append(
            sql.SQL(
                "CREATE TABLE {}.causes (symbol text, timestamp timestamptz, "
                "open numeric(15,4), high numeric(15,4), low numeric(15,4), close numeric(15,4), "
                "volume bigint, PRIMARY KEY (symbol, timestamp))"
            ).format(sql.Identifier(side))
        )
    out.append(
        sql.SQL(
            "INSERT INTO old.causes SELECT 'S' || lpad(s::text, 3, '0'), "
            "'2010-01-04 05:00Z'::timestamptz + (d / 5 * 7 + d % 5) * interval '1 day', "
            "p + (d % 7) * 0.0711, p + (d % 7) * 0.0711 + 1.2345, p - 1.0293, "
            "p + (d % 5) * 0.0937, 100000 + (s * 7919 + d * 104729) % 900000 "
            "FROM generate_series(1, {}) s, generate_series(0, {}) d, "
            "LATERAL (SELECT 50 + s + ((s * 31 + d * 17) % 1000) * 0.0173 p) q"
        ).format(sql.Literal(symbols), sql.Literal(sessions - 1))
    )
    out.append(
        sql.SQL("INSERT INTO {}.causes SELECT * FROM old.causes").format(sql.Identifier("new"))
    )
    if change:
        out.append(sql.SQL("UPDATE new.causes SET ") + sql.SQL(change))
    for side in ("old", "new"):
        out.append(sql.SQL("ANALYZE {}.causes").format(sql.Identifier(side)))
    return out
