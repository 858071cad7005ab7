"""SQL of the log of touched segments. Identifiers are quoted by psycopg, values are bound."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from parity.model.suite import Relation
from parity.touched.spans import EARLIEST, LATEST

TRIGGERS = ("insert", "update", "delete", "truncate")
_TABLES = {
    "insert": "NEW TABLE AS new_rows",
    "update": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "OLD TABLE AS old_rows",
}

# One at a time: two that replace the function would trip over each other.
LOCK_INSTALL = sql.SQL("SELECT pg_advisory_xact_lock(7301844)")
LOCK_TIMEOUT = sql.SQL("SET LOCAL lock_timeout = '5s'")
AS_HARNESS = sql.SQL("SET LOCAL ROLE parity_harness")
AS_BEFORE = sql.SQL("RESET ROLE")

RELATION_KIND = sql.SQL(
    "SELECT r.oid, r.relkind::text FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace "
    "WHERE n.nspname = %s AND r.relname = %s AND r.relkind IN ('r', 'p', 'v', 'm', 'f')"
)

# A column's declared type and, beneath domains, the type that they are made of.
COLUMN_TYPES = sql.SQL(
    "WITH RECURSIVE beneath AS ("
    "SELECT a.attname, a.attgenerated, a.atttypid AS declared, a.atttypid AS type "
    "FROM pg_attribute a WHERE a.attrelid = %s AND a.attname::text = ANY(%s) "
    "AND a.attnum > 0 AND NOT a.attisdropped "
    "UNION ALL SELECT b.attname, b.attgenerated, b.declared, t.typbasetype "
    "FROM beneath b JOIN pg_type t ON t.oid = b.type WHERE t.typtype = 'd') "
    # As format_type has it in the function below, whatever the search path is here.
    "SELECT b.attname::text, b.attgenerated::text, CASE dn.nspname "
    "WHEN 'pg_catalog' THEN format_type(d.oid, NULL) "
    "ELSE quote_ident(dn.nspname) || '.' || quote_ident(d.typname) END, "
    "tn.nspname::text, t.typname::text FROM beneath b "
    "JOIN pg_type d ON d.oid = b.declared JOIN pg_namespace dn ON dn.oid = d.typnamespace "
    "JOIN pg_type t ON t.oid = b.type JOIN pg_namespace tn ON tn.oid = t.typnamespace "
    "WHERE t.typtype <> 'd'"
)

# The table and all partitions (or heirs) beneath it: a statement fires the triggers of the
# table that it names, and of no other.
_TREE = sql.SQL(
    "WITH RECURSIVE found AS (SELECT %(oid)s::oid AS oid UNION "
    "SELECT i.inhrelid FROM pg_inherits i JOIN found f ON i.inhparent = f.oid), "
    "tree AS (SELECT r.oid, n.nspname::text AS schema, r.relname::text AS table, "
    "r.relkind::text AS kind FROM found f JOIN pg_class r ON r.oid = f.oid "
    "JOIN pg_namespace n ON n.oid = r.relnamespace)"
)
TREE = sql.SQL('{} SELECT schema, "table", kind FROM tree ORDER BY oid').format(_TREE)
# The name of one table that lacks a trigger which would fire as wanted; no row: all are there.
LACKING = sql.SQL(
    "{} SELECT schema || '.' || \"table\" FROM tree t CROSS JOIN unnest(%(names)s::text[]) name "
    "WHERE NOT EXISTS (SELECT FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid "
    "JOIN pg_namespace s ON s.oid = p.pronamespace "
    "WHERE g.tgrelid = t.oid AND g.tgname = name AND g.tgenabled IN ('O', 'A') "
    "AND p.proname = 'note_touched' AND s.nspname = 'parity' "
    "AND g.tgargs = (SELECT string_agg(convert_to(a, getdatabaseencoding()) || '\\x00'::bytea, "
    "''::bytea ORDER BY place) "
    "FROM unnest(%(arguments)s::text[]) WITH ORDINALITY u(a, place))) "
    "ORDER BY t.oid LIMIT 1"
).format(_TREE)
# The name of one table with a trigger that was made or altered in a transaction which the earlier
# snapshot may not have seen the end of. `xmin` has only the lower half of a transaction's number:
# one that seems to lie in the future, or half of all numbers back, is older than any snapshot.
ALTERED = sql.SQL(
    "{} SELECT schema || '.' || \"table\" FROM tree t "
    "JOIN pg_trigger g ON g.tgrelid = t.oid AND g.tgname = ANY(%(names)s) "
    "CROSS JOIN LATERAL (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint) n(next) "
    "CROSS JOIN LATERAL (SELECT (n.next - g.xmin::text::bigint) & 4294967295) d(ago) "
    "WHERE g.xmin::text::bigint >= 3 AND d.ago < 2147483648 "
    "AND n.next - d.ago >= pg_snapshot_xmin(%(snapshot)s::pg_snapshot)::text::bigint "
    "ORDER BY t.oid LIMIT 1"
).format(_TREE)
PRESENT = sql.SQL(
    '{} SELECT schema, "table", g.tgname::text FROM tree t '
    "JOIN pg_trigger g ON g.tgrelid = t.oid AND g.tgname = ANY(%(names)s) ORDER BY t.oid, 3"
).format(_TREE)

# Runs as parity_harness, whose table it writes; a writer needs no right of its own. Two things
# guard it against its callers. It reads only the transition tables, under a search path that
# nobody else writes. And it touches the two columns only while they have the types that they had
# at `parity track on`: a renamed or retyped column must not stop a writer, nor bring in a cast of
# the writer's own. It then notes that anything may have been touched.
CREATE_FUNCTION = sql.SQL(
    """
CREATE OR REPLACE FUNCTION parity.note_touched() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    -- 0 schema, 1 table, 2 symbol, 3 time, 4 and 5 their types, 6 what kind the time is
    one text := 'LEAST(GREATEST(%2$I, ''{low}''::%3$s), ''{high}''::%3$s)';
    source text;
    found int;
    its_symbol text;
    its_moment timestamptz;
BEGIN
    IF TG_OP = 'TRUNCATE' OR NOT EXISTS (
        SELECT FROM pg_attribute WHERE attrelid = TG_RELID AND attname = TG_ARGV[2]::name
        AND attnum > 0 AND NOT attisdropped AND format_type(atttypid, NULL) = TG_ARGV[4]
    ) OR NOT EXISTS (
        SELECT FROM pg_attribute WHERE attrelid = TG_RELID AND attname = TG_ARGV[3]::name
        AND attnum > 0 AND NOT attisdropped AND format_type(atttypid, NULL) = TG_ARGV[5]
    ) THEN
        INSERT INTO parity.touched (relation_schema, relation_table)
        VALUES (TG_ARGV[0], TG_ARGV[1]);
        RETURN NULL;
    END IF;
    -- An update has as many old rows as new ones.
    IF TG_OP = 'DELETE' THEN
        SELECT count(*) INTO found FROM (SELECT FROM old_rows LIMIT 2) r;
    ELSE
        SELECT count(*) INTO found FROM (SELECT FROM new_rows LIMIT 2) r;
    END IF;
    IF found = 0 THEN
        RETURN NULL;
    END IF;
    IF TG_ARGV[6] <> 'timestamptz' THEN
        one := one || '::timestamp AT TIME ZONE ''UTC''';
    END IF;
    one := format('SELECT %1$I::text AS symbol, ' || one || ' AS moment FROM ',
        TG_ARGV[2], TG_ARGV[3], TG_ARGV[6]);
    source := CASE
        WHEN TG_OP = 'INSERT' THEN one || 'new_rows'
        WHEN TG_OP = 'DELETE' THEN one || 'old_rows'
        WHEN found = 1 THEN one || 'old_rows UNION ' || one || 'new_rows'
        ELSE one || 'old_rows UNION ALL ' || one || 'new_rows'
    END;
    IF found = 1 THEN
        -- As below, in half the time: a table may be written row by row.
        FOR its_symbol, its_moment IN EXECUTE source LOOP
            INSERT INTO parity.touched (relation_schema, relation_table, symbol, first, last)
            VALUES (TG_ARGV[0], TG_ARGV[1], its_symbol, its_moment, its_moment);
        END LOOP;
        RETURN NULL;
    END IF;
    EXECUTE 'INSERT INTO parity.touched (relation_schema, relation_table, symbol, first, last) '
        'SELECT $1, $2, symbol, min(moment), max(moment) FROM (' || source || ') r '
        'GROUP BY symbol, date_trunc(''month'', moment, ''UTC'')'
        USING TG_ARGV[0], TG_ARGV[1];
    RETURN NULL;
END
$body$;
REVOKE ALL ON FUNCTION parity.note_touched() FROM PUBLIC
"""
).format(low=sql.SQL(EARLIEST), high=sql.SQL(LATEST))

_OF = sql.SQL("relation_schema = %(schema)s AND relation_table = %(table)s")
# From now on the log is complete. Whoever asks about an earlier snapshot is told: anything.
MARK = sql.SQL(
    "INSERT INTO parity.touched (relation_schema, relation_table) VALUES (%(schema)s, %(table)s)"
)
FORGET = (
    sql.SQL("DELETE FROM parity.touched WHERE {}").format(_OF),
    sql.SQL("DELETE FROM parity.touched_pruned WHERE {}").format(_OF),
)
ENTRIES = sql.SQL("SELECT count(*) FROM parity.touched WHERE {}").format(_OF)

# What this transaction sees and the earlier snapshot did not. Transactions in progress then are
# not visible in it; those rolled back are visible to nobody.
TOUCHED = sql.SQL(
    "SELECT symbol, min(first) AT TIME ZONE 'UTC', max(last) AT TIME ZONE 'UTC', "
    "bool_or(first IS NULL) FROM parity.touched "
    "WHERE {} AND xid >= pg_snapshot_xmin(%(snapshot)s::pg_snapshot) "
    "AND NOT pg_visible_in_snapshot(xid, %(snapshot)s::pg_snapshot) "
    "GROUP BY symbol, date_trunc('month', first, 'UTC') "
    'ORDER BY symbol COLLATE "C", min(first)'
).format(_OF)
# A snapshot from the future is one of another server, or of this one before it was restored.
FOREIGN = sql.SQL(
    "SELECT pg_snapshot_xmax(%(snapshot)s::pg_snapshot) > pg_snapshot_xmax(pg_current_snapshot())"
)
# A row when the earlier snapshot misses something that was visible at the last pruning.
PRUNED = sql.SQL(
    "SELECT 1 FROM parity.touched_pruned WHERE {} "
    "AND (pg_snapshot_xmax(snapshot) > pg_snapshot_xmax(%(snapshot)s::pg_snapshot) OR EXISTS ("
    "SELECT FROM pg_snapshot_xip(%(snapshot)s::pg_snapshot) x "
    "WHERE pg_visible_in_snapshot(x, snapshot)))"
).format(_OF)
PRUNE = sql.SQL(
    "DELETE FROM parity.touched WHERE {} AND pg_visible_in_snapshot(xid, %(snapshot)s::pg_snapshot)"
).format(_OF)
SET_PRUNED = sql.SQL(
    "INSERT INTO parity.touched_pruned (relation_schema, relation_table, snapshot) "
    "VALUES (%(schema)s, %(table)s, %(snapshot)s::pg_snapshot) "
    "ON CONFLICT (relation_schema, relation_table) DO UPDATE SET snapshot = EXCLUDED.snapshot"
)

# Indexes over all rows that find values of the column.
INDEXES = sql.SQL(
    "SELECT 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
    "JOIN pg_am m ON m.oid = c.relam "
    "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] "
    "WHERE i.indrelid = %s AND a.attname = %s AND i.indisvalid AND i.indpred IS NULL "
    "AND m.amname IN ('btree', 'brin') LIMIT 1"
)


def trigger_name(event: str) -> str:
    """The name of the trigger of one kind of statement."""
    return f"parity_touched_{event}"


def create_trigger(relation: Relation, event: str, arguments: Sequence[str]) -> sql.Composed:
    """CREATE OR REPLACE TRIGGER for one kind of statement; it is enabled afterwards."""
    rows = _TABLES.get(event)
    return sql.SQL(
        "CREATE OR REPLACE TRIGGER {name} AFTER {event} ON {relation} {rows} "
        "FOR EACH STATEMENT EXECUTE FUNCTION parity.note_touched({arguments})"
    ).format(
        name=sql.Identifier(trigger_name(event)),
        event=sql.SQL(event.upper()),
        relation=sql.Identifier(relation.schema, relation.table),
        rows=sql.SQL(f"REFERENCING {rows}" if rows else ""),
        arguments=sql.SQL(", ").join(map(sql.Literal, arguments)),
    )


def drop_trigger(relation: Relation, name: str) -> sql.Composed:
    """DROP TRIGGER."""
    return sql.SQL("DROP TRIGGER {} ON {}").format(
        sql.Identifier(name), sql.Identifier(relation.schema, relation.table)
    )


def changed(relation: Relation, symbol: str, time: str, kind: str, column: str) -> sql.Composed:
    """Symbol, first and last moment a month of rows whose `column` is not before a bound.

    A row without a value there may be new as well.
    """
    moment = sql.SQL("LEAST(GREATEST({c}, {low}::{k}), {high}::{k})").format(
        c=_name(time), low=sql.Literal(EARLIEST), high=sql.Literal(LATEST), k=sql.SQL(kind)
    )
    if kind == "timestamptz":
        moment = sql.SQL("{} AT TIME ZONE 'UTC'").format(moment)
    return sql.SQL(
        "SELECT symbol, min(moment), max(moment), FALSE FROM ("
        "SELECT {symbol}::text AS symbol, ({moment})::timestamp AS moment FROM {relation} "
        "WHERE {column} >= {bound} OR {column} IS NULL) r "
        "GROUP BY symbol, date_trunc('month', moment) ORDER BY symbol COLLATE \"C\", min(moment)"
    ).format(
        symbol=_name(symbol),
        moment=moment,
        relation=_name(relation.schema, relation.table),
        column=_name(column),
        bound=sql.Placeholder(),
    )


def _name(*parts: str) -> sql.Identifier:
    """A quoted identifier beside bound values, where psycopg wants a percent sign doubled."""
    return sql.Identifier(*(part.replace("%", "%%") for part in parts))
