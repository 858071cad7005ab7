"""SQL text of the store that SQLAlchemy has no words for."""

from __future__ import annotations

from psycopg import sql

__all__ = ["COPY_DISCREPANCIES", "LOCK_SESSION"]

COPY_DISCREPANCIES = sql.SQL(
    "COPY parity.discrepancy "
    "(run_id, dataset, ordinal, state, key, legacy, candidate, columns) FROM STDIN"
)
LOCK_SESSION = sql.SQL("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7301843))")
