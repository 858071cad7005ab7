"""What a backup is compared by: every table of some schemas, its rows and a digest of them."""

from __future__ import annotations

from psycopg import sql

__all__ = ["SCHEMAS", "TABLES", "grant_create", "tally"]

SCHEMAS = sql.SQL("SELECT nspname::text FROM pg_namespace WHERE nspname = ANY(%s) ORDER BY 1")

# Tables and partitions hold rows; a materialized view is made anew when it is restored.
TABLES = sql.SQL(
    "SELECT n.nspname::text, r.relname::text FROM pg_class r "
    "JOIN pg_namespace n ON n.oid = r.relnamespace "
    "WHERE n.nspname = ANY(%s) AND r.relkind = 'r' ORDER BY 1, 2"
)


def tally(schema: str, table: str) -> sql.Composed:
    """Number of rows of a table, and two sums over hashes of each row's text."""
    return sql.SQL(
        "SELECT count(*), COALESCE(sum(hashtextextended(t, 0)::numeric), 0)::text, "
        "COALESCE(sum(hashtextextended(t, 1)::numeric), 0)::text "
        'FROM (SELECT (r.*)::text COLLATE "C" AS t FROM ONLY {} r) texts'
    ).format(sql.Identifier(schema, table))


def grant_create(database: str, role: str) -> sql.Composed:
    """Lets a role own schemas of a database."""
    return sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(
        sql.Identifier(database), sql.Identifier(role)
    )
