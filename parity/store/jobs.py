"""How jobs ended, for every attempt, whatever the comparison found."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import Connection, insert, select

from parity.model.result import JobOutcome
from parity.model.verdict import Side
from parity.store import tables

__all__ = ["insert_jobs", "last_jobs"]


def insert_jobs(
    connection: Connection, migration: str, session: date, outcomes: Iterable[JobOutcome]
) -> None:
    """Keeps how the jobs of one attempt ended."""
    rows = [
        {
            "migration": migration,
            "session": session,
            "name": job.name,
            "side": job.side.value,
            "exit_code": job.exit_code,
            "seconds": job.seconds,
            "log": job.log,
            "reason": job.reason,
            "cpu_seconds": job.cpu_seconds,
            "peak_memory": job.peak_memory,
        }
        for job in outcomes
    ]
    if rows:
        connection.execute(insert(tables.job_run), rows)


def last_jobs(connection: Connection, migration: str, session: date) -> dict[str, JobOutcome]:
    """How each job of a session ended when it last ran, by job name."""
    table = tables.job_run
    wanted = (
        select(table)
        .where(table.c.migration == migration, table.c.session == session)
        .order_by(table.c.id)
    )
    return {
        row.name: JobOutcome(
            name=row.name,
            side=Side(row.side),
            exit_code=row.exit_code,
            seconds=row.seconds,
            log=row.log,
            reason=row.reason,
            cpu_seconds=row.cpu_seconds,
            peak_memory=row.peak_memory,
        )
        for row in connection.execute(wanted)
    }
