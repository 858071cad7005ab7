"""SQL of the comparison. Identifiers are quoted by psycopg, values are bound, never pasted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from psycopg import sql

from parity.diff.columns import Column, Compared, Family
from parity.model.suite import Dataset
from parity.model.verdict import Side

__all__ = [
    "COLUMNS",
    "MERGE_SETTINGS",
    "UNIQUE_KEYS",
    "Part",
    "differing",
    "irregular",
    "member",
    "recent",
    "sampled",
]

# Local to the transaction: steers the planner to a merge join along the keys' indexes, the
# fastest way measured; without such indexes it still sorts, which is slower and as right.
MERGE_SETTINGS = sql.SQL(
    "SET LOCAL enable_hashjoin = off; SET LOCAL max_parallel_workers_per_gather = 0; "
    "SET LOCAL extra_float_digits = 1; "
    # A policy that hides rows must be an error, not a pass.
    "SET LOCAL row_security = off"
)

COLUMNS = sql.SQL(
    "SELECT a.attname, format_type(a.atttypid, a.atttypmod), t.typname, a.attnotnull "
    "FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid "
    "JOIN pg_namespace n ON n.oid = r.relnamespace JOIN pg_type t ON t.oid = a.atttypid "
    "WHERE n.nspname = %s AND r.relname = %s AND r.relkind IN ('r', 'p', 'v', 'm', 'f') "
    "AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
)

# The column sets of valid unique indexes on plain columns over all rows.
UNIQUE_KEYS = sql.SQL(
    "SELECT array_agg(a.attname::text) FROM pg_index i "
    "JOIN pg_class r ON r.oid = i.indrelid JOIN pg_namespace n ON n.oid = r.relnamespace "
    "JOIN unnest(i.indkey::int[]) WITH ORDINALITY k(attnum, place) ON k.place <= i.indnkeyatts "
    "JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = k.attnum "
    "WHERE n.nspname = %s AND r.relname = %s AND i.indisunique AND i.indisvalid "
    # A parent's index does not cover the rows of tables that inherit from it.
    "AND (r.relkind = 'p' OR NOT r.relhassubclass) "
    "AND i.indpred IS NULL AND i.indexprs IS NULL GROUP BY i.indexrelid"
)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of SQL and the values bound to it, in order."""

    text: sql.Composed
    values: tuple[Any, ...] = ()


def _name(*parts: str) -> sql.Identifier:
    """A quoted identifier; psycopg reads a percent sign as a placeholder unless it is doubled."""
    return sql.Identifier(*(part.replace("%", "%%") for part in parts))


def _join(parts: Sequence[sql.Composable], by: str) -> sql.Composed:
    return sql.SQL(by).join(parts)


def _value(dataset: Dataset, pair: Compared, side: Side) -> sql.Composed:
    """The column in the form in which it compares, read from the bare table."""
    column = pair.column(side)
    name = _name(column.name)
    if pair.family is Family.DOUBLE and column.base != "float8":
        return sql.SQL("{}::float8").format(name)
    if pair.family is Family.NUMERIC and {pair.legacy.base, pair.candidate.base} != {column.base}:
        return sql.SQL("{}::numeric").format(name)
    if pair.family is Family.INSTANT and column.base == "timestamp":
        zone = sql.Literal(dataset.timezone)
        return sql.SQL("({} AT TIME ZONE {})").format(name, zone)
    if pair.family is Family.TEXT:
        return sql.SQL('{}::text COLLATE "C"').format(name)
    return sql.SQL("{}").format(name)


def _moment(dataset: Dataset, column: Column) -> sql.Composed:
    """A time column as a date or an instant."""
    name = _name(column.name)
    if column.base == "timestamp":
        zone = sql.Literal(dataset.timezone or "UTC")
        return sql.SQL("({} AT TIME ZONE {})").format(name, zone)
    return sql.SQL("{}").format(name)


def _midnight(column: Column, day: date, zone: tzinfo) -> date | datetime:
    """The first moment of a session's day, in the exchange's zone, for a time column."""
    return day if column.base == "date" else datetime.combine(day, time.min, zone)


def _filters(dataset: Dataset, side: Side, at: Column | None, zone: tzinfo) -> Part:
    rename = dict(dataset.rename)
    tests: list[sql.Composable] = [sql.SQL("TRUE")]
    values: list[Any] = []
    for name, wanted in dataset.where:
        column = _name(name if side is Side.LEGACY else rename.get(name, name))
        marks = _join([sql.Placeholder()] * len(wanted), ", ")
        tests.append(sql.SQL("{} IN ({})").format(column, marks))
        values.extend(wanted)
    if dataset.since is not None and at is not None:
        test = sql.SQL("({c} >= {p} OR {c} IS NULL)")  # a missing time must not hide a row
        tests.append(test.format(c=_moment(dataset, at), p=sql.Placeholder()))
        values.append(_midnight(at, dataset.since, zone))
    return Part(_join(tests, " AND "), tuple(values))


def _settled(dataset: Dataset, at: Column | None, as_of: datetime, zone: tzinfo) -> Part:
    if dataset.settle is None or at is None:
        return Part(sql.SQL("{}").format(sql.SQL("TRUE")))
    moment: date = as_of - dataset.settle
    if at.base == "date":
        moment = (as_of - dataset.settle).astimezone(zone).date()
    test = sql.SQL("({c} <= {p} OR {c} IS NULL)").format(
        c=_moment(dataset, at), p=sql.Placeholder()
    )
    return Part(test, (moment,))


@dataclass(frozen=True, slots=True)
class Reader:
    """One side of a dataset as a FROM item."""

    dataset: Dataset
    side: Side
    as_of: datetime
    key: tuple[Compared, ...]
    columns: tuple[Compared, ...]
    time: Column | None
    zone: tzinfo

    def _from(self) -> Part:
        relation = self.dataset.relation(self.side)
        filters = _filters(self.dataset, self.side, self.time, self.zone)
        settled = _settled(self.dataset, self.time, self.as_of, self.zone)
        text = sql.SQL("FROM {} WHERE {} AND {}").format(
            _name(relation.schema, relation.table), filters.text, settled.text
        )
        return Part(text, filters.values + settled.values)

    def names(self, prefix: str) -> list[sql.Composable]:
        """The names that `rows` gives its columns: k0, k1 … for the key, c0, c1 … after it."""
        out: list[sql.Composable] = []
        out += [_name(prefix, f"k{place}") for place in range(len(self.key))]
        out += [_name(prefix, f"c{place}") for place in range(len(self.columns))]
        return out

    def rows(self) -> Part:
        """SELECT of the key and compared columns in the form in which they compare."""
        items: list[sql.Composable] = []
        for letter, pairs in (("k", self.key), ("c", self.columns)):
            for place, pair in enumerate(pairs):
                items.append(
                    sql.SQL("{} AS {}").format(
                        _value(self.dataset, pair, self.side), _name(f"{letter}{place}")
                    )
                )
        rows = self._from()
        return Part(sql.SQL("SELECT {} {}").format(_join(items, ", "), rows.text), rows.values)

    def count(self, day: date | None) -> Part:
        """Rows settled, unsettled, and settled rows of a session's day (NULL without a time)."""
        relation = self.dataset.relation(self.side)
        filters = _filters(self.dataset, self.side, self.time, self.zone)
        settled = _settled(self.dataset, self.time, self.as_of, self.zone)
        of_day: sql.Composable = sql.SQL("NULL")
        bounds: tuple[Any, ...] = ()
        if day is not None and self.time is not None:
            of_day = sql.SQL("count(*) FILTER (WHERE {s} AND {c} >= {p} AND {c} < {p})").format(
                s=settled.text, c=_moment(self.dataset, self.time), p=sql.Placeholder()
            )
            bounds = (
                *settled.values,
                _midnight(self.time, day, self.zone),
                _midnight(self.time, day + timedelta(days=1), self.zone),
            )
        text = sql.SQL(
            "SELECT count(*) FILTER (WHERE {s}), count(*) FILTER (WHERE NOT {s}), {d} "
            "FROM {t} WHERE {f}"
        ).format(
            s=settled.text,
            d=of_day,
            t=_name(relation.schema, relation.table),
            f=filters.text,
        )
        return Part(text, settled.values * 2 + bounds + filters.values)


def _key_names(prefix: str, size: int) -> list[sql.Composable]:
    return [_name(prefix, f"k{place}") for place in range(size)]


def _regular(reader: Reader, name: str, ambiguous: bool) -> sql.Composed:
    """The side's rows that can be paired: no NULL in the key, the key once on each side."""
    if not ambiguous:
        return sql.SQL("SELECT * FROM {}").format(_name(name))
    keys = [_name(f"k{place}") for place in range(len(reader.key))]
    no_null = _join([sql.SQL("{} IS NOT NULL").format(key) for key in keys], " AND ")
    same = _join([sql.SQL("d.{k} = {s}.{k}").format(k=key, s=_name(name)) for key in keys], " AND ")
    return sql.SQL(
        "SELECT * FROM {side} WHERE {no_null} AND NOT EXISTS (SELECT FROM doubled d WHERE {same})"
    ).format(side=_name(name), no_null=no_null, same=same)


def _with(legacy: Reader, candidate: Reader, ambiguous: bool) -> Part:
    left, right = legacy.rows(), candidate.rows()
    inline = sql.SQL("MATERIALIZED" if ambiguous else "NOT MATERIALIZED")
    text = sql.SQL("WITH l AS {m} ({left}), c AS {m} ({right})").format(
        m=inline, left=left.text, right=right.text
    )
    if ambiguous:
        keys = _join([_name(f"k{place}") for place in range(len(legacy.key))], ", ")
        text = sql.SQL(
            "{head}, doubled AS (SELECT {k} FROM l GROUP BY {k} HAVING count(*) > 1 "
            "UNION SELECT {k} FROM c GROUP BY {k} HAVING count(*) > 1)"
        ).format(head=text, k=keys)
    return Part(text, left.values + right.values)


def differing(legacy: Reader, candidate: Reader, *, ambiguous: bool) -> Part:
    """Rows that may differ, in key order.

    Columns: has legacy, has candidate, keys, legacy values, candidate values.
    The test of the database never misses a difference; what it cannot judge it passes on.
    `ambiguous` takes out rows with a NULL or doubled key first, for `irregular` to report.
    """
    head = _with(legacy, candidate, ambiguous)
    size = len(legacy.key)
    left_keys, right_keys = _key_names("x", size), _key_names("y", size)
    keys = [
        sql.SQL("COALESCE({}, {})").format(a, b) for a, b in zip(left_keys, right_keys, strict=True)
    ]
    on = [
        sql.SQL("{} = {}").format(left_keys[place], right_keys[place]) for place in _joining(legacy)
    ]
    tests: list[sql.Composable] = [sql.SQL("x.here IS NULL"), sql.SQL("y.here IS NULL")]
    values: tuple[Any, ...] = ()
    for place, pair in enumerate(legacy.columns):
        test = _may_differ(pair, _name("x", f"c{place}"), _name("y", f"c{place}"))
        tests.append(test.text)
        values += test.values
    text = sql.SQL(
        "{head} SELECT x.here IS NOT NULL, y.here IS NOT NULL, {items} "
        "FROM (SELECT r.*, TRUE AS here FROM ({left}) r) x "
        "FULL JOIN (SELECT r.*, TRUE AS here FROM ({right}) r) y ON {on} "
        "WHERE {tests} ORDER BY {order}"
    ).format(
        head=head.text,
        items=_join([*keys, *legacy.names("x")[size:], *candidate.names("y")[size:]], ", "),
        left=_regular(legacy, "l", ambiguous),
        right=_regular(candidate, "c", ambiguous),
        on=_join(on, " AND "),
        tests=_join(tests, " OR "),
        order=_join(keys, ", "),
    )
    return Part(text, head.values + values)


def _joining(reader: Reader) -> list[int]:
    """The places of the key columns to join on: all but those that `where` fixes to one value.

    Such a column is equal on both sides anyway, and with it in the condition PostgreSQL finds no
    merge join: it takes a column with a constant out of the sort order.
    """
    fixed = {name for name, wanted in reader.dataset.where if len(wanted) == 1}
    free = [place for place, pair in enumerate(reader.key) if pair.name not in fixed]
    return free or list(range(len(reader.key)))


def _may_differ(pair: Compared, left: sql.Composable, right: sql.Composable) -> Part:
    names = {"l": left, "c": right}
    distinct = sql.SQL("{l} IS DISTINCT FROM {c}").format(**names)
    if pair.tolerance.exact:
        return Part(distinct)
    largest = sql.SQL("GREATEST(abs({l}), abs({c}))").format(**_cast(names, pair))
    if pair.family is Family.DOUBLE:
        # Outside these bounds double arithmetic in PostgreSQL raises over- and underflow errors;
        # NaN and infinities lie outside too. Such rows are judged by `equality`.
        kind, low, high = sql.SQL("float8"), "1e-200", "1e150"
    else:
        kind, low, high = sql.SQL("numeric"), "0", "1e1000"
    close = sql.SQL(
        "CASE WHEN {g} >= {low}::{k} AND {g} < {high}::{k} "
        "THEN abs({c} - {l}) <= GREATEST(%s::{k}, %s::{k} * {g}) ELSE FALSE END"
    ).format(**_cast(names, pair), g=largest, k=kind, low=sql.Literal(low), high=sql.Literal(high))
    text = sql.SQL("({d} AND ({l} IS NULL OR {c} IS NULL OR NOT {close}))").format(
        **names, d=distinct, close=close
    )
    return Part(text, (_number(pair.tolerance.abs), _number(pair.tolerance.rel)))


def _cast(names: dict[str, sql.Composable], pair: Compared) -> dict[str, sql.Composable]:
    if pair.family is Family.DOUBLE:
        return names
    # Integers overflow where numeric does not.
    return {name: sql.SQL("{}::numeric").format(item) for name, item in names.items()}


def _number(value: Decimal) -> str:
    return format(value, "f")


def irregular(legacy: Reader, candidate: Reader) -> Part:
    """Rows that cannot be paired: side ('l' or 'c'), has a NULL in its key, keys, values."""
    head = _with(legacy, candidate, True)
    keys = [_name(f"k{place}") for place in range(len(legacy.key))]
    a_null = _join([sql.SQL("{} IS NULL").format(key) for key in keys], " OR ")
    columns = [*keys, *(_name(f"c{place}") for place in range(len(legacy.columns)))]
    halves = []
    for name in ("l", "c"):
        same = _join(
            [sql.SQL("d.{k} = s.{k}").format(k=key) for key in keys],
            " AND ",
        )
        halves.append(
            sql.SQL(
                "SELECT {tag}::text AS side, ({a_null}) AS a_null, {columns} FROM {side} s "
                "WHERE {a_null} OR EXISTS (SELECT FROM doubled d WHERE {same})"
            ).format(
                tag=sql.Literal(name),
                a_null=a_null,
                columns=_join(columns, ", "),
                side=_name(name),
                same=same,
            )
        )
    order = _join([sql.SQL(str(place)) for place in range(3, 3 + len(columns))], ", ")
    return Part(
        sql.SQL("{} SELECT * FROM ({}) u ORDER BY {}, 1").format(
            head.text, _join(halves, " UNION ALL "), order
        ),
        head.values,
    )


def sampled(reader: Reader, *, seed: str, one_in: int) -> Part:
    """Rows of one side whose key falls into a random share; the same keys on either side."""
    keys = [
        sql.SQL("trim_scale({}::numeric)::text").format(_name(f"k{place}"))
        if pair.family is Family.NUMERIC
        else sql.SQL("{}::text").format(_name(f"k{place}"))
        for place, pair in enumerate(reader.key)
    ]
    rows = reader.rows()
    text = sql.SQL(
        "SELECT * FROM ({rows}) r "
        "WHERE hashtextextended(jsonb_build_array({keys})::text, hashtextextended({p}, 0)) "
        "%% {p} = 0 ORDER BY {order}"
    ).format(rows=rows.text, keys=_join(keys, ", "), p=sql.Placeholder(), order=_order(reader))
    return Part(text, (*rows.values, seed, one_in))


def member(reader: Reader, wanted: Sequence[tuple[Any, ...]]) -> Part:
    """Rows of one side with the given keys."""
    rows = reader.rows()
    size = len(reader.key)
    one = sql.SQL("({})").format(_join([sql.Placeholder()] * size, ", "))
    keys = _join([_name(f"k{place}") for place in range(size)], ", ")
    text = sql.SQL("SELECT * FROM ({rows}) r WHERE ({keys}) IN ({wanted})").format(
        rows=rows.text, keys=keys, wanted=_join([one] * len(wanted), ", ")
    )
    return Part(text, rows.values + tuple(value for key in wanted for value in key))


def recent(reader: Reader, limit: int) -> Part:
    """The newest rows of one side, by its time column where it has one."""
    rows = reader.rows()
    order = _order(reader)
    names = [pair.name for pair in (*reader.key, *reader.columns)]
    if reader.dataset.time in names:
        place = names.index(reader.dataset.time)
        order = sql.SQL("{} DESC, {}").format(sql.SQL(str(place + 1)), order)
    text = sql.SQL("{} ORDER BY {} LIMIT {}").format(rows.text, order, sql.Placeholder())
    return Part(text, (*rows.values, limit))


def _order(reader: Reader) -> sql.Composed:
    """By the key: the same order whatever lies where in the table."""
    return _join([sql.SQL(str(place + 1)) for place in range(len(reader.key))], ", ")
