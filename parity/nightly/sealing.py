"""Seals the evidence of nights: nobody changes a file of it afterwards without being seen.

A run's files are put in place, then the manifest with their sums, then the row of the trail with
the sum of the manifest. A kill in between leaves a folder without a row, which is done again.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psycopg

from parity.database import Role
from parity.evidence import disk, names
from parity.evidence.manifest import canonical, files_of, manifest_of, sha256_of
from parity.evidence.queries import LOCK
from parity.evidence.seals import seals_of
from parity.evidence.stored import Stored, head_of, stored_run, times_of_runs
from parity.model.errors import StoreError
from parity.model.result import RunResult
from parity.model.trail import TrailEntry, TrailKind
from parity.nightly.harness import EVIDENCE, Harness
from parity.nightly.recording import waivers_text
from parity.report.nights import night_link
from parity.report.publish import result_file

__all__ = ["BY", "seal"]

BY = "parity"  # whose rows these are: nobody decided anything
_PACKAGES = (
    "prefect", "pandas", "datacompy", "great_expectations", "sqlalchemy", "psycopg",
)  # fmt: skip


def seal(harness: Harness, nights: Sequence[RunResult]) -> None:
    """Seals all stored runs that are not sealed yet, the oldest first; safe to run again.

    Besides those of `nights` these are runs that a killed night left, or that an earlier version
    stored: what is not there of them any more is named in their manifest.

    Args:
        harness: whose migration.
        nights: the runs that hold, with their pages published.

    Raises:
        StoreError: the disk or the database refuses; what is sealed till then stays sealed.
    """
    migration = harness.suite.migration
    with _doing(harness), harness.database.connect_as(Role.PARITY_HARNESS) as connection:
        connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        connection.execute(LOCK, [migration])
        trail = harness.store.trail(migration, TrailKind.EVIDENCE, TrailKind.PRUNED)
        seals = seals_of(trail, migration)
        times = times_of_runs(connection, migration)
        waiting = [run_id for run_id, at in times.items() if seals.waits(run_id, at)]
        if not waiting:
            return
        work = _Work.of(harness, connection, {night.run_id: night for night in nights})
        last = seals.last
        for run_id in waiting:
            last = work.seal(run_id, last)


@contextmanager
def _doing(harness: Harness) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        place = error.filename or harness.suite.state / EVIDENCE
        raise StoreError(
            f"the evidence cannot be sealed: {place}: {error.strerror}; mend it, and the next "
            "night seals what is left"
        ) from error
    except psycopg.Error as error:
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise StoreError(f"the evidence cannot be sealed: {said}") from error


@dataclass(frozen=True, slots=True)
class _Work:
    harness: Harness
    connection: psycopg.Connection
    nights: Mapping[str, RunResult]
    files: Sequence[TrailEntry]  # the rows `config` and `waivers`
    waivers: str | None
    versions: bytes

    @classmethod
    def of(
        cls, harness: Harness, connection: psycopg.Connection, nights: Mapping[str, RunResult]
    ) -> _Work:
        """With what is the same for all runs."""
        files = harness.store.trail(harness.suite.migration, TrailKind.CONFIG, TrailKind.WAIVERS)
        server = connection.info.parameter_status("server_version") or ""
        return cls(harness, connection, nights, files, waivers_text(harness.suite),
                   canonical(_versions(server)))  # fmt: skip

    def seal(self, run_id: str, previous: str) -> str:
        """Seals one run; returns the SHA-256 of its manifest, which the next one follows on."""
        store, migration = self.harness.store, self.harness.suite.migration
        run = stored_run(self.connection, migration, run_id)
        if run is None:  # deleted a moment ago
            return previous
        result = self.nights.get(run_id) or store.run(migration, run_id)
        place = self.harness.suite.state / EVIDENCE / run_id
        place.mkdir(parents=True, exist_ok=True)
        disk.clear(place)
        missing = [*self._write(place, run, result), *self._copy(place, result)]
        made = manifest_of(
            run,
            migration,
            files=files_of(place),
            missing=missing,
            previous=previous,
            head=head_of(self.connection, migration),
        )
        content = canonical(made)
        disk.put(place / names.MANIFEST, content)
        for folder in (place, place.parent, place.parent.parent):
            disk.sync(folder)
        manifest = sha256_of(content)
        named = {"run_id": run_id, "phase": run.phase, "manifest": manifest}
        store.append_trail(migration, TrailKind.EVIDENCE, BY, named)
        return manifest

    def _write(self, place: Path, run: Stored, result: RunResult) -> Iterator[str]:
        """Writes what is known; yields the names of what is not."""
        disk.put(place / names.RESULT, result_file(result))  # as it is published, to the byte
        disk.put(place / names.VERSIONS, self.versions)
        for name, text in (
            (names.CONFIG, self._config(run)),
            (names.WAIVERS, self._waivers_at(run)),
        ):
            if text:
                disk.put(place / name, text.encode())
            elif text is None:
                yield name

    def _copy(self, place: Path, result: RunResult) -> Iterator[str]:
        """Copies what was published; yields the names of what is not there."""
        reports = self.harness.suite.reports
        page = reports / night_link(result)
        # The page in its place may be that of a later run of the session.
        if not (_is_of(page.parent, result) and disk.copy(page, place / names.PAGE)):
            yield names.PAGE
        for job in result.jobs:
            if job.log and not disk.copy(reports / job.log, place / names.log_name(job.name)):
                yield names.log_name(job.name)
        for dataset in result.datasets:
            rows = names.rows_name(dataset.name)
            if dataset.rows.discrepancies and not (place / rows).is_file():
                yield rows

    def _config(self, run: Stored) -> str | None:
        """The parity.yaml that the run was compared with; None where nobody knows it any more."""
        if run.config == self.harness.suite.config_hash:
            return self.harness.suite.text or None
        recorded = (
            str(entry.content.get("text"))
            for entry in reversed(self.files)
            if entry.kind == TrailKind.CONFIG and entry.content.get("hash") == run.config
        )
        return next(recorded, None)

    def _waivers_at(self, run: Stored) -> str:
        """The waivers.yaml of the run's moment; empty where there was none."""
        recorded = [entry for entry in self.files if entry.kind == TrailKind.WAIVERS]
        if not recorded:
            return self.waivers or ""
        before = [entry for entry in recorded if entry.at <= run.at]
        return str(before[-1].content.get("text") or "") if before else ""


def _is_of(folder: Path, result: RunResult) -> bool:
    """Whether the page in a folder is that of a run."""
    try:
        found = json.loads((folder / "result.json").read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.get("run_id") == result.run_id


def _versions(server: str) -> dict[str, str]:
    """The software that found it; what is not installed has an empty version."""
    found = {"python": platform.python_version(), "parity": _version("migration-parity")}
    found |= {package: _version(package) for package in _PACKAGES}
    return found | {"postgresql": server}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
