"""The flows' account of their own runs: a row a run in `flow_runs`, a row a symbol in `load_runs`.

A run holds a lock of the database for as long as its process lives. Where a run is still noted as
`running` and nobody holds its lock, it was interrupted, wherever it ran. (The lock is a session's:
a pooler between the flows and the database must not share sessions out by transaction.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from prefect_flows.work.outcome import Outcome, Status, Usage

__all__ = ["begin", "done", "finish", "newest", "record", "settled"]

_LOCK = "SELECT pg_try_advisory_lock(hashtextextended('prefect_flows.run ' || %s, 0))"
_UNLOCK = "SELECT pg_advisory_unlock(hashtextextended('prefect_flows.run ' || %s, 0))"
# A run that is run again under its own id (Prefect's retry) starts anew.
_BEGIN = """
INSERT INTO prefect.flow_runs
  (run_id, job, as_of, arguments, granularity, runner, symbols, goes_on_from, started_at, state)
VALUES (%(run_id)s, %(job)s, %(as_of)s, %(arguments)s, %(granularity)s, %(runner)s, %(symbols)s,
  %(goes_on_from)s, clock_timestamp(), 'running')
ON CONFLICT (run_id) DO UPDATE SET state = 'running', finished_at = NULL, failed = NULL,
  retries = NULL, symbols = excluded.symbols, granularity = excluded.granularity,
  runner = excluded.runner"""
_FINISH = """
UPDATE prefect.flow_runs SET state = %(state)s, finished_at = now(), failed = %(failed)s,
  retries = %(retries)s, cpu_seconds = %(cpu)s, peak_memory = %(memory)s
WHERE run_id = %(run_id)s"""
# Runs that were asked for the same since the last of them that came to its end.
_UNENDED = """
SELECT run_id, state FROM prefect.flow_runs one
WHERE job = %(job)s AND as_of = %(as_of)s AND arguments = %(arguments)s
  AND run_id <> %(run_id)s AND state IN ('running', 'interrupted')
  AND NOT EXISTS (
    SELECT FROM prefect.flow_runs later
    WHERE later.job = one.job AND later.as_of = one.as_of AND later.arguments = one.arguments
      AND later.state NOT IN ('running', 'interrupted') AND later.run_id <> %(run_id)s
      AND later.started_at > one.started_at)
ORDER BY started_at DESC"""
_INTERRUPTED = """
UPDATE prefect.flow_runs SET state = 'interrupted' WHERE run_id = ANY(%s) AND state = 'running'"""
_NEWEST = "SELECT coalesce(max(id), 0) FROM prefect.load_runs"
_RECORD = """
INSERT INTO prefect.load_runs
  (job, symbol, started_at, finished_at, status, rows, message, run_id, attempts, restated)
VALUES (%s, %s, %s, now(), %s, %s, %s, %s, %s, %s)"""
_OUTCOMES = """
SELECT DISTINCT ON (symbol) symbol, started_at, status, rows, message, attempts, restated
FROM prefect.load_runs
WHERE run_id = ANY(%(runs)s) AND job = %(job)s AND symbol = ANY(%(symbols)s)
  AND status = ANY(%(statuses)s) AND id > %(after)s
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
) -> list[str]:
    """Note that a run has started, and hold its lock on this connection until that ends.

    Returns:
        The runs that were asked for the same and interrupted, newest first, since the last one
        that came to its end: this one goes on from them.
    """
    connection.execute(_LOCK, [run_id])
    asked = {"run_id": run_id, "job": job, "as_of": as_of, "arguments": Jsonb(arguments)}
    # One transaction: a run that is noted as interrupted is noted by one that goes on from it.
    with connection.transaction():
        gone = _gone(connection, connection.execute(_UNENDED, asked).fetchall())
        connection.execute(_INTERRUPTED, [gone])
        connection.execute(
            _BEGIN,
            {
                **asked,
                "granularity": granularity,
                "runner": runner,
                "symbols": symbols,
                "goes_on_from": gone[0] if gone else None,
            },
        )
    return gone


def _gone(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> list[str]:
    """Those of the runs whose process is gone."""
    gone = []
    for run_id, state in rows:
        if state == "running":
            if connection.execute(_LOCK, [run_id]).fetchone() != (True,):
                continue
            connection.execute(_UNLOCK, [run_id])
        gone.append(run_id)
    return gone


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


def newest(connection: Connection) -> int:
    """Return the id of the newest row of load_runs; 0 where there is none."""
    row = connection.execute(_NEWEST).fetchone()
    assert row is not None
    return int(row[0])


def done(
    connection: Connection, run_ids: Sequence[str], job: str, symbols: Sequence[str]
) -> dict[str, Outcome]:
    """Return those of the symbols that these runs have done already."""
    statuses = [Status.OK, Status.EMPTY]
    return _outcomes(connection, run_ids, job, symbols, statuses, after=0)


def settled(
    connection: Connection, run_id: str, job: str, symbols: Sequence[str], *, after: int
) -> dict[str, Outcome]:
    """Return what came of the symbols, failed ones included, by rows newer than the one of that id.

    A symbol that was done and failed later is done: its rows are stored.
    """
    found = _outcomes(connection, [run_id], job, symbols, list(Status), after=after)
    return found | done(connection, [run_id], job, symbols)


def _outcomes(
    connection: Connection,
    run_ids: Sequence[str],
    job: str,
    symbols: Sequence[str],
    statuses: Sequence[Status],
    *,
    after: int,
) -> dict[str, Outcome]:
    rows = connection.execute(
        _OUTCOMES,
        {
            "runs": list(run_ids),
            "job": job,
            "symbols": list(symbols),
            "statuses": [status.value for status in statuses],
            "after": after,
        },
    )
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
