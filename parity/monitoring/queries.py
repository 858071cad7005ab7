"""SQL of monitoring. Identifiers are quoted by psycopg, values are bound."""

from __future__ import annotations

from collections.abc import Collection

from psycopg import sql

from parity.model.suite import Relation

__all__ = ["COLUMNS", "NIGHT_RUNS", "flow_names", "flow_runs", "newest_flow_run", "symbol_counts"]

COLUMNS = sql.SQL(
    "SELECT attname FROM pg_attribute "
    "WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped"
)
# Whether somebody holds the lock of a migration's nights (parity.database.queries.TRY_LOCK).
NIGHT_RUNS = sql.SQL(
    "SELECT EXISTS (SELECT FROM pg_locks "
    "WHERE locktype = 'advisory' AND granted AND objsubid = 1 "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND ((classid::bigint << 32) | objid::bigint) = hashtextextended(%s, 7301842))"
)

_FLOW_OPTIONAL = {
    "as_of": "timestamptz",
    "symbols": "bigint",
    "failed": "bigint",
    "retries": "bigint",
    "cpu_seconds": "double precision",
    "peak_memory": "bigint",
}


def newest_flow_run(table: Relation, columns: Collection[str]) -> sql.Composed:
    """The newest moment that a run stands for."""
    return sql.SQL("SELECT max({at}) FROM {table}").format(at=_at(columns), table=_name(table))


def flow_names(table: Relation) -> sql.Composed:
    """Every flow that has ever run."""
    return sql.SQL("SELECT DISTINCT job FROM {table} ORDER BY job").format(table=_name(table))


def flow_runs(table: Relation, columns: Collection[str]) -> sql.Composed:
    """The runs that stand for moments from `first` up to, not including, `end` (may be NULL)."""
    optional = [
        sql.SQL("{} AS {}").format(_or_null(name, kind, columns), sql.Identifier(name))
        for name, kind in _FLOW_OPTIONAL.items()
        if name != "as_of"
    ]
    return sql.SQL(
        "SELECT run_id::text, job, {at} AS at, started_at, finished_at, state, {optional} "
        "FROM {table} WHERE {at} >= %(first)s "
        "AND (%(end)s::timestamptz IS NULL OR {at} < %(end)s) ORDER BY started_at, run_id"
    ).format(at=_at(columns), optional=sql.SQL(", ").join(optional), table=_name(table))


def symbol_counts(table: Relation, columns: Collection[str]) -> sql.Composed:
    """How many symbols each job did in each run and session.

    A row belongs to the night's jobs that ran as it began (`starts`, `ends`, `days`: one element
    each), else to its own day in `zone`. Of a flow run's rows of one symbol the last one counts.
    """
    return sql.SQL(
        "WITH span AS (SELECT * FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[], "
        "%(days)s::date[]) AS s (first, last, day)), "
        "told AS (SELECT job, {run_id} AS run_id, symbol, started_at, status, "
        "{attempts} AS attempts, row_number() OVER (PARTITION BY job, {run_id}, symbol "
        "ORDER BY started_at DESC, {finished} DESC NULLS FIRST) AS place "
        "FROM {table} WHERE started_at >= %(since)s) "
        "SELECT job, run_id, "
        "coalesce(night.day, (started_at AT TIME ZONE %(zone)s)::date) AS session, "
        "count(*) AS symbols, count(*) FILTER (WHERE status = 'failed') AS failed, "
        "count(*) FILTER (WHERE status = 'empty') AS empty, "
        "sum(CASE WHEN attempts IS NOT NULL THEN greatest(attempts - 1, 0) END)::bigint AS retries "
        "FROM told LEFT JOIN LATERAL (SELECT day FROM span "
        "WHERE told.started_at BETWEEN span.first AND span.last ORDER BY span.first DESC LIMIT 1"
        ") night ON true WHERE run_id IS NULL OR place = 1 GROUP BY 1, 2, 3 ORDER BY 1, 3, 2"
    ).format(
        run_id=_or_null("run_id", "text", columns),
        attempts=_or_null("attempts", "integer", columns),
        finished=_or_null("finished_at", "timestamptz", columns),
        table=_name(table),
    )


def _at(columns: Collection[str]) -> sql.Composable:
    return sql.SQL("coalesce(as_of, started_at)" if "as_of" in columns else "started_at")


def _or_null(name: str, kind: str, columns: Collection[str]) -> sql.Composable:
    """The column, or NULL of its type where the table has none of that name."""
    value = sql.Identifier(name) if name in columns else sql.NULL
    return sql.SQL("{}::{}").format(value, sql.SQL(kind))


def _name(table: Relation) -> sql.Identifier:
    return sql.Identifier(table.schema, table.table)
