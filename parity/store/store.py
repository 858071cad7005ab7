"""Runs, their discrepancies, jobs, phases and audits, in schema `parity`.

A run is what one comparison of a session found. Its identity is its content: comparing again and
finding the same keeps the run and notes one more attempt; finding something else makes a new run.
Each save is one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sqlalchemy import Engine, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from parity.model.alert import Alert, Changes, Part
from parity.model.audit import Audit
from parity.model.errors import StoreError
from parity.model.monitoring import JobRun
from parity.model.noise import Noise
from parity.model.result import Discrepancy, JobOutcome, RunResult
from parity.model.since import Since
from parity.model.trail import TrailEntry, TrailKind
from parity.model.verdict import Phase, Side
from parity.store import alerts as ledger
from parity.store import audits as audit_rows
from parity.store import jobs, runs, tables
from parity.store import noise as noise_rows
from parity.store.connection import lock, reading, reason, writing
from parity.store.copied import copied_rows, mark_copied
from parity.store.evidence import NO_EXTRAS, write_evidence
from parity.store.history import job_history
from parity.store.rows import Rows, copy_rows, digest_rows, stored_rows
from parity.store.since import since_run
from parity.store.trail import append_trail, read_trail

__all__ = ["Store"]

LIMIT = 100_000
NO_AUDITS: Mapping[str, Audit] = MappingProxyType({})


class Store:
    """The harness's memory, reached as role `parity_harness`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def migrate(self) -> None:
        """Brings schema `parity` to the newest version; safe to run again.

        Raises:
            StoreError: the schema cannot be migrated.
        """
        folder = Path(__file__).parent / "migrations"
        try:
            if self._version() == max(path.name[:4] for path in folder.glob("versions/0*.py")):
                return
            from alembic import command  # takes a while, and is seldom needed
            from alembic.config import Config

            config = Config()
            config.set_main_option("script_location", str(folder))
            with self._engine.begin() as connection:
                lock(connection, "migrate")
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except SQLAlchemyError as error:
            raise StoreError(f"schema parity cannot be migrated: {reason(error)}") from error

    def _version(self) -> str | None:
        """The version of schema `parity`; None where it has none."""
        with self._engine.connect() as connection:
            name = tables.schema_version.name
            if not inspect(connection).has_table(name, schema=tables.schema_version.schema):
                return None
            return connection.execute(select(tables.schema_version)).scalar()

    def phase(self, migration: str) -> Phase:
        """The migration's phase; a migration starts in `parallel_run`."""
        changes = self.trail(migration, TrailKind.PHASE)
        return Phase(changes[-1].content["to"]) if changes else Phase.PARALLEL_RUN

    def primary(self, migration: str) -> Side:
        """The side that consumers read, as the trail says; a migration starts with legacy."""
        switches = self.trail(migration, TrailKind.SWITCH)
        return Side(switches[-1].content["to"]) if switches else Side.LEGACY

    def trail(self, migration: str, *kinds: TrailKind) -> tuple[TrailEntry, ...]:
        """The rows of the trail, or those of some kinds, the oldest first."""
        with reading(self._engine) as connection:
            return read_trail(connection, migration, kinds)

    def append_trail(
        self, migration: str, kind: TrailKind, by: str, content: Mapping[str, Any]
    ) -> int:
        """Adds a row to the trail; returns its number.

        Args:
            migration: whose trail.
            kind: what it is about.
            by: who did it.
            content: what JSON can say.
        """
        with writing(self._engine, f"the {kind.value} in the trail") as connection:
            return append_trail(connection, migration, kind, by, content)

    def mark_copied(
        self, migration: str, operation: str, relation: str, keys: Iterable[str]
    ) -> None:
        """Keeps which rows a rollback copies into legacy, before they are there.

        Args:
            migration: whose rollback.
            operation: its id in the trail.
            relation: where the rows go.
            keys: the key of each, as a JSON object; one that is kept already is kept once.
        """
        with writing(self._engine, "which rows are copied") as connection:
            mark_copied(connection, migration, operation, relation, keys)

    def copied(self, migration: str, operation: str) -> dict[str, int]:
        """How many rows a rollback has copied, by relation."""
        with reading(self._engine) as connection:
            return copied_rows(connection, migration, operation)

    def record_jobs(self, migration: str, session: date, outcomes: Iterable[JobOutcome]) -> None:
        """Keeps how the jobs of one attempt ended."""
        with writing(self._engine, "the jobs' ends") as connection:
            jobs.insert_jobs(connection, migration, session, outcomes)

    def last_jobs(self, migration: str, session: date) -> dict[str, JobOutcome]:
        """How each job of a session ended when it last ran, by job name."""
        with reading(self._engine) as connection:
            return jobs.last_jobs(connection, migration, session)

    def job_history(self, migration: str) -> tuple[JobRun, ...]:
        """All runs of all jobs, oldest first."""
        with reading(self._engine) as connection:
            return job_history(connection, migration)

    def save(
        self,
        result: RunResult,
        rows: Rows,
        *,
        config: str,
        limit: int = LIMIT,
        audits: Mapping[str, Audit] = NO_AUDITS,
        evidence: Path | None = None,
        extras: Mapping[str, bytes] = NO_EXTRAS,
    ) -> RunResult:
        """Stores what was found, or finds it stored already.

        Args:
            result: what was found; its `run_id` and its datasets' `stored` are ignored.
            rows: all discrepancies of each dataset, in order; read several times.
            config: digest of the config it was found with.
            limit: so many discrepancies of each dataset go into the database, the first ones.
            audits: what the next night has to know, by dataset.
            evidence: folder for a Parquet file of all discrepancies of each dataset. The files
                are on disk before the run is committed; missing ones of a run that was kept are
                written again.
            extras: further files of the run by name, such as what its charts are drawn from; on
                disk there before the run is committed too, and left alone once it is sealed.

        Returns:
            The run that now holds for the session, with its `run_id`.

        Raises:
            StoreError: the database or the disk refused; nothing is stored.
        """
        digest, counts = digest_rows(rows)
        found = runs.cut(result, counts, limit)
        content = runs.content_of(found, digest)
        with writing(self._engine, "the run") as connection:
            lock(connection, f"{result.migration} {result.session}")
            kept = runs.current_run(connection, result.migration, result.session)
            if kept is None or kept[1] != content:
                final = runs.insert_run(connection, found, content, config)
                copy_rows(connection, final.run_id, rows, limit)
            else:
                final = kept[0]
            audit_rows.insert_audits(connection, final.run_id, audits)
            if evidence is not None:
                write_evidence(evidence, final, rows, content, extras)
            runs.insert_attempt(connection, final)
        return final

    def current(self, migration: str, session: date) -> RunResult | None:
        """The run that holds for a session: that of its newest attempt."""
        with reading(self._engine) as connection:
            found = runs.current_run(connection, migration, session)
        return found[0] if found else None

    def nights(self, migration: str) -> tuple[RunResult, ...]:
        """The run that holds for each session, newest session first."""
        with reading(self._engine) as connection:
            return runs.latest_runs(connection, migration)

    def superseded(self, migration: str) -> tuple[RunResult, ...]:
        """The newest run of each session and phase that holds no more, newest session first.

        A session that was compared again in another phase has a run of the earlier one too.
        """
        with reading(self._engine) as connection:
            return runs.superseded_runs(connection, migration)

    def discrepancies(self, result: RunResult, dataset: str) -> Iterator[Discrepancy]:
        """The stored discrepancies of one dataset of a run, in key order, streamed.

        These are all, or the first `stored` ones.
        """
        with reading(self._engine) as connection:
            yield from stored_rows(connection, result, dataset)

    def run(self, migration: str, run_id: str) -> RunResult:
        """A stored run, whether it holds for its session or not.

        Raises:
            UsageError: there is no such run, or it is of another migration.
        """
        with reading(self._engine) as connection:
            return runs.run_of(connection, migration, run_id)

    def since(
        self, result: RunResult, run_id: str, evidence: Path | None = None
    ) -> tuple[Since, ...]:
        """What has changed in each dataset of a stored run since an earlier run.

        Args:
            result: the stored run.
            run_id: of the earlier one.
            evidence: folder of the runs' files, which are read where the database has only the
                first discrepancies.

        Raises:
            UsageError: there is no such run, or it is of another migration.
        """
        with reading(self._engine) as connection:
            return since_run(connection, result, run_id, evidence)

    def audit(self, migration: str, dataset: str, before: date) -> Audit | None:
        """What the newest session before a day left about a dataset.

        None when no session was compared before, or the run that holds for it has no audit.
        """
        with reading(self._engine) as connection:
            return audit_rows.audit_before(connection, migration, dataset, before)

    def save_noise(self, migration: str, found: Iterable[Noise]) -> None:
        """Keeps one measurement of how much legacy differs from itself."""
        with writing(self._engine, "the noise floor") as connection:
            noise_rows.save_noise(connection, migration, found)

    def noise(self, migration: str) -> tuple[Noise, ...]:
        """The newest measurement of each dataset, by dataset and column."""
        with reading(self._engine) as connection:
            return noise_rows.latest_noise(connection, migration)

    def one_teller(self, migration: str) -> AbstractContextManager[None]:
        """Held by whoever tells alerts: of two at once, the second waits for the first.

        Raises:
            StoreError: the first has not ended for a minute.
        """
        return ledger.one_teller(self._engine, migration)

    def change_alerts(self, migration: str, changes: Changes) -> None:
        """Opens and closes alerts, all or none."""
        with writing(self._engine, "the alerts") as connection:
            ledger.change_alerts(connection, migration, changes)

    def alerts(self, migration: str) -> tuple[Alert, ...]:
        """Those that are open, and those that are over and not told to be; the oldest first."""
        with reading(self._engine) as connection:
            return ledger.alerts_of(connection, migration)

    def alerts_reached(self, parts: Iterable[tuple[int, Part]], target: str) -> None:
        """Keeps that a target has got some messages."""
        with writing(self._engine, "who has been told") as connection:
            ledger.mark_reached(connection, parts, target)

    def alerts_told(self, parts: Iterable[tuple[int, Part]]) -> None:
        """Keeps that everybody has got some messages."""
        with writing(self._engine, "who has been told") as connection:
            ledger.mark_told(connection, parts)
