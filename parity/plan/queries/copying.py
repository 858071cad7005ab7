"""SQL of copying rows from one side into the other, as text: every type can be read back from it.

Types stand in the statements as the catalog or the trail has them.
"""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from parity.model.suite import Relation, Scalar

__all__ = [
    "ANY_ROW",
    "COLUMNS",
    "COPIED",
    "NO_ROW",
    "SAME_TEXT",
    "among",
    "any_of",
    "insert",
    "missing",
    "other_than",
]

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

# The keys of the rows that an operation has copied into a relation, each as a JSON object.
COPIED = sql.SQL(
    "SELECT key FROM parity.copied_row WHERE migration = %s AND rollback = %s AND relation = %s "
    "ORDER BY id"
)
NO_ROW = sql.SQL("false")
ANY_ROW = sql.SQL("true")


def among(
    key: Sequence[tuple[str, str]], fixed: Sequence[tuple[str, Sequence[Scalar]]]
) -> sql.Composed:
    """That a row `c` is one of some, whose keys come as one array of texts for each column.

    Args:
        key: name and type of each of its columns.
        fixed: what else holds for these rows: a column and the values that it may have.
    """
    places = [sql.Identifier(f"k{place}") for place in range(len(key))]
    tests = [
        sql.SQL("c.{} IN ({})").format(
            sql.Identifier(name), sql.SQL(", ").join(map(sql.Literal, allowed))
        )
        for name, allowed in fixed
    ]
    tests.append(
        sql.SQL("({names}) IN (SELECT {values} FROM unnest({arrays}) k({places}))").format(
            names=sql.SQL(", ").join(sql.SQL("c.{}").format(sql.Identifier(n)) for n, _ in key),
            values=sql.SQL(", ").join(
                sql.SQL("k.{}::{}").format(place, sql.SQL(kind))
                for place, (_, kind) in zip(places, key, strict=True)
            ),
            arrays=sql.SQL(", ").join([sql.SQL("%s::text[]")] * len(key)),
            places=sql.SQL(", ").join(places),
        )
    )
    return sql.SQL("({})").format(sql.SQL(" AND ").join(tests))


def any_of(tests: Sequence[sql.Composable]) -> sql.Composed:
    """That one of some tests holds."""
    return sql.SQL("({})").format(sql.SQL(" OR ").join(tests))


def other_than(test: sql.Composable) -> sql.Composed:
    """That a test does not hold."""
    return sql.SQL("NOT {}").format(test)


def missing(
    source: Relation,
    target: Relation,
    columns: Sequence[tuple[str, str, str]],
    key: Sequence[tuple[str, str, str]],
    only: sql.Composable = ANY_ROW,
) -> sql.Composed:
    """SELECT of rows of `source` whose key `target` has not, each column as text.

    Args:
        source: where they are.
        target: where they are not.
        columns: of each its name in source, the type it is served as, its name in target.
        key: of each its name in source, its type in target, its name in target. A row with a NULL
            there has no key and is left out.
        only: what else must hold for a row `c`.
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
        "SELECT {items} FROM {source} c WHERE {whole} AND {only} "
        "AND NOT EXISTS (SELECT FROM {target} l WHERE {tests})"
    ).format(
        items=sql.SQL(", ").join(items),
        source=sql.Identifier(source.schema, source.table),
        target=sql.Identifier(target.schema, target.table),
        whole=sql.SQL(" AND ").join(whole),
        only=only,
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
