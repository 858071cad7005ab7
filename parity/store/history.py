"""All runs of all jobs, as the nights noted them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, select

from parity.model.monitoring import JobRun
from parity.model.verdict import Side
from parity.store import tables

__all__ = ["job_history"]


def job_history(connection: Connection, migration: str) -> tuple[JobRun, ...]:
    """All runs of a migration's jobs, in the order of their notes."""
    table = tables.job_run
    wanted = select(table).where(table.c.migration == migration).order_by(table.c.id)
    by_job: dict[tuple[date, str], list[Row[Any]]] = {}
    for row in connection.execute(wanted):
        by_job.setdefault((row.session, row.name), []).append(row)
    found = [(id_, run) for rows in by_job.values() for id_, run in _runs(rows)]
    return tuple(run for _, run in sorted(found, key=lambda one: one[0]))


def _runs(rows: Sequence[Row[Any]]) -> Iterator[tuple[int, JobRun]]:
    """The runs of one job and session. A night notes each job at its start and at its end."""
    begun: Row[Any] | None = None
    for row in rows:
        if _is_start(row):
            if begun is not None:
                yield begun.id, _run(begun, begun)
            begun = row
        else:
            yield row.id, _run(row, begun)
            begun = None
    if begun is not None:
        yield begun.id, _run(begun, begun)


def _is_start(row: Row[Any]) -> bool:
    """A job that has ended, or could not start, has a log."""
    return row.exit_code is None and not row.log


def _run(row: Row[Any], begun: Row[Any] | None) -> JobRun:
    ended = row is not begun
    return JobRun(
        session=row.session,
        name=row.name,
        side=Side(row.side),
        exit_code=row.exit_code,
        seconds=row.seconds if ended else None,
        cpu_seconds=row.cpu_seconds,
        peak_memory=row.peak_memory,
        begun=begun.at if begun is not None else None,
        ended=row.at if ended else None,
    )
