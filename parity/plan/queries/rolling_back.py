"""SQL of a rollback: what is looked at before and after the switch. Nothing locks a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from psycopg import sql

__all__ = [
    "ABSENT",
    "CONFIG",
    "HOLDERS",
    "LOCKED",
    "MIGRATIONS",
    "NEWEST",
    "PHASE",
    "PREPARED",
    "SHOWN",
    "TRAIL",
    "TRY_LOCK",
    "append_phase",
    "append_switch",
    "lock_timeout",
    "script",
]

# One catch-up of a migration at a time; gone with the process that held it.
TRY_LOCK = sql.SQL("SELECT pg_try_advisory_lock(hashtextextended(%s, 7301852))")
HOLDERS = sql.SQL(
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND ((classid::bigint << 32) | objid::bigint) = hashtextextended(%s, 7301852)"
)
# Of some relations, those that are not there.
ABSENT = sql.SQL(
    "SELECT w.schema, w.name FROM unnest(%s::text[], %s::text[]) w(schema, name) "
    "WHERE NOT EXISTS (SELECT FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace "
    "WHERE n.nspname = w.schema AND r.relname = w.name "
    "AND r.relkind IN ('r', 'p', 'v', 'm', 'f')) ORDER BY 1, 2"
)
# Who has one of some relations alone, or waits to have it, so that nobody else comes to it.
LOCKED = sql.SQL(
    "SELECT n.nspname || '.' || r.relname, l.granted, a.pid, "
    "COALESCE(NULLIF(a.application_name, ''), a.backend_type, ''), "
    "COALESCE(a.usename, '')::text FROM pg_locks l JOIN pg_class r ON r.oid = l.relation "
    "JOIN pg_namespace n ON n.oid = r.relnamespace JOIN pg_stat_activity a ON a.pid = l.pid "
    "WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND (n.nspname, r.relname) IN (SELECT * FROM unnest(%s::text[], %s::text[])) "
    "ORDER BY 1, l.granted DESC, a.pid"
)
# The columns of a view in the words of a cast: a collation that is not the type's own is said.
SHOWN = sql.SQL(
    "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod) || CASE "
    "WHEN a.attcollation <> t.typcollation THEN ' COLLATE ' || quote_ident(cn.nspname) || '.' "
    "|| quote_ident(c.collname) ELSE '' END "
    "FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid "
    "JOIN pg_namespace n ON n.oid = r.relnamespace JOIN pg_type t ON t.oid = a.atttypid "
    "LEFT JOIN pg_collation c ON c.oid = a.attcollation "
    "LEFT JOIN pg_namespace cn ON cn.oid = c.collnamespace "
    "WHERE n.nspname = %s AND r.relname = %s AND r.relkind = 'v' "
    "AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
)
TRAIL = sql.SQL(
    'SELECT number, migration, at, kind, "by", content, previous, hash FROM parity.trail '
    "WHERE migration = %s AND kind = ANY(%s) ORDER BY number"
)
# The database has what a migration needs, so it may be the one that is meant.
PREPARED = sql.SQL(
    "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'parity_harness') "
    "AND EXISTS (SELECT FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace "
    "WHERE n.nspname = 'parity' AND r.relname = 'trail')"
)
MIGRATIONS = sql.SQL("SELECT DISTINCT migration FROM parity.trail ORDER BY 1")
CONFIG = sql.SQL(
    "SELECT at, content FROM parity.trail WHERE migration = %s AND kind = 'config' "
    "ORDER BY number DESC LIMIT 1"
)
_OF = "FROM parity.trail t WHERE t.migration = {} AND t.kind = {} ORDER BY t.number DESC LIMIT 1"
NEWEST = sql.SQL("SELECT t.number " + _OF).format(sql.Placeholder(), sql.Literal("switch"))
PHASE = sql.SQL("SELECT t.content::json ->> 'to' " + _OF).format(
    sql.Placeholder(), sql.Literal("phase")
)


def lock_timeout(limit: timedelta, *, local: bool) -> sql.Composed:
    """How long a statement waits for a lock: of this transaction, or of the session."""
    return sql.SQL("SET {} lock_timeout = {}").format(
        sql.SQL("LOCAL" if local else "SESSION"),
        sql.Literal(f"{max(1, round(limit.total_seconds() * 1000))}ms"),
    )


def script(
    role: str, limit: timedelta, views: list[sql.Composed], rows: list[sql.Composed]
) -> list[sql.Composable]:
    """The statements of a switch by hand, in one transaction."""
    return [
        sql.SQL("BEGIN;"),
        sql.SQL("SET LOCAL ROLE {};").format(sql.Identifier(role)),
        sql.SQL("{};").format(lock_timeout(limit, local=True)),
        *(sql.SQL("{};").format(view) for view in views),
        *rows,
        sql.SQL("COMMIT;"),
    ]


def append_switch(migration: str, by: str, content: str) -> sql.Composed:
    """Adds the row of a switch to the trail; the operation gets an id when it is run."""
    return sql.SQL(
        "SELECT parity.append_trail({}, 'switch', {}, ({}::jsonb || jsonb_build_object("
        "'operation', 'by-hand-' || left(gen_random_uuid()::text, 8)))::text);"
    ).format(sql.Literal(migration), sql.Literal(by), sql.Literal(content))


def append_phase(
    migration: str, by: str, why: str, to: str, only_from: Sequence[str]
) -> sql.Composed:
    """Adds the row of a phase to the trail, if the phase in force then is one of some."""
    now = sql.SQL("SELECT t.content::json ->> 'to' AS phase " + _OF).format(
        sql.Literal(migration), sql.Literal("phase")
    )
    return sql.SQL(
        "SELECT parity.append_trail({migration}, 'phase', {by}, json_build_object('from', "
        "p.phase, 'to', {to}, 'why', {why}, 'evidence', json_build_array(), 'forced', false)::text)"
        " FROM ({now}) p WHERE p.phase IN ({phases});"
    ).format(
        migration=sql.Literal(migration),
        by=sql.Literal(by),
        to=sql.Literal(to),
        why=sql.Literal(why),
        now=now,
        phases=sql.SQL(", ").join(map(sql.Literal, only_from)),
    )
