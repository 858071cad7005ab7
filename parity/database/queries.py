"""SQL for roles, schemas and locks. Identifiers are quoted by psycopg, values are bound."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

# Any fixed number will do, as long as nothing else in the database uses it.
LOCK_PROVISION = sql.SQL("SELECT pg_advisory_xact_lock(7301842)")
TRY_LOCK = sql.SQL("SELECT pg_try_advisory_lock(hashtextextended(%s, 7301842))")
UNLOCK = sql.SQL("SELECT pg_advisory_unlock(hashtextextended(%s, 7301842))")
# Who holds that lock, and when that session began.
LOCK_HOLDER = sql.SQL(
    "SELECT l.pid, a.backend_start AT TIME ZONE 'UTC' FROM pg_locks l "
    "LEFT JOIN pg_stat_activity a ON a.pid = l.pid "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND ((l.classid::bigint << 32) | l.objid::bigint) = hashtextextended(%s, 7301842) "
    "AND a.backend_start IS NOT NULL"
)
# Adds a row to the audit trail, as part of the transaction; answers with its number.
APPEND_TRAIL = sql.SQL("SELECT parity.append_trail(%s, %s, %s, %s)")
# Each role that exists, and whether the connecting role may take it on.
EXISTING_ROLES = sql.SQL(
    "SELECT rolname, pg_has_role(current_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = ANY(%s)"
)
# Where the server looks for extensions; a change holds for connections made after the reload.
CONTRIB_PATHS = sql.SQL(
    "SELECT current_setting('extension_control_path'), current_setting('dynamic_library_path')"
)
RELOAD = sql.SQL("SELECT pg_reload_conf()")
DATABASE_EXISTS = sql.SQL("SELECT 1 FROM pg_database WHERE datname = %s")
# Every schema with its comment, of which one may say that it is in quarantine.
SCHEMAS_SAID = sql.SQL(
    "SELECT nspname::text, obj_description(oid, 'pg_namespace') FROM pg_namespace"
)
# The login of a team may read less than the harness; then it is as if nothing had been dropped.
TRAIL_READABLE = sql.SQL(
    "SELECT EXISTS (SELECT FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace "
    "WHERE n.nspname = 'parity' AND r.relname = 'trail' "
    "AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(r.oid, 'SELECT'))"
)
CLEANUPS = sql.SQL("SELECT content FROM parity.trail WHERE kind = 'cleanup' ORDER BY id")


def contrib_paths(folder: str) -> list[sql.Composed]:
    """ALTER SYSTEM: extensions are also found below that folder of another installation."""
    return [
        sql.SQL("ALTER SYSTEM SET extension_control_path = {}").format(f"$system:{folder}/share"),
        sql.SQL("ALTER SYSTEM SET dynamic_library_path = {}").format(f"$libdir:{folder}/lib"),
    ]


def create_role(role: str, *, login: bool) -> sql.Composed:
    """CREATE ROLE, with or without LOGIN."""
    option = sql.SQL("LOGIN" if login else "NOLOGIN")
    return sql.SQL("CREATE ROLE {} {}").format(sql.Identifier(role), option)


def grant_membership(role: str) -> sql.Composed:
    """Lets the connecting role take on `role`."""
    return sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role))


def create_database(name: str, owner: str) -> sql.Composed:
    """CREATE DATABASE with an owner."""
    return sql.SQL("CREATE DATABASE {} OWNER {}").format(
        sql.Identifier(name), sql.Identifier(owner)
    )


def close_database(database: str, roles: Sequence[str]) -> sql.Composed:
    """Only the named roles connect; nobody makes temporary tables."""
    return sql.SQL(
        "REVOKE ALL ON DATABASE {database} FROM PUBLIC; "
        "GRANT CONNECT ON DATABASE {database} TO {roles}"
    ).format(
        database=sql.Identifier(database), roles=sql.SQL(", ").join(map(sql.Identifier, roles))
    )


def create_schema(schema: str, owner: str) -> sql.Composed:
    """CREATE SCHEMA IF NOT EXISTS with an owner."""
    return sql.SQL("CREATE SCHEMA IF NOT EXISTS {} AUTHORIZATION {}").format(
        sql.Identifier(schema), sql.Identifier(owner)
    )


def grant_read(schema: str, owner: str, reader: str) -> list[sql.Composed]:
    """`reader` sees the schema's tables, those of today and those that the owner will make."""
    names = {
        "schema": sql.Identifier(schema),
        "owner": sql.Identifier(owner),
        "reader": sql.Identifier(reader),
    }
    return [
        sql.SQL("GRANT USAGE ON SCHEMA {schema} TO {reader}").format(**names),
        sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {reader}").format(**names),
        sql.SQL(
            "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema} "
            "GRANT SELECT ON TABLES TO {reader}"
        ).format(**names),
    ]


# Snapshots that several connections share.
KEEPER = "parity snapshot keeper"
EXPORT_SNAPSHOT = sql.SQL("SELECT pg_export_snapshot()")
NEVER_IDLE = sql.SQL("SET LOCAL idle_in_transaction_session_timeout = 0")
CURRENT_SNAPSHOT = sql.SQL("SELECT pg_current_snapshot()::text, clock_timestamp()")
# A token and the numbers of transactions begin anew with the server: this tells one from another.
SERVER_START = sql.SQL("SELECT extract(epoch FROM pg_postmaster_start_time())::text")
# The keepers are of the login, whatever role it has taken on.
AS_LOGIN = sql.SQL("SET ROLE NONE")
END_KEEPERS = sql.SQL(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE pid = ANY(%s) AND application_name = %s AND datname = current_database()"
)
# What stands behind relations: themselves, their partitions and heirs, and what views read.
# Functions about files see what has been committed, whatever the snapshot is.
STORAGE = sql.SQL(
    "WITH RECURSIVE behind AS (SELECT r.oid, r.relkind FROM pg_class r "
    "JOIN pg_namespace n ON n.oid = r.relnamespace "
    "JOIN unnest(%s::text[], %s::text[]) w(schema, name) "
    "ON w.schema = n.nspname AND w.name = r.relname "
    "UNION SELECT r.oid, r.relkind FROM behind b CROSS JOIN LATERAL ("
    "SELECT i.inhrelid AS oid FROM pg_inherits i WHERE i.inhparent = b.oid "
    "UNION ALL SELECT d.refobjid FROM pg_rewrite w JOIN pg_depend d "
    "ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid "
    "AND d.refclassid = 'pg_class'::regclass "
    "WHERE w.ev_class = b.oid AND b.relkind = 'v') o JOIN pg_class r ON r.oid = o.oid) "
    "SELECT n.nspname || '.' || r.relname, "
    "b.oid::text || ' ' || COALESCE(pg_relation_filenode(b.oid), 0) "
    "FROM behind b JOIN pg_class r ON r.oid = b.oid JOIN pg_namespace n ON n.oid = r.relnamespace"
)


def lock_timeout(seconds: float, *, local: bool) -> sql.Composed:
    """How long a statement waits for a lock: of this transaction, or of the session."""
    return sql.SQL("SET {} lock_timeout = {}").format(
        sql.SQL("LOCAL" if local else "SESSION"), sql.Literal(f"{round(seconds * 1000)}ms")
    )


def lock_relation(schema: str, name: str) -> sql.Composed:
    """Nobody empties or rewrites a table, or what a view reads, until the transaction ends."""
    return sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(sql.Identifier(schema, name))


def rows_about(schema: str, name: str) -> sql.Composed:
    """The plan of a relation's rows. To make it takes the same lock on all that would be read."""
    return sql.SQL("EXPLAIN (FORMAT JSON) SELECT FROM {}").format(sql.Identifier(schema, name))


def use_snapshot(token: str) -> sql.Composed:
    """Makes a fresh REPEATABLE READ transaction see what another one sees."""
    return sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(token))
