"""Relations as they are archived: their columns, their rows as CSV, and a digest of all rows.

The digest is the sum over all rows of a hash of the row's text, so it depends on no order and
counts a doubled row twice. It is that of the rows themselves: of what `COPY` writes it knows
nothing, so that both can be held against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from psycopg import sql

from parity.model.suite import Relation

__all__ = ["COLUMNS", "SETTINGS", "copy_rows", "digest", "special", "within"]

# Every value has one text, whatever the server, the database or the role has set.
SETTINGS = sql.SQL(
    "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; "
    "SET LOCAL IntervalStyle = 'postgres'; SET LOCAL extra_float_digits = 1; "
    "SET LOCAL bytea_output = 'hex'; SET LOCAL row_security = off"
)

# Name, type below any domains, and that type with its limits, in the order of the columns.
COLUMNS = sql.SQL(
    "WITH RECURSIVE base AS ("
    "SELECT a.attnum, a.attname, a.atttypid AS type, a.atttypmod AS mod "
    "FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid "
    "JOIN pg_namespace n ON n.oid = r.relnamespace "
    "WHERE n.nspname = %s AND r.relname = %s AND a.attnum > 0 AND NOT a.attisdropped "
    "UNION ALL SELECT b.attnum, b.attname, t.typbasetype, "
    "CASE WHEN t.typtypmod >= 0 THEN t.typtypmod ELSE b.mod END "
    "FROM base b JOIN pg_type t ON t.oid = b.type WHERE t.typtype = 'd') "
    "SELECT b.attname::text, t.typname::text, format_type(b.type, b.mod) "
    "FROM base b JOIN pg_type t ON t.oid = b.type "
    "JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype <> 'd' ORDER BY b.attnum"
)


def special(relation: Relation, columns: Sequence[tuple[str, str]]) -> sql.Composed:
    """For each column, whether some value is NaN or infinite. `columns`: name and type."""
    tests = [
        sql.SQL("COALESCE(bool_or({} = 'NaN'::numeric), false)").format(sql.Identifier(name))
        if kind == "numeric"
        else sql.SQL("COALESCE(bool_or(NOT isfinite({})), false)").format(sql.Identifier(name))
        for name, kind in columns
    ]
    return sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join(tests), _name(relation))


def copy_rows(
    relation: Relation, columns: Sequence[tuple[str, str]], where: sql.Composable
) -> sql.Composed:
    """COPY of the rows as CSV with a head. `columns`: name and how it is written (see below)."""
    wanted = [
        sql.SQL(_WRITTEN[how]).format(c=sql.Identifier(name))
        + sql.SQL(" AS {}").format(sql.Identifier(str(place)))
        for place, (name, how) in enumerate(columns)
    ]
    return sql.SQL("COPY (SELECT {} FROM {} WHERE {}) TO STDOUT (FORMAT csv, HEADER true)").format(
        sql.SQL(", ").join(wanted), _name(relation), where
    )


# How values are written: times as whole numbers, which no reader misunderstands.
_WRITTEN = {
    "plain": "{c}",
    "text": "{c}",
    "as text": "{c}",
    "double": "{c}",
    "real": "{c}",
    "decimal": "{c}",
    "days": "({c} - date '1970-01-01')",
    "microseconds": "(extract(epoch FROM {c}) * 1000000)::bigint",
}

# What the digest takes of a value: its bits, its unscaled digits, or its text.
_TEXTS = {
    "plain": "{c}::text",
    "text": "{c}",
    "as text": "format('%s', {c})",
    "double": "CASE WHEN {c} = 'NaN' THEN 'NaN' ELSE encode(float8send({c}), 'hex') END",
    "real": "CASE WHEN {c} = 'NaN' THEN 'NaN' ELSE encode(float4send({c}), 'hex') END",
    "decimal": "round({c} * {power}, 0)::text",
    "days": "({c} - date '1970-01-01')::text",
    "microseconds": "(extract(epoch FROM {c}) * 1000000)::bigint::text",
}


def digest(
    relation: Relation, columns: Sequence[tuple[str, str, int]], where: sql.Composable
) -> sql.Composed:
    """Number of rows and their digest. `columns`: name, how it is written, decimal digits."""
    parts = [_said(name, how, scale) for name, how, scale in columns]
    return sql.SQL(
        "SELECT count(*), COALESCE(sum(('x' || left(h, 16))::bit(64)::bigint::numeric), 0)::text, "
        "COALESCE(sum(('x' || substr(h, 17, 16))::bit(64)::bigint::numeric), 0)::text "
        "FROM (SELECT encode(sha256(convert_to({}, 'UTF8')), 'hex') AS h FROM {} WHERE {}) r"
    ).format(sql.SQL(" || ',' || ").join(parts), _name(relation), where)


def _said(name: str, how: str, scale: int) -> sql.Composed:
    """A value's text, that of a text after its length; NULL as a dash."""
    column = sql.Identifier(name)
    text = sql.SQL(_TEXTS[how]).format(c=column, power=sql.Literal(10**scale))
    said = "CASE WHEN {c} IS NULL THEN '-' ELSE {t} END"
    if how in ("text", "as text"):
        said = "CASE WHEN {c} IS NULL THEN '-' ELSE length({t}) || ':' || {t} END"
    return sql.SQL(said).format(c=column, t=text)


def within(
    column: str, first: date | datetime | None, last: date | datetime | None
) -> sql.Composed:
    """Rows from a moment on and before another one; None: no end there.

    The moments stand in the text, as COPY takes no parameters.
    """
    tests: list[sql.Composable] = [
        sql.SQL("{} " + operator + " {}").format(sql.Identifier(column), sql.Literal(moment))
        for operator, moment in ((">=", first), ("<", last))
        if moment is not None
    ]
    return sql.SQL(" AND ").join(tests or [sql.SQL("true")])


def _name(relation: Relation) -> sql.Identifier:
    return sql.Identifier(relation.schema, relation.table)
