"""SQL of the switch. Identifiers are quoted by psycopg, values are bound.

Types come from the catalog or from the config, which has checked them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from psycopg import sql

from parity.model.suite import Dataset, Relation
from parity.model.verdict import Side
from parity.switch.view import GATE, MARK, View

# Two switches of one schema never run at the same time.
ONE_SWITCH = sql.SQL("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7301847))")
XID = sql.SQL("SELECT pg_current_xact_id()::xid::text")
DEADLOCK_TIMEOUT = sql.SQL(
    "SELECT setting::float8 / 1000 FROM pg_settings WHERE name = 'deadlock_timeout'"
)
# Whoever stops in the middle (a lost network, a laptop that sleeps) must not hold up readers.
# A time limit that the role has must not end a switch half-way.
GUARDED = sql.SQL(
    "SET LOCAL idle_in_transaction_session_timeout = '5s'; SET LOCAL statement_timeout = 0"
)
REPEATABLE = sql.SQL("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
# The text of a value must not depend on who asks.
SAME_TEXT = sql.SQL(
    "SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'; "
    "SET LOCAL intervalstyle = 'iso_8601'; SET LOCAL extra_float_digits = 1; "
    "SET LOCAL bytea_output = 'hex'; SET LOCAL lc_monetary = 'C'; SET LOCAL xmloption = 'content'"
)

# Columns of a relation in order: name, type, the type's collation, the column's own, its name.
COLUMNS = sql.SQL(
    "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), "
    "a.attcollation <> t.typcollation, "
    "quote_ident(cn.nspname) || '.' || quote_ident(c.collname) "
    "FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid "
    "JOIN pg_namespace n ON n.oid = r.relnamespace JOIN pg_type t ON t.oid = a.atttypid "
    "LEFT JOIN pg_collation c ON c.oid = a.attcollation "
    "LEFT JOIN pg_namespace cn ON cn.oid = c.collnamespace "
    "WHERE n.nspname = %s AND r.relname = %s AND r.relkind IN ('r', 'p', 'v', 'm', 'f') "
    "AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
)
# What stands under the names of views: the kind, and what each reads itself.
READS = sql.SQL(
    "SELECT DISTINCT v.relname::text, v.relkind::text, rn.nspname::text, r.relname::text "
    "FROM pg_class v JOIN pg_namespace n ON n.oid = v.relnamespace "
    "LEFT JOIN pg_rewrite w ON w.ev_class = v.oid "
    "LEFT JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid "
    "AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> v.oid "
    "LEFT JOIN pg_class r ON r.oid = d.refobjid "
    "LEFT JOIN pg_namespace rn ON rn.oid = r.relnamespace "
    "WHERE n.nspname = %s AND v.relname = ANY(%s) "
    "AND v.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 1, 3, 4"
)
# How many of some views a transaction has written that has been committed.
WRITTEN_BY = sql.SQL(
    "SELECT count(*) FROM pg_rewrite w JOIN pg_class v ON v.oid = w.ev_class "
    "JOIN pg_namespace n ON n.oid = v.relnamespace "
    "WHERE n.nspname = %s AND v.relname = ANY(%s) AND w.xmin = %s::xid"
)
# What a role lacks to move views: what, and of which schema or view.
RIGHTS = sql.SQL(
    "SELECT 'USAGE and CREATE on schema ' || %(schema)s WHERE NOT COALESCE("
    "(SELECT has_schema_privilege(current_user, oid, 'USAGE') "
    "AND has_schema_privilege(current_user, oid, 'CREATE') "
    "FROM pg_namespace WHERE nspname = %(schema)s), false) "
    "UNION ALL SELECT 'the ownership of ' || %(schema)s || '.' || v.relname || ' (it belongs to ' "
    "|| pg_get_userbyid(v.relowner) || ')' "
    "FROM pg_class v JOIN pg_namespace n ON n.oid = v.relnamespace "
    "WHERE n.nspname = %(schema)s AND v.relname = ANY(%(views)s) "
    "AND NOT pg_has_role(current_user, v.relowner, 'USAGE') "
    "UNION ALL SELECT 'the right to write the trail (parity.append_trail)' "
    "WHERE NOT COALESCE((SELECT bool_and(has_function_privilege(current_user, p.oid, 'EXECUTE')) "
    "FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
    "WHERE n.nspname = 'parity' AND p.proname = 'append_trail'), false)"
)
# Who stands in the way of a session, as far as the asking role may see it.
BLOCKERS = sql.SQL(
    "SELECT a.pid, COALESCE(NULLIF(a.application_name, ''), a.backend_type, ''), "
    "COALESCE(a.usename, '')::text, a.state, COALESCE(a.xact_start, a.query_start) "
    "FROM unnest(pg_blocking_pids(%s)) b(pid) JOIN pg_stat_activity a ON a.pid = b.pid "
    "ORDER BY a.xact_start NULLS LAST, a.pid"
)
SINCE = sql.SQL(
    'SELECT kind, "by", content FROM parity.trail WHERE migration = %s AND number > %s '
    "ORDER BY number"
)
# Bytes of a table with its partitions; no row where it is not there, 0 for a view.
SIZE = sql.SQL(
    "SELECT COALESCE((SELECT sum(pg_table_size(t.relid)) FROM pg_partition_tree(c.oid) t), "
    "pg_table_size(c.oid), 0)::bigint FROM pg_class c JOIN pg_namespace n "
    "ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relname = %s"
)
IN_ZONE = sql.SQL("SELECT set_config('timezone', %s, true)")
# Under which config a run was first found, and when it was found last.
RUN_CONFIG = sql.SQL(
    "SELECT r.config, (SELECT max(a.at) FROM parity.attempt a WHERE a.run_id = r.run_id) "
    "FROM parity.run r WHERE r.run_id = %s"
)


def lock_timeout(limit: timedelta) -> sql.Composed:
    """How long each statement of this transaction waits for a lock; at least a millisecond."""
    return sql.SQL("SET LOCAL lock_timeout = {}").format(
        sql.Literal(f"{max(1, round(limit.total_seconds() * 1000))}ms")
    )


def make_gate(schema: str, gate: str = GATE) -> sql.Composed:
    """The gate of a schema; to make it again waits until nobody is in it, and keeps others out."""
    return sql.SQL("CREATE OR REPLACE VIEW {} AS SELECT TRUE AS open").format(
        sql.Identifier(schema, gate)
    )


def make_now(view: View, side: Side, schema: str) -> sql.Composed:
    """The view below, over a side."""
    return sql.SQL("CREATE OR REPLACE VIEW {} AS {}").format(
        sql.Identifier(schema, view.now), select(view, side)
    )


def make_served(view: View, schema: str, *, replace: bool, gate: str = GATE) -> sql.Composed:
    """The view that consumers read: first through the gate, then whatever is read now."""
    items = [
        sql.SQL("r.{n}::{k} AS {n}").format(n=sql.Identifier(name), k=sql.SQL(kind))
        for name, kind in view.columns
    ]
    if view.marked:
        items.append(sql.SQL("r.{}").format(sql.Identifier(MARK)))
    return sql.SQL("{} {} AS SELECT {} FROM {}, {} r").format(
        sql.SQL("CREATE OR REPLACE VIEW" if replace else "CREATE VIEW"),
        sql.Identifier(schema, view.name),
        sql.SQL(", ").join(items),
        sql.Identifier(schema, gate),
        sql.Identifier(schema, view.now),
    )


def make_view(view: View, side: Side, schema: str, *, replace: bool) -> sql.Composed:
    """The view that consumers read, straight over a side, as one would write it by hand.

    The next switch puts the gate between again.
    """
    return sql.SQL("{} {} AS {}").format(
        sql.SQL("CREATE OR REPLACE VIEW" if replace else "CREATE VIEW"),
        sql.Identifier(schema, view.name),
        select(view, side),
    )


def drop_view(name: str, schema: str) -> sql.Composed:
    """DROP VIEW with all that is built on it; only ever used in a schema for drills."""
    return sql.SQL("DROP VIEW IF EXISTS {} CASCADE").format(sql.Identifier(schema, name))


def select(view: View, side: Side) -> sql.Composed:
    """What a view shows of a side: every column by name and type."""
    items = [
        sql.SQL("r.{}::{} AS {}").format(
            sql.Identifier(column), sql.SQL(kind), sql.Identifier(name)
        )
        for column, kind, name in view.of(side)
    ]
    if view.marked:
        items.append(sql.SQL("{}::text AS {}").format(side.value, sql.Identifier(MARK)))
    return sql.SQL("SELECT {} FROM {} r").format(
        sql.SQL(", ").join(items), relation(view.served.relation(side))
    )


def relation(found: Relation) -> sql.Identifier:
    """A table or view."""
    return sql.Identifier(found.schema, found.table)


def nothing_of(view: View, side: Side, column: tuple[str, str] | None = None) -> sql.Composed:
    """Reads no row of a side as a view would; of one column, or of all."""
    some = View(view.served, (column,)) if column else view
    return sql.SQL("{} LIMIT 0").format(select(some, side))


def one_row(view: View, schema: str) -> sql.Composed:
    """Reads a row of a view, if it has any."""
    return sql.SQL("SELECT * FROM {} LIMIT 1").format(sql.Identifier(schema, view.name))


def side_seen(view: View, schema: str) -> sql.Composed:
    """A row of a marked view, which side it is of first."""
    return sql.SQL("SELECT v.{}, v.* FROM {} v LIMIT 1").format(
        sql.Identifier(MARK), sql.Identifier(schema, view.name)
    )


def digest_view(view: View, schema: str) -> sql.Composed:
    """Rows and two sums over hashes of what a view serves."""
    names = sql.SQL(", ").join(sql.Identifier(name) for name, _ in view.columns)
    source = sql.SQL("SELECT {} FROM {}").format(names, sql.Identifier(schema, view.name))
    return _digest(source, [name for name, _ in view.columns])


def digest_side(view: View, side: Side) -> sql.Composed:
    """The same of what a view would show of a side, read without the view."""
    return _digest(select(View(view.served, view.columns), side), [n for n, _ in view.columns])


def _digest(source: sql.Composable, columns: Sequence[str]) -> sql.Composed:
    """Sums of two 64-bit hashes of each row's text: no order, and no pair of rows, cancels out."""
    row = sql.SQL(", ").join(sql.Identifier("s", name) for name in columns)
    return sql.SQL(
        "SELECT count(*), COALESCE(sum(hashtextextended(t, 0)::numeric), 0)::text, "
        "COALESCE(sum(hashtextextended(t, 1)::numeric), 0)::text "
        'FROM (SELECT ROW({})::text COLLATE "C" AS t FROM ({}) s) texts'
    ).format(row, source)


def newest(dataset: Dataset, side: Side) -> tuple[sql.Composed, list[object]]:
    """The newest moment of a side's rows, and whether it has any; with the values to bind.

    A date or a bare timestamp is taken in the time zone of the transaction.
    """
    rename = dict(dataset.rename) if side is Side.CANDIDATE else {}
    tests: list[sql.Composable] = [sql.SQL("TRUE")]
    values: list[object] = []
    for column, wanted in dataset.where:
        marks = sql.SQL(", ").join([sql.Placeholder()] * len(wanted))
        name = sql.Identifier(rename.get(column, column))
        tests.append(sql.SQL("{} IN ({})").format(name, marks))
        values += wanted
    moment: sql.Composable = sql.SQL("max(NULL::timestamptz)")
    if dataset.time is not None:
        column = rename.get(dataset.time, dataset.time)
        moment = sql.SQL("max({})").format(sql.Identifier(column))
    text = sql.SQL(
        "SELECT (SELECT {moment} FROM {of} WHERE {tests})::timestamptz, "
        "EXISTS (SELECT FROM {of} WHERE {tests})"
    ).format(moment=moment, of=relation(dataset.relation(side)), tests=sql.SQL(" AND ").join(tests))
    return text, values * 2
