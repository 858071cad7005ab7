"""SQL for roles, schemas and locks. Identifiers are quoted by psycopg, values are bound."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

# Any fixed number will do, as long as nothing else in the database uses it.
LOCK_PROVISION = sql.SQL("SELECT pg_advisory_xact_lock(7301842)")
TRY_LOCK = sql.SQL("SELECT pg_try_advisory_lock(hashtextextended(%s, 7301842))")
# Each role that exists, and whether the connecting role may take it on.
EXISTING_ROLES = sql.SQL(
    "SELECT rolname, pg_has_role(current_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = ANY(%s)"
)
DATABASE_EXISTS = sql.SQL("SELECT 1 FROM pg_database WHERE datname = %s")


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
# Only the role's own.
END_KEEPERS = sql.SQL(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE application_name = %s AND usename = current_user AND datname = current_database() "
    "AND pid <> ALL(%s)"
)
ROWS_ABOUT = sql.SQL(
    "SELECT COALESCE(sum(GREATEST(r.reltuples, 0)), 0)::float8 FROM pg_class r "
    "JOIN pg_namespace n ON n.oid = r.relnamespace "
    "JOIN unnest(%s::text[], %s::text[]) w(schema, name) "
    "ON w.schema = n.nspname AND w.name = r.relname"
)


def use_snapshot(token: str) -> sql.Composed:
    """Makes a fresh REPEATABLE READ transaction see what another one sees."""
    return sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(token))
