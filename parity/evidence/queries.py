"""SQL of the evidence: stored runs with a digest of each of their parts."""

from __future__ import annotations

from psycopg import sql

__all__ = ["HEAD", "LOCK", "RUNS", "STORED"]

# Of two that seal at once, the second waits; the lock is gone with the transaction.
LOCK = sql.SQL("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7301846))")

HEAD = sql.SQL(
    "SELECT number, hash FROM parity.trail WHERE migration = %s ORDER BY number DESC LIMIT 1"
)

RUNS = sql.SQL("SELECT run_id, at FROM parity.run WHERE migration = %s ORDER BY at, run_id")


def _digest(table: str, columns: str, order: str) -> sql.Composed:
    """Rows of a run, and a SHA-256 over that of each row's text: 32 bytes a row are held."""
    return sql.SQL(
        "SELECT count(*) AS rows, encode(sha256(COALESCE(string_agg("
        "sha256(convert_to(ROW({columns})::text, 'UTF8')), ''::bytea ORDER BY {order}), "
        "''::bytea)), 'hex') AS sum FROM {table} p WHERE p.run_id = r.run_id"
    ).format(columns=sql.SQL(columns), order=sql.SQL(order), table=sql.Identifier("parity", table))


# A moment and a day have one text here, whatever the connection has set.
STORED = sql.SQL(
    "SELECT r.run_id, r.phase, r.session::text, r.verdict, r.at, r.content, r.config, "
    "encode(sha256(convert_to(ROW(r.run_id, r.migration, r.phase, "
    "to_char(r.session, 'YYYY-MM-DD'), "
    "to_char(r.as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), "
    "r.verdict, r.content, r.config, r.result::text, "
    "to_char(r.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'))::text, 'UTF8')), 'hex'), "
    "d.rows, d.sum, q.rows, q.sum "
    "FROM parity.run r, LATERAL ({rows}) d, LATERAL ({checks}) q "
    "WHERE r.migration = %(migration)s AND (%(run_id)s::text IS NULL OR r.run_id = %(run_id)s)"
).format(
    rows=_digest(
        "discrepancy",
        "p.dataset, p.ordinal, p.state, p.key, p.legacy, p.candidate, p.columns, p.incident",
        'p.dataset COLLATE "C", p.ordinal',
    ),
    checks=_digest(
        "quality_check",
        'p.ordinal, p.dataset, p.side, p.expectation, p."column", p.success, p.unexpected, '
        "p.total, p.detail",
        "p.ordinal",
    ),
)
