"""SQL of copying rows from one side into the other, as text: every type can be read back from it.

Types stand in the statements as the catalog or the trail has them.
"""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from parity.model.suite import Relation

__all__ = ["COLUMNS", "SAME_TEXT", "insert", "missing"]

# Of each column: name, type, whether a row needs a value for it that nothing else gives, whether
# it is made by the database.
COLUMNS = sql.SQL(
    "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), "
    "(a.attnotnull OR t.typnotnull) AND NOT a.atthasdef AND a.attidentity = '' "
    "AND t.typdefault IS NULL, a.attgenerated <> '' "
    "FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid "
    "JOIN pg_namespace n ON n.oid = r.relnamespace JOIN pg_type t ON t.oid = a.atttypid "
    "WHERE n.nspname = %s AND r.relname = %s AND r.relkind IN ('r', 'p', 'v', 'm', 'f') "
    "AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
)
# What one session writes as text another one reads back.
SAME_TEXT = sql.SQL(
    "SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'; "
    "SET LOCAL intervalstyle = 'postgres'; SET LOCAL extra_float_digits = 1; "
    "SET LOCAL bytea_output = 'hex'; SET LOCAL lc_monetary = 'C'"
)


def missing(
    source: Relation,
    target: Relation,
    columns: Sequence[tuple[str, str, str]],
    key: Sequence[tuple[str, str, str]],
) -> sql.Composed:
    """SELECT of rows of `source` whose key `target` has not, each column as text.

    Args:
        source: where they are.
        target: where they are not.
        columns: of each its name in source, the type it is served as, its name in target.
        key: of each its name in source, its type in target, its name in target. A row with a NULL
            there has no key and is left out.
    """
    items = [
        sql.SQL("(c.{}::{})::text").format(sql.Identifier(name), sql.SQL(kind))
        for name, kind, _ in columns
    ]
    tests = [
        sql.SQL("l.{} = c.{}::{}").format(
            sql.Identifier(there), sql.Identifier(name), sql.SQL(kind)
        )
        for name, kind, there in key
    ]
    whole = [sql.SQL("c.{} IS NOT NULL").format(sql.Identifier(name)) for name, _, _ in key]
    return sql.SQL(
        "SELECT {items} FROM {source} c WHERE {whole} "
        "AND NOT EXISTS (SELECT FROM {target} l WHERE {tests})"
    ).format(
        items=sql.SQL(", ").join(items),
        source=sql.Identifier(source.schema, source.table),
        target=sql.Identifier(target.schema, target.table),
        whole=sql.SQL(" AND ").join(whole),
        tests=sql.SQL(" AND ").join(tests),
    )


def insert(
    target: Relation, columns: Sequence[tuple[str, str]], key: Sequence[str]
) -> sql.Composed:
    """INSERT of rows that come as one array of texts for each column; a row that is there stays.

    Args:
        target: where to.
        columns: name and type of each.
        key: the columns of which the key of each row that was added is made, as JSON.
    """
    names = [sql.Identifier(name) for name, _ in columns]
    places = [sql.Identifier(f"c{place}") for place in range(len(columns))]
    values = [
        sql.SQL("v.{}::{}").format(place, sql.SQL(kind))
        for place, (_, kind) in zip(places, columns, strict=True)
    ]
    parts = [sql.SQL("{}, t.{}").format(sql.Literal(name), sql.Identifier(name)) for name in key]
    return sql.SQL(
        "INSERT INTO {target} AS t ({names}) OVERRIDING SYSTEM VALUE "
        "SELECT {values} FROM unnest({arrays}) v({places}) ON CONFLICT DO NOTHING "
        "RETURNING jsonb_build_object({parts})::text"
    ).format(
        target=sql.Identifier(target.schema, target.table),
        names=sql.SQL(", ").join(names),
        values=sql.SQL(", ").join(values),
        arrays=sql.SQL(", ").join([sql.SQL("%s::text[]")] * len(columns)),
        places=sql.SQL(", ").join(places),
        parts=sql.SQL(", ").join(parts),
    )
