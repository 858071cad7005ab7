"""SQL text of the store that SQLAlchemy has no words for."""

from __future__ import annotations

from psycopg import sql

__all__ = ["COPY_DISCREPANCIES", "LOCK", "SINCE"]

COPY_DISCREPANCIES = sql.SQL(
    "COPY parity.discrepancy "
    "(run_id, dataset, ordinal, state, key, legacy, candidate, columns, incident) FROM STDIN"
)
LOCK = sql.SQL("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7301843))")

# The discrepancies of two runs side by side: of each kind how many there are, and the first five
# keys. Rows of one state and key (doubled keys) pair up in their order.
SINCE = sql.SQL(
    "WITH now AS (SELECT *, row_number() OVER (PARTITION BY state, key ORDER BY ordinal) AS place "
    "FROM parity.discrepancy WHERE run_id = %(now)s AND dataset = %(dataset)s), "
    "before AS (SELECT *, row_number() OVER (PARTITION BY state, key ORDER BY ordinal) AS place "
    "FROM parity.discrepancy WHERE run_id = %(before)s AND dataset = %(dataset)s), "
    "paired AS (SELECT key, coalesce(now.ordinal, before.ordinal) AS ordinal, "
    "CASE WHEN before.ordinal IS NULL THEN 'new' WHEN now.ordinal IS NULL THEN 'gone' "
    "WHEN now.legacy IS DISTINCT FROM before.legacy "
    "OR now.candidate IS DISTINCT FROM before.candidate OR now.columns <> before.columns "
    "THEN 'changed' ELSE 'same' END AS kind "
    "FROM now FULL JOIN before USING (state, key, place)), "
    "ranked AS (SELECT kind, key, count(*) OVER (PARTITION BY kind) AS total, "
    "row_number() OVER (PARTITION BY kind ORDER BY ordinal) AS rank FROM paired) "
    "SELECT kind, total, key FROM ranked WHERE rank <= 5 ORDER BY kind, rank"
)
