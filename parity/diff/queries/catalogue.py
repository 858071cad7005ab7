"""What the catalogue says of a relation, and the settings of a comparison's transaction."""

from __future__ import annotations

from psycopg import sql

__all__ = [
    "ALONG_INDEXES",
    "AS_PLANNED",
    "COLLATIONS",
    "COLUMNS",
    "INDEXES",
    "SIZES",
    "TYPE_NAMES",
    "explain",
]

# All settings are local to the transaction.
_ALWAYS = (
    "SET LOCAL extra_float_digits = 1; "
    # A policy that hides rows must be an error, not a pass.
    "SET LOCAL row_security = off; "
)
# Steers the planner to merge joins along the keys' indexes, the fastest way measured.
ALONG_INDEXES = sql.SQL(
    _ALWAYS + "SET LOCAL enable_hashjoin = off; SET LOCAL enable_sort = off; "
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; "
    "SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off"
)
# Where no index helps: whole tables, so hash tables need room.
AS_PLANNED = sql.SQL(
    _ALWAYS + "SET LOCAL enable_hashjoin = on; SET LOCAL enable_sort = on; "
    "SET LOCAL enable_seqscan = on; SET LOCAL enable_bitmapscan = on; "
    "SET LOCAL jit = off; SET LOCAL work_mem = '64MB'"
)

COLUMNS = sql.SQL(
    "SELECT a.attname, format_type(a.atttypid, a.atttypmod), "
    # Enums compare by their labels, whatever each side calls the type.
    "CASE b.typtype WHEN 'e' THEN 'enum' ELSE b.typname END, a.attnotnull, "
    "NOT COALESCE(l.collisdeterministic, TRUE) "
    "FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid "
    "JOIN pg_namespace n ON n.oid = r.relnamespace "
    "LEFT JOIN pg_collation l ON l.oid = a.attcollation "
    # A domain may stand on a domain.
    "CROSS JOIN LATERAL (WITH RECURSIVE d AS (SELECT t.* FROM pg_type t WHERE t.oid = a.atttypid "
    "UNION ALL SELECT t.* FROM d JOIN pg_type t ON t.oid = d.typbasetype WHERE d.typtype = 'd') "
    "SELECT typname, typtype FROM d WHERE typtype <> 'd') b "
    "WHERE n.nspname = %s AND r.relname = %s AND r.relkind IN ('r', 'p', 'v', 'm', 'f') "
    "AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
)

# Columns whose collation says that two texts are equal only when their bytes are.
COLLATIONS = sql.SQL(
    "SELECT a.attname, c.oid::bigint FROM pg_attribute a "
    "JOIN pg_class r ON r.oid = a.attrelid JOIN pg_namespace n ON n.oid = r.relnamespace "
    "JOIN pg_collation c ON c.oid = a.attcollation "
    "WHERE n.nspname = %s AND r.relname = %s AND a.attnum > 0 AND c.collisdeterministic"
)

# Valid b-tree indexes over all rows: columns in order (NULL for an expression), whether unique.
INDEXES = sql.SQL(
    "SELECT array_agg(a.attname::text ORDER BY k.place), bool_and(i.indisunique) FROM pg_index i "
    "JOIN pg_class r ON r.oid = i.indrelid JOIN pg_namespace n ON n.oid = r.relnamespace "
    "JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam "
    "JOIN unnest(i.indkey::int[]) WITH ORDINALITY k(attnum, place) ON k.place <= i.indnkeyatts "
    "LEFT JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = k.attnum AND k.attnum <> 0 "
    "WHERE n.nspname = %s AND r.relname = %s AND i.indisvalid AND m.amname = 'btree' "
    # A parent's index does not cover the rows of tables that inherit from it.
    "AND (r.relkind = 'p' OR NOT r.relhassubclass) "
    "AND i.indpred IS NULL GROUP BY i.indexrelid"
)

# Kind, rows as the planner knows them (-1: unknown), and the heap's bytes, of a relation or, for a
# partitioned table, of all its parts. How the heap follows each column's order comes with it.
SIZES = sql.SQL(
    "WITH RECURSIVE parts AS (SELECT r.oid, r.relkind FROM pg_class r "
    "JOIN pg_namespace n ON n.oid = r.relnamespace WHERE n.nspname = %(schema)s "
    "AND r.relname = %(table)s UNION ALL SELECT i.inhrelid, c.relkind FROM pg_inherits i "
    "JOIN parts p ON p.oid = i.inhparent JOIN pg_class c ON c.oid = i.inhrelid) "
    "SELECT (SELECT relkind::text FROM parts LIMIT 1), "
    "sum(CASE WHEN p.relkind IN ('r', 'm') THEN CASE WHEN c.reltuples < 0 THEN "
    # Never analysed: as many rows as the pages may hold.
    "pg_relation_size(c.oid) / 60 ELSE c.reltuples END ELSE 0 END)::float8, "
    "sum(CASE WHEN p.relkind IN ('r', 'm') THEN pg_relation_size(c.oid) ELSE 0 END)::float8, "
    "(SELECT COALESCE(json_object_agg(attname, correlation) FILTER (WHERE attname IS NOT NULL), "
    "'{}'::json) FROM pg_stats WHERE schemaname = %(schema)s AND tablename = %(table)s "
    "AND NOT inherited), "
    "(SELECT setting::float8 * 8192 FROM pg_settings WHERE name = 'shared_buffers') "
    "FROM parts p JOIN pg_class c ON c.oid = p.oid"
)

TYPE_NAMES = sql.SQL("SELECT oid::bigint, format_type(oid, NULL) FROM pg_type WHERE oid = ANY(%s)")


def explain(text: sql.Composed) -> sql.Composed:
    """The plan as JSON, without running it."""
    return sql.SQL("EXPLAIN (FORMAT JSON) {}").format(text)
