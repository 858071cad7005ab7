"""Runs, their discrepancies, jobs and phases, in schema `parity`.

A run is what one comparison of a session found. Its identity is its content: comparing again and
finding the same keeps the run and notes one more attempt; finding something else makes a new run.
Each save is one transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, Engine, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from parity.model.errors import StoreError
from parity.model.result import Discrepancy, JobOutcome, RowState, RunResult
from parity.model.verdict import Phase, Side
from parity.store import tables
from parity.store.codec import decode, dumps, encode
from parity.store.queries import COPY_DISCREPANCIES, LOCK_SESSION

__all__ = ["Store"]

RESULT = TypeAdapter(RunResult)
Rows = Mapping[str, Iterable[Discrepancy]]


class Store:
    """The harness's memory, reached as role `parity_harness`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def migrate(self) -> None:
        """Brings schema `parity` to the newest version; safe to run again.

        Raises:
            StoreError: the schema cannot be migrated.
        """
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        try:
            with self._engine.begin() as connection:
                _lock(connection, "migrate")
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except SQLAlchemyError as error:
            raise StoreError(f"schema parity cannot be migrated: {_reason(error)}") from error

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StoreError(f"schema parity cannot be read: {_reason(error)}") from error
        except ValidationError as error:
            raise StoreError(
                "schema parity holds a run that this version cannot read: "
                f"{error.error_count()} fields are not as expected"
            ) from error

    @contextmanager
    def _writing(self, what: str) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, psycopg.Error) as error:
            raise StoreError(f"{what} cannot be stored: {_reason(error)}") from error

    def phase(self, migration: str) -> Phase:
        """The migration's phase; a migration starts in `parallel_run`."""
        wanted = (
            select(tables.phase_change.c.phase)
            .where(tables.phase_change.c.migration == migration)
            .order_by(tables.phase_change.c.id.desc())
            .limit(1)
        )
        with self._reading() as connection:
            found = connection.execute(wanted).scalar()
        return Phase(found) if found else Phase.PARALLEL_RUN

    def record_jobs(self, migration: str, session: date, outcomes: Iterable[JobOutcome]) -> None:
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
            }
            for job in outcomes
        ]
        if rows:
            with self._writing("the jobs' ends") as connection:
                connection.execute(insert(tables.job_run), rows)

    def last_jobs(self, migration: str, session: date) -> dict[str, JobOutcome]:
        """How each job of a session ended when it last ran, by job name."""
        table = tables.job_run
        wanted = (
            select(table)
            .where(table.c.migration == migration, table.c.session == session)
            .order_by(table.c.id)
        )
        with self._reading() as connection:
            return {
                row.name: JobOutcome(
                    name=row.name,
                    side=Side(row.side),
                    exit_code=row.exit_code,
                    seconds=row.seconds,
                    log=row.log,
                    reason=row.reason,
                )
                for row in connection.execute(wanted)
            }

    def save(self, result: RunResult, rows: Rows, *, config: str) -> RunResult:
        """Stores what was found, or finds it stored already.

        Args:
            result: what was found; its `run_id` is ignored.
            rows: all discrepancies of each dataset, in order; read twice.
            config: digest of the config it was found with.

        Returns:
            The run that now holds for the session, with its `run_id`.
        """
        content = _digest(result, rows)
        with self._writing("the run") as connection:
            _lock(connection, f"{result.migration} {result.session}")
            kept = self._current(connection, result.migration, result.session)
            if kept is None or kept[1] != content:
                final = self._insert(connection, result, rows, content, config)
            else:
                final = kept[0]
            connection.execute(
                insert(tables.attempt).values(
                    run_id=final.run_id, migration=final.migration, session=final.session
                )
            )
        return final

    def _insert(
        self,
        connection: Connection,
        result: RunResult,
        rows: Rows,
        content: str,
        config: str,
    ) -> RunResult:
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
        _copy(connection, final.run_id, rows)
        return final

    def _current(
        self, connection: Connection, migration: str, session: date
    ) -> tuple[RunResult, str] | None:
        wanted = (
            select(tables.run.c.result, tables.run.c.content)
            .join(tables.attempt, tables.attempt.c.run_id == tables.run.c.run_id)
            .where(tables.attempt.c.migration == migration, tables.attempt.c.session == session)
            .order_by(tables.attempt.c.id.desc())
            .limit(1)
        )
        row = connection.execute(wanted).first()
        return None if row is None else (RESULT.validate_python(row.result), row.content)

    def current(self, migration: str, session: date) -> RunResult | None:
        """The run that holds for a session: that of its newest attempt."""
        with self._reading() as connection:
            found = self._current(connection, migration, session)
        return found[0] if found else None

    def nights(self, migration: str) -> tuple[RunResult, ...]:
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
        with self._reading() as connection:
            return tuple(RESULT.validate_python(row.result) for row in connection.execute(wanted))

    def discrepancies(self, result: RunResult, dataset: str) -> Iterator[Discrepancy]:
        """All discrepancies of one dataset of a run, in key order, streamed."""
        names = {
            entry.name: [column.name for column in entry.columns] for entry in result.datasets
        }[dataset]
        table = tables.discrepancy
        wanted = (
            select(table.c.state, table.c.key, table.c.legacy, table.c.candidate, table.c.columns)
            .where(table.c.run_id == result.run_id, table.c.dataset == dataset)
            .order_by(table.c.ordinal)
            .execution_options(yield_per=2000)
        )
        with self._reading() as connection:
            for row in connection.execute(wanted):
                yield Discrepancy(
                    state=RowState(row.state),
                    key=tuple(decode(row.key)),
                    legacy=_values(row.legacy, names),
                    candidate=_values(row.candidate, names),
                    columns=tuple(row.columns),
                )


def _values(stored: dict[str, Any] | None, names: list[str]) -> dict[str, Any] | None:
    """A row's values in column order, which jsonb does not keep."""
    return None if stored is None else {name: decode(stored[name]) for name in names}


def _encoded(row: dict[str, Any] | None) -> str | None:
    return None if row is None else dumps({name: encode(value) for name, value in row.items()})


def _record(found: Discrepancy) -> tuple[str, str, str | None, str | None, list[str]]:
    return (
        found.state.value,
        dumps(encode(found.key)),
        _encoded(found.legacy),
        _encoded(found.candidate),
        list(found.columns),
    )


def _digest(result: RunResult, rows: Rows) -> str:
    """A digest of all that was found: how jobs ended is part of it, how long they took is not."""
    plain = RESULT.dump_python(replace(result, run_id="", jobs=()), mode="json")
    digest = hashlib.sha256(dumps(plain).encode())
    digest.update(dumps([[job.name, job.exit_code, job.reason] for job in result.jobs]).encode())
    for dataset, found in rows.items():
        digest.update(dumps(["dataset", dataset]).encode())
        for discrepancy in found:
            digest.update(dumps(_record(discrepancy)).encode())
    return digest.hexdigest()


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


def _driver(connection: Connection) -> psycopg.Connection:
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    return raw


def _lock(connection: Connection, what: str) -> None:
    _driver(connection).execute(LOCK_SESSION, [what])


def _copy(connection: Connection, run_id: str, rows: Rows) -> None:
    with _driver(connection).cursor() as cursor, cursor.copy(COPY_DISCREPANCIES) as copy:
        for dataset, found in rows.items():
            for ordinal, discrepancy in enumerate(found):
                copy.write_row((run_id, dataset, ordinal, *_record(discrepancy)))


def _reason(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return (str(cause).splitlines() or [type(cause).__name__])[0]
