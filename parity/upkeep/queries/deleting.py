"""What is deleted of schema `parity` and of the flows' accounts."""

from __future__ import annotations

from psycopg import sql

from parity.model.suite import Relation

__all__ = [
    "KINDS",
    "KNOWN_LOGS",
    "KNOWN_RUNS",
    "PAST_RUNS",
    "PAST_SESSIONS",
    "PROTECTED_SESSIONS",
    "TABLE_EXISTS",
    "count_older",
    "count_past",
    "delete_older",
    "delete_past",
]


def _phase_at(table: str, at: str) -> sql.Composed:
    """The phase in force at a row's moment; a migration starts in `parallel_run`."""
    return sql.SQL(
        "COALESCE((SELECT c.content::json ->> 'to' FROM parity.trail c WHERE c.kind = 'phase' "
        "AND c.migration = {table}.migration AND c.at <= {table}.{at} "
        "ORDER BY c.number DESC LIMIT 1), 'parallel_run')"
    ).format(table=sql.Identifier(table), at=sql.Identifier(at))


# A session is kept or deleted as a whole: runs are numbered within it, and a page tells of it.
# So is one of which a decision names a run: what it rested on stays.
PROTECTED_SESSIONS = sql.SQL(
    "SELECT session FROM parity.run WHERE migration = %(migration)s AND phase = %(phase)s "
    "UNION SELECT session FROM parity.job_run WHERE migration = %(migration)s "
    "AND {} = %(phase)s "
    "UNION SELECT r.session FROM parity.run r JOIN parity.trail t "
    "ON t.migration = r.migration AND t.kind IN ('phase', 'switch', 'override') "
    "AND strpos(t.content, to_json(r.run_id)::text) > 0 "
    "WHERE r.migration = %(migration)s"
).format(_phase_at("job_run", "at"))
PAST_SESSIONS = sql.SQL(
    "SELECT session FROM parity.run WHERE migration = %(migration)s AND session < %(before)s "
    "UNION SELECT session FROM parity.job_run "
    "WHERE migration = %(migration)s AND session < %(before)s "
    "EXCEPT ({}) ORDER BY session"
).format(PROTECTED_SESSIONS)
PAST_RUNS = sql.SQL(
    "SELECT run_id FROM parity.run "
    "WHERE migration = %(migration)s AND session = ANY(%(sessions)s) ORDER BY session, run_id"
)
KNOWN_RUNS = sql.SQL("SELECT run_id FROM parity.run WHERE migration = %(migration)s")
KNOWN_LOGS = sql.SQL(
    "SELECT DISTINCT session, name FROM parity.job_run "
    "WHERE migration = %(migration)s AND session = ANY(%(sessions)s)"
)
TABLE_EXISTS = sql.SQL("SELECT to_regclass(%s) IS NOT NULL")

_OF_RUNS = sql.SQL(
    "run_id IN (SELECT run_id FROM parity.run "
    "WHERE migration = %(migration)s AND session = ANY(%(sessions)s))"
)
_OF_SESSIONS = sql.SQL("migration = %(migration)s AND session = ANY(%(sessions)s)")
# The newest measurement of a dataset holds, however old.
_OLD_NOISE = sql.SQL(
    "migration = %(migration)s AND session < %(before)s AND {} <> %(phase)s "
    "AND EXISTS (SELECT FROM parity.noise newer WHERE newer.migration = noise.migration "
    "AND newer.dataset = noise.dataset AND newer.at > noise.at)"
).format(_phase_at("noise", "at"))
# One that is open, or of which somebody is still to be told, stays.
_OLD_ALERTS = sql.SQL(
    "migration = %(migration)s AND closed_at < %(moment)s AND told_at IS NOT NULL "
    "AND (recovery IS NULL OR recovery_told_at IS NOT NULL) AND {} <> %(phase)s"
).format(_phase_at("alert", "opened_at"))
# What is deleted in one transaction, in this order; children first, as no key cascades.
KINDS: dict[str, dict[str, tuple[str, sql.Composable]]] = {
    "runs": {
        "differing rows": ("discrepancy", _OF_RUNS),
        "audits": ("audit", _OF_RUNS),
        "quality checks": ("quality_check", _OF_RUNS),
        "attempts": ("attempt", _OF_RUNS),
        "runs": ("run", _OF_SESSIONS),
        "runs of jobs": ("job_run", _OF_SESSIONS),
    },
    "noise": {"noise measurements": ("noise", _OLD_NOISE)},
    "alerts": {"closed alerts": ("alert", _OLD_ALERTS)},
}


def delete_past(kind: str, what: str) -> sql.Composed:
    """Deletes rows of one of the KINDS."""
    table, condition = KINDS[kind][what]
    return sql.SQL("DELETE FROM {} WHERE {}").format(sql.Identifier("parity", table), condition)


def count_past(kind: str, what: str) -> sql.Composed:
    """How many rows `delete_past` would delete."""
    table, condition = KINDS[kind][what]
    return sql.SQL("SELECT count(*) FROM {} WHERE {}").format(
        sql.Identifier("parity", table), condition
    )


def delete_older(relation: Relation) -> sql.Composed:
    """Deletes what a pipeline noted of runs that started before a moment."""
    return sql.SQL("DELETE FROM {} WHERE started_at < %s").format(
        sql.Identifier(relation.schema, relation.table)
    )


def count_older(relation: Relation) -> sql.Composed:
    """How many rows `delete_older` would delete."""
    return sql.SQL("SELECT count(*) FROM {} WHERE started_at < %s").format(
        sql.Identifier(relation.schema, relation.table)
    )
