"""SQL of the gates."""

from __future__ import annotations

from psycopg import sql

__all__ = [
    "COMPARED_BEFORE",
    "CONFIGS",
    "NEWEST_PHASE",
    "TRAIL_LOCK",
]

# Sessions whose first comparison was before a moment, whatever has been found of them since.
COMPARED_BEFORE = sql.SQL(
    "SELECT session FROM parity.attempt WHERE migration = %s GROUP BY session HAVING min(at) < %s"
)
CONFIGS = sql.SQL("SELECT run_id, config FROM parity.run WHERE migration = %s")
# The lock that parity.append_trail takes: until the transaction ends nobody else adds a row.
TRAIL_LOCK = sql.SQL("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7301845))")
NEWEST_PHASE = sql.SQL(
    "SELECT coalesce(max(number), 0) FROM parity.trail WHERE migration = %s AND kind = 'phase'"
)
