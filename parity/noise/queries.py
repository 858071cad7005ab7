"""SQL of the scratch database. Identifiers are quoted by psycopg, values are bound."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from parity.model.suite import Relation

__all__ = [
    "COLUMNS",
    "COPY_SETTINGS",
    "LOG_STUB",
    "SCHEMAS",
    "SET",
    "SETTINGS",
    "analyze",
    "copy_in",
    "copy_out",
    "create_like",
    "keep_setting",
]

SCHEMAS = sql.SQL("SELECT nspname::text FROM pg_namespace WHERE nspname = ANY(%s)")
# What ALTER DATABASE and ALTER ROLE IN DATABASE have set: role (NULL: any), name and value.
SETTINGS = sql.SQL(
    "SELECT r.rolname::text, split_part(c, '=', 1), substr(c, strpos(c, '=') + 1) "
    "FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase "
    "LEFT JOIN pg_roles r ON r.oid = s.setrole CROSS JOIN unnest(s.setconfig) c "
    "WHERE d.datname = current_database() AND (s.setrole = 0 OR r.rolname IS NOT NULL)"
)
SET = sql.SQL("SELECT set_config(%s, %s, false)")

# Stands for the function of the log of touched segments, whose triggers are on copied tables.
LOG_STUB = sql.SQL(
    "CREATE SCHEMA parity AUTHORIZATION parity_harness; CREATE FUNCTION parity.note_touched() "
    "RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
)

# A value has one text on both sides; a policy that hides rows is an error.
COPY_SETTINGS = sql.SQL(
    "SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'postgres'; "
    "SET LOCAL extra_float_digits = 1; SET LOCAL row_security = off"
)
COLUMNS = sql.SQL(
    "SELECT a.attname::text FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid "
    "JOIN pg_namespace n ON n.oid = r.relnamespace WHERE n.nspname = %s AND r.relname = %s "
    "AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
)


def keep_setting(database: str, role: str | None, name: str) -> sql.Composed:
    """Makes the session's value of a setting that of a database, for one role or any."""
    setting = sql.SQL(".").join(sql.Identifier(part) for part in name.split("."))
    if role is None:
        return sql.SQL("ALTER DATABASE {} SET {} FROM CURRENT").format(
            sql.Identifier(database), setting
        )
    return sql.SQL("ALTER ROLE {} IN DATABASE {} SET {} FROM CURRENT").format(
        sql.Identifier(role), sql.Identifier(database), setting
    )


def create_like(copy: Relation, relation: Relation) -> sql.Composed:
    """CREATE TABLE with the columns and indexes of a relation."""
    return sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING INDEXES)").format(
        sql.Identifier(copy.schema, copy.table), sql.Identifier(relation.schema, relation.table)
    )


def copy_out(relation: Relation, columns: Sequence[str]) -> sql.Composed:
    """COPY of a relation's rows, be it a table or a view."""
    return sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.Identifier(relation.schema, relation.table),
    )


def copy_in(relation: Relation, columns: Sequence[str]) -> sql.Composed:
    """COPY into a table."""
    return sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(relation.schema, relation.table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
    )


def analyze(relation: Relation) -> sql.Composed:
    """ANALYZE."""
    return sql.SQL("ANALYZE {}").format(sql.Identifier(relation.schema, relation.table))
