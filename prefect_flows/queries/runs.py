"""The flows' account of their own runs: a row a run in `flow_runs`, a row a symbol in `load_runs`.

A run holds a lock of the database for as long as its process lives. Where a run is still noted as
`running` and nobody holds its lock, it was interrupted, wherever it ran.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from psycopg import Connection
from psycopg.types.json import Jsonb

from prefect_flows.work.outcome import Outcome, Status, Usage

__all__ = ["begin", "done", "finish", "interrupted", "record"]

_LOCK = "SELECT pg_try_advisory_lock(hashtextextended('prefect_flows.run ' || %s, 0))"
_UNLOCK = "SELECT pg_advisory_unlock(hashtextextended('prefect_flows.run ' || %s, 0))"
# A run that is run again under its own id (Prefect's retry) starts anew.
_BEGIN = """
INSERT INTO prefect.flow_runs
  (run_id, job, as_of, arguments, granularity, runner, symbols, goes_on_from, started_at, state)
VALUES (%(run_id)s, %(job)s, %(as_of)s, %(arguments)s, %(granularity)s, %(runner)s, %(symbols)s,
  %(goes_on_from)s, now(), 'running')
ON CONFLICT (run_id) DO UPDATE SET state = 'running', finished_at = NULL,
  symbols = excluded.symbols, granularity = excluded.granularity, runner = excluded.runner"""
_FINISH = """
UPDATE prefect.flow_runs SET state = %(state)s, finished_at = now(), failed = %(failed)s,
  retries = %(retries)s, cpu_seconds = %(cpu)s, peak_memory = %(memory)s
WHERE run_id = %(run_id)s"""
_RUNNING = """
SELECT run_id FROM prefect.flow_runs
WHERE job = %(job)s AND as_of = %(as_of)s AND arguments = %(arguments)s AND state = 'running'
  AND run_id <> %(run_id)s
ORDER BY started_at DESC"""
_INTERRUPTED = """
UPDATE prefect.flow_runs SET state = 'interrupted' WHERE run_id = %s AND state = 'running'"""
_RECORD = """
INSERT INTO prefect.load_runs
  (job, symbol, started_at, finished_at, status, rows, message, run_id, attempts, restated)
VALUES (%s, %s, %s, now(), %s, %s, %s, %s, %s, %s)"""
_DONE = """
SELECT DISTINCT ON (symbol) symbol, started_at, status, rows, message, attempts, restated
FROM prefect.load_runs
WHERE run_id = ANY(%(runs)s) AND job = %(job)s AND status IN ('ok', 'empty')
ORDER BY symbol, id DESC"""


def begin(
    connection: Connection,
    run_id: str,
    job: str,
    *,
    as_of: datetime,
    arguments: dict[str, object],
    granularity: str,
    runner: str,
    symbols: int,
    goes_on_from: str | None,
) -> None:
    """Note that a run has started, and hold its lock on this connection until that ends."""
    connection.execute(_LOCK, [run_id])
    connection.execute(
        _BEGIN,
        {
            "run_id": run_id,
            "job": job,
            "as_of": as_of,
            "arguments": Jsonb(arguments),
            "granularity": granularity,
            "runner": runner,
            "symbols": symbols,
            "goes_on_from": goes_on_from,
        },
    )


def finish(
    connection: Connection,
    run_id: str,
    state: str,
    *,
    failed: int,
    retries: int,
    usage: Usage,
) -> None:
    """Note how a run ended and what it cost."""
    connection.execute(
        _FINISH,
        {
            "run_id": run_id,
            "state": state,
            "failed": failed,
            "retries": retries,
            "cpu": usage.cpu_seconds,
            "memory": usage.peak_memory,
        },
    )


def interrupted(
    connection: Connection, run_id: str, job: str, *, as_of: datetime, arguments: dict[str, object]
) -> str | None:
    """Return the newest run that was asked for the same and whose process is gone, or None.

    All such runs are noted as `interrupted`.
    """
    asked = {"run_id": run_id, "job": job, "as_of": as_of, "arguments": Jsonb(arguments)}
    found = None
    for (other,) in connection.execute(_RUNNING, asked).fetchall():
        if connection.execute(_LOCK, [other]).fetchone() != (True,):
            continue
        connection.execute(_INTERRUPTED, [other])
        connection.execute(_UNLOCK, [other])
        found = found or other
    return found


def done(connection: Connection, run_ids: Sequence[str], job: str) -> dict[str, Outcome]:
    """Return the symbols that these runs have done already."""
    rows = connection.execute(_DONE, {"runs": list(run_ids), "job": job})
    return {
        symbol: Outcome(
            symbol=symbol,
            started_at=started_at,
            status=Status(status),
            rows=rows_written,
            message=message or "",
            attempts=attempts,
            restated=restated,
        )
        for symbol, started_at, status, rows_written, message, attempts, restated in rows
    }


def record(
    connection: Connection, job: str, outcomes: Iterable[Outcome], run_id: str | None
) -> None:
    """Add a row to load_runs for each symbol."""
    rows = [
        (
            job,
            one.symbol,
            one.started_at,
            one.status.value,
            one.rows,
            one.message or None,
            run_id,
            one.attempts,
            one.restated,
        )
        for one in outcomes
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_RECORD, rows)
