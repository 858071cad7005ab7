"""Runs and the attempts that found them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from pydantic import TypeAdapter
from sqlalchemy import Connection, func, insert, select

from parity.model.errors import UsageError
from parity.model.result import RunResult
from parity.model.selftest import SelfTest
from parity.store import tables
from parity.store.codec import dumps

__all__ = [
    "content_of",
    "current_run",
    "cut",
    "insert_attempt",
    "insert_run",
    "latest_runs",
    "run_of",
    "superseded_runs",
]

RESULT = TypeAdapter(RunResult)


def cut(result: RunResult, counts: Mapping[str, int], limit: int) -> RunResult:
    """The result with `stored` set where a dataset has more discrepancies than are kept."""
    return replace(
        result,
        datasets=tuple(
            replace(dataset, stored=limit if counts.get(dataset.name, 0) > limit else None)
            for dataset in result.datasets
        ),
    )


def content_of(result: RunResult, rows: str) -> str:
    """A digest of all that was found; `rows` is that of the discrepancies.

    How jobs ended is part of it, how long they took is not. Nor is how many faults the self-test
    had the time to seed; what it says against the night is in the verdict and its reasons.
    """
    found = replace(result, run_id="", jobs=(), selftest=SelfTest())
    plain = RESULT.dump_python(found, mode="json")
    digest = hashlib.sha256(dumps(plain).encode())
    digest.update(dumps([[job.name, job.exit_code, job.reason] for job in result.jobs]).encode())
    digest.update(rows.encode())
    return digest.hexdigest()


def insert_run(connection: Connection, result: RunResult, content: str, config: str) -> RunResult:
    """Stores a run under the next number of its session; returns it with its `run_id`."""
    runs = select(func.count()).where(
        tables.run.c.migration == result.migration, tables.run.c.session == result.session
    )
    number = (connection.execute(runs).scalar() or 0) + 1
    final = replace(result, run_id=f"{result.migration}.{result.session}.{number}")
    connection.execute(
        insert(tables.run).values(
            run_id=final.run_id,
            migration=final.migration,
            phase=final.phase,
            session=final.session,
            as_of=final.as_of,
            verdict=final.verdict.value,
            content=content,
            config=config,
            result=RESULT.dump_python(final, mode="json"),
        )
    )
    _insert_checks(connection, final)
    return final


def _insert_checks(connection: Connection, result: RunResult) -> None:
    checks = [check for dataset in result.datasets for check in dataset.quality]
    rows = [
        {
            "run_id": result.run_id,
            "ordinal": place,
            "dataset": check.dataset,
            "side": check.side.value,
            "expectation": check.expectation,
            "column": check.column,
            "success": check.success,
            "unexpected": check.unexpected,
            "total": check.total,
            "detail": check.detail,
        }
        for place, check in enumerate(checks)
    ]
    if rows:
        connection.execute(insert(tables.quality_check), rows)


def insert_attempt(connection: Connection, result: RunResult) -> None:
    """Notes that a comparison found this run: from now on it holds for its session."""
    connection.execute(
        insert(tables.attempt).values(
            run_id=result.run_id, migration=result.migration, session=result.session
        )
    )


def current_run(
    connection: Connection, migration: str, session: date
) -> tuple[RunResult, str] | None:
    """The run of a session's newest attempt, with the digest of its content."""
    wanted = (
        select(tables.run.c.result, tables.run.c.content)
        .join(tables.attempt, tables.attempt.c.run_id == tables.run.c.run_id)
        .where(tables.attempt.c.migration == migration, tables.attempt.c.session == session)
        .order_by(tables.attempt.c.id.desc())
        .limit(1)
    )
    row = connection.execute(wanted).first()
    return None if row is None else (RESULT.validate_python(row.result), row.content)


def latest_runs(connection: Connection, migration: str) -> tuple[RunResult, ...]:
    """The run that holds for each session, newest session first."""
    newest = (
        select(func.max(tables.attempt.c.id))
        .where(tables.attempt.c.migration == migration)
        .group_by(tables.attempt.c.session)
    )
    wanted = (
        select(tables.run.c.result)
        .join(tables.attempt, tables.attempt.c.run_id == tables.run.c.run_id)
        .where(tables.attempt.c.id.in_(newest))
        .order_by(tables.run.c.session.desc())
    )
    return tuple(RESULT.validate_python(row.result) for row in connection.execute(wanted))


def superseded_runs(connection: Connection, migration: str) -> tuple[RunResult, ...]:
    """The newest run of each session and phase that does not hold, newest session first.

    Of a session that was compared in two phases each has a page; only the later run holds.
    """
    mine = (
        select(tables.attempt.c.id, tables.attempt.c.session, tables.run.c.phase)
        .join(tables.run, tables.attempt.c.run_id == tables.run.c.run_id)
        .where(tables.attempt.c.migration == migration)
        .subquery()
    )
    newest = select(func.max(mine.c.id).label("id"), mine.c.session).group_by(
        mine.c.session, mine.c.phase
    ).subquery()  # fmt: skip
    holding = select(func.max(mine.c.id)).group_by(mine.c.session)
    wanted = (
        select(tables.run.c.result)
        .join(tables.attempt, tables.attempt.c.run_id == tables.run.c.run_id)
        .join(newest, newest.c.id == tables.attempt.c.id)
        .where(newest.c.id.not_in(holding))
        .order_by(tables.run.c.session.desc(), newest.c.id.desc())
    )
    return tuple(RESULT.validate_python(row.result) for row in connection.execute(wanted))


def run_of(connection: Connection, migration: str, run_id: str) -> RunResult:
    """A run by its id.

    Raises:
        UsageError: there is none, or it is of another migration.
    """
    wanted = select(tables.run.c.migration, tables.run.c.result)
    row = connection.execute(wanted.where(tables.run.c.run_id == run_id)).first()
    if row is None:
        newest = (
            select(tables.run.c.run_id)
            .where(tables.run.c.migration == migration)
            .order_by(tables.run.c.at.desc(), tables.run.c.session.desc())
            .limit(5)
        )
        known = ", ".join(connection.execute(newest).scalars())
        hint = f"the newest are {known}" if known else f"migration {migration} has none yet"
        raise UsageError(f"run {run_id} is not known; {hint}")
    if row.migration != migration:
        raise UsageError(f"run {run_id} is of migration {row.migration}, not of {migration}")
    return RESULT.validate_python(row.result)
