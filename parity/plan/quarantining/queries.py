"""SQL of the clean-up. Identifiers are quoted by psycopg, values are bound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import LiteralString

from psycopg import sql

__all__ = [
    "AS_HARNESS",
    "COMPARED",
    "COUNTERS",
    "DEPENDENTS",
    "KINDS",
    "NAMES",
    "OUTER_TRIGGER_FUNCTIONS",
    "OWNERS",
    "SAYING",
    "SESSIONS",
    "THINGS",
    "comment",
    "drop",
    "drop_schema",
    "lock",
    "rename",
    "stand_in",
]

AS_HARNESS = sql.SQL("SET LOCAL ROLE parity_harness")
NAMES = sql.SQL("SELECT nspname::text FROM pg_namespace")
OWNERS = sql.SQL(
    "SELECT nspname::text, pg_get_userbyid(nspowner)::text, obj_description(oid, 'pg_namespace') "
    "FROM pg_namespace WHERE nspname = ANY(%s) ORDER BY 1"
)

# What the server has counted since its counters were last set to zero. As JSON: when a table was
# last scanned is known from PostgreSQL 16 on.
COUNTERS = sql.SQL(
    "SELECT n.nspname::text, r.relname::text, "
    "COALESCE(NULLIF(s.n_live_tup, 0), GREATEST(r.reltuples, 0)::bigint), "
    "pg_total_relation_size(r.oid), s.seq_scan + COALESCE(s.idx_scan, 0), "
    "GREATEST((to_jsonb(s) ->> 'last_seq_scan')::timestamptz, "
    "(to_jsonb(s) ->> 'last_idx_scan')::timestamptz), s.n_tup_ins + s.n_tup_upd + s.n_tup_del "
    "FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace "
    "JOIN pg_stat_all_tables s ON s.relid = r.oid "
    "WHERE n.nspname = ANY(%s) AND r.relkind IN ('r', 'm') ORDER BY 1, 2"
)

# How often parity itself has compared since a moment.
COMPARED = sql.SQL("SELECT count(*) FROM parity.attempt WHERE migration = %s AND at >= %s")

# Sessions that hold or want a lock on something there; what the asking role may not see is NULL.
SESSIONS = sql.SQL(
    "SELECT a.pid, a.usename::text, NULLIF(a.application_name, ''), "
    "COALESCE(a.xact_start, a.query_start, a.backend_start), "
    "string_agg(DISTINCT n.nspname || '.' || r.relname, ', ') "
    "FROM pg_locks l JOIN pg_class r ON r.oid = l.relation "
    "JOIN pg_namespace n ON n.oid = r.relnamespace JOIN pg_stat_activity a ON a.pid = l.pid "
    "WHERE l.locktype = 'relation' AND n.nspname = ANY(%s) AND r.relkind NOT IN ('i', 'I') "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND l.pid <> pg_backend_pid() AND a.backend_type IS DISTINCT FROM 'autovacuum worker' "
    "GROUP BY a.pid, a.usename, a.application_name, a.xact_start, a.query_start, a.backend_start "
    "ORDER BY 4 NULLS LAST, 1"
)

# What stands outside of some schemas and depends on something inside: what it is, its schema and
# name (of a rule, a constraint, a default or a trigger: those of its relation), and on what.
DEPENDENTS = sql.SQL(
    "WITH inside AS ("
    "SELECT 'pg_class'::regclass::oid AS class, r.oid, n.nspname, r.relname AS name "
    "FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace WHERE n.nspname = ANY(%(in)s) "
    "AND r.relkind NOT IN ('i', 'I') "
    "UNION ALL SELECT 'pg_proc'::regclass::oid, p.oid, n.nspname, p.proname "
    "FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = ANY(%(in)s) "
    "UNION ALL SELECT 'pg_type'::regclass::oid, t.oid, n.nspname, t.typname "
    "FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname = ANY(%(in)s)), "
    "found AS (SELECT DISTINCT d.classid, d.objid, i.nspname || '.' || i.name AS target "
    "FROM pg_depend d JOIN inside i ON d.refclassid = i.class AND d.refobjid = i.oid "
    "WHERE d.deptype IN ('n', 'a') "
    # Parts of an operator class, which is found itself.
    "AND d.classid NOT IN ('pg_amop'::regclass, 'pg_amproc'::regclass)), "
    "told AS (SELECT f.target, w.oid AS rule, k.contype, r.relkind, r.relname, n.nspname, "
    "pg_identify_object(f.classid, f.objid, 0) AS thing "
    "FROM found f "
    "LEFT JOIN pg_rewrite w ON f.classid = 'pg_rewrite'::regclass AND w.oid = f.objid "
    "LEFT JOIN pg_constraint k ON f.classid = 'pg_constraint'::regclass AND k.oid = f.objid "
    "LEFT JOIN pg_attrdef a ON f.classid = 'pg_attrdef'::regclass AND a.oid = f.objid "
    "LEFT JOIN pg_trigger g ON f.classid = 'pg_trigger'::regclass AND g.oid = f.objid "
    "LEFT JOIN pg_policy y ON f.classid = 'pg_policy'::regclass AND y.oid = f.objid "
    "LEFT JOIN pg_type t ON t.oid = k.contypid "
    "LEFT JOIN pg_class r ON r.oid = COALESCE(w.ev_class, NULLIF(k.conrelid, 0), a.adrelid, "
    "g.tgrelid, y.polrelid, CASE WHEN f.classid = 'pg_class'::regclass THEN f.objid END) "
    "LEFT JOIN pg_namespace n ON n.oid = COALESCE(r.relnamespace, t.typnamespace)) "
    "SELECT DISTINCT CASE WHEN rule IS NOT NULL AND relkind = 'v' THEN 'view' "
    "WHEN rule IS NOT NULL AND relkind = 'm' THEN 'materialized view' "
    "WHEN contype = 'f' THEN 'foreign key' ELSE (thing).type END, "
    "COALESCE(nspname, (thing).schema), "
    "COALESCE(nspname || '.' || relname, (thing).identity), relname::text, "
    "string_agg(DISTINCT target, ', ') "
    "FROM told WHERE COALESCE(nspname, (thing).schema, '') <> ALL(%(in)s) "
    "GROUP BY 1, 2, 3, 4 ORDER BY 3, 1"
)

# Functions elsewhere whose text names something there: the catalog knows of no dependency.
SAYING = sql.SQL(
    "SELECT n.nspname || '.' || p.proname FROM pg_proc p "
    "JOIN pg_namespace n ON n.oid = p.pronamespace "
    "WHERE n.nspname <> ALL(%(in)s) AND n.nspname NOT IN ('pg_catalog', 'information_schema') "
    "AND EXISTS (SELECT FROM unnest(%(in)s::text[]) s(name) "
    "WHERE strpos(p.prosrc, s.name || '.') > 0) ORDER BY 1"
)

# Functions elsewhere that triggers inside call.
OUTER_TRIGGER_FUNCTIONS = sql.SQL(
    "SELECT DISTINCT f.nspname::text, p.proname::text FROM pg_trigger g "
    "JOIN pg_class r ON r.oid = g.tgrelid JOIN pg_namespace n ON n.oid = r.relnamespace "
    "JOIN pg_proc p ON p.oid = g.tgfoid JOIN pg_namespace f ON f.oid = p.pronamespace "
    "WHERE n.nspname = ANY(%(in)s) AND f.nspname <> ALL(%(in)s) AND f.nspname <> 'pg_catalog' "
    "AND NOT g.tgisinternal ORDER BY 1, 2"
)

# What has to be dropped from a schema before it is empty: what goes with a table is left out.
THINGS = sql.SQL(
    "SELECT n.nspname::text, CASE r.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' "
    "WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END, "
    "r.relname::text FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace "
    "WHERE n.nspname = ANY(%(in)s) AND r.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c') "
    "AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass "
    "AND d.objid = r.oid AND d.deptype IN ('a', 'i', 'e') AND r.relkind = 'S') "
    "UNION SELECT n.nspname::text, 'ROUTINE', p.proname::text FROM pg_proc p "
    "JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = ANY(%(in)s) "
    "AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass "
    "AND d.objid = p.oid AND d.deptype IN ('i', 'e')) "
    "UNION SELECT n.nspname::text, CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, "
    "t.typname::text FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace "
    "WHERE n.nspname = ANY(%(in)s) AND t.typtype IN ('d', 'e', 'r') ORDER BY 1, 2, 3"
)
KINDS: dict[str, LiteralString] = {
    kind: kind
    for kind in (
        "VIEW", "MATERIALIZED VIEW", "SEQUENCE", "FOREIGN TABLE", "TYPE", "TABLE", "ROUTINE",
        "DOMAIN",
    )
}  # fmt: skip


def lock(tables: Sequence[tuple[str, str]], *, alone: bool) -> sql.Composed:
    """Nobody writes the tables until the transaction ends; `alone`: nobody reads them either."""
    return sql.SQL("LOCK TABLE {} IN {} MODE").format(
        sql.SQL(", ").join(sql.Identifier(*table) for table in tables),
        sql.SQL("ACCESS EXCLUSIVE" if alone else "SHARE"),
    )


def rename(schema: str, to: str) -> sql.Composed:
    """ALTER SCHEMA … RENAME: grants, owners and what depends on its tables stay."""
    return sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(
        sql.Identifier(schema), sql.Identifier(to)
    )


def comment(schema: str, text: str | None) -> sql.Composed:
    """COMMENT ON SCHEMA; None: it has none."""
    return sql.SQL("COMMENT ON SCHEMA {} IS {}").format(sql.Identifier(schema), sql.Literal(text))


def drop(kind: str, names: Sequence[tuple[str, str]]) -> sql.Composed:
    """Drops things of one kind together, and nothing that depends on them."""
    if kind not in KINDS:
        raise ValueError(f"{kind} is nothing that is dropped")
    return sql.SQL("DROP {} IF EXISTS {} RESTRICT").format(
        sql.SQL(KINDS[kind]), sql.SQL(", ").join(sql.Identifier(*name) for name in names)
    )


def drop_schema(schema: str) -> sql.Composed:
    """Drops a schema in which nothing is left."""
    return sql.SQL("DROP SCHEMA {} RESTRICT").format(sql.Identifier(schema))


def stand_in(schema: str, function: str) -> sql.Composed:
    """A trigger function that does nothing, so that a table with its trigger can be restored."""
    return sql.SQL(
        "CREATE SCHEMA IF NOT EXISTS {}; CREATE FUNCTION {}() RETURNS trigger "
        "LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
    ).format(sql.Identifier(schema), sql.Identifier(schema, function))
