"""The noise floor: the legacy jobs run twice, and how much the two runs differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg

from parity.database import Role
from parity.database.provision import SCHEMA_OWNERS
from parity.diff import Comparison, DatasetDiff, Progress, compare
from parity.jobs.run import Report
from parity.model.errors import ComparisonError, UsageError
from parity.model.noise import Noise
from parity.model.result import JobOutcome, RowCounts
from parity.model.suite import EXACT, Dataset, Job, Relation, Suite
from parity.model.verdict import Side
from parity.nightly.night import LOGS, Night
from parity.nightly.snapshot import Say
from parity.noise import Scratch, bring, scratch_copy

__all__ = ["Measured", "measure"]

SCHEMA = "parity"  # where the second run's rows are copied to
FOLDER = "noise"  # of the second run's logs, in that of the session's
_URL = "{database_url:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """How much legacy differs from itself in one dataset.

    `rows` has the first run as legacy and the second as candidate. Where nothing could be
    compared there is no noise, and `reason` says why.
    """

    dataset: str
    rows: RowCounts | None = None
    noise: tuple[Noise, ...] = ()
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "name": self.dataset,
            "reason": self.reason or None,
            "rows": self.rows.to_json() if self.rows else None,
            "columns": [one.to_json() for one in self.noise],
        }


def measure(
    night: Night,
    environ: Mapping[str, str],
    report: Report | None = None,
    *,
    schemas: Sequence[str] = (),
    progress: Progress | None = None,
    say: Say = lambda _line: None,
) -> tuple[Measured, ...]:
    """Runs the legacy jobs as the night does, and a second time in a scratch database.

    The scratch database has the legacy side as it was before. Both runs have the same session and
    moment. What was measured is stored. Hold the migration's lock.

    Args:
        night: whose session it is.
        environ: the environment that jobs inherit.
        report: told as each job of either run ends.
        schemas: what the jobs need beside the schemas of legacy's relations.
        progress: told after every slice of the comparison.
        say: told what is done, a line each.

    Raises:
        UsageError: there is no legacy job, or one that cannot be pointed at another database.
        DatabaseError: the scratch database cannot be made.
        ComparisonError: a job failed; nothing was measured.
    """
    harness = night.harness
    jobs = _legacy_jobs(harness.suite)
    wanted = sorted({*_schemas(harness.suite), *schemas})
    say(f"Copying {', '.join(wanted)} into a scratch database for the second run.")
    with scratch_copy(harness.database, harness.suite.migration, wanted) as scratch:
        say("Running the legacy jobs.")
        once = replace(night, harness=replace(harness, suite=replace(harness.suite, jobs=jobs)))
        _require(once.jobs(environ, report), "first")
        say("Running them again in the scratch database.")
        _require(_again(once, scratch, environ, report), "second")
        found = _compare(night, scratch, progress)
    noise = [one for measured in found for one in measured.noise]
    harness.store.save_noise(harness.suite.migration, noise)
    return found


def _legacy_jobs(suite: Suite) -> tuple[Job, ...]:
    jobs = tuple(job for job in suite.jobs if job.side is Side.LEGACY)
    if not jobs:
        raise UsageError(
            "the config has no job of the legacy side, so there is nothing to run twice"
        )
    for job in jobs:
        if not any(_URL in value for _, value in job.env):
            raise UsageError(
                f"job {job.name} is told by no {{database_url:ROLE}} under env which database to "
                "write, so its second run would write where the first one did"
            )
    return jobs


def _schemas(suite: Suite) -> set[str]:
    owned = {name for name, role in SCHEMA_OWNERS.items() if role is Role.LEGACY_WRITER}
    return owned | {dataset.legacy.schema for dataset in suite.datasets}


def _require(outcomes: Sequence[JobOutcome], which: str) -> None:
    for job in outcomes:
        if not job.ok:
            raise ComparisonError(
                f"legacy job {job.name} failed in its {which} run ({job.failure}), so nothing was "
                f"measured; its log is {job.log} in the reports folder"
            )


def _again(
    night: Night, scratch: Scratch, environ: Mapping[str, str], report: Report | None
) -> tuple[JobOutcome, ...]:
    logs = Path(LOGS) / night.session.isoformat() / FOLDER

    def database_url(role: str) -> str:
        # The Prefect server has a database of its own, which the jobs do not write.
        return (
            night.harness.database_url(role) if role == Role.PREFECT_API else scratch.url_as(role)
        )

    return night.outcomes(environ, report, logs, database_url)


def _compare(night: Night, scratch: Scratch, progress: Progress | None) -> tuple[Measured, ...]:
    """Compares in one transaction, which is rolled back: the copies are nobody else's."""
    database = night.harness.database
    with (
        database.connect_as(Role.PARITY_HARNESS) as main,
        psycopg.connect(scratch.url_as(Role.PARITY_HARNESS)) as other,
    ):
        main.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with main.transaction(force_rollback=True):
            copies = _Copies(other, main)
            return tuple(
                _measured(night, dataset, copies, progress)
                for dataset in night.harness.suite.datasets
            )


class _Copies:
    """The second run's relations in the main database, each brought when it is first asked for."""

    def __init__(self, scratch: psycopg.Connection, main: psycopg.Connection) -> None:
        self.scratch, self.main = scratch, main
        self._known: dict[Relation, tuple[Relation, tuple[str, ...]]] = {}

    def of(self, relation: Relation) -> tuple[Relation, tuple[str, ...]]:
        """The copy and its columns."""
        if relation not in self._known:
            # No name that another session's copies could have.
            name = f"noise_{self.main.info.backend_pid}_{len(self._known)}"
            copy = Relation(SCHEMA, name)
            with self.main.transaction():
                self._known[relation] = copy, bring(self.scratch, self.main, relation, copy)
        return self._known[relation]


def _measured(
    night: Night, dataset: Dataset, copies: _Copies, progress: Progress | None
) -> Measured:
    try:
        copy, columns = copies.of(dataset.legacy)
        with copies.main.transaction():
            comparison = Comparison(
                copies.main,
                _exactly(dataset, copy, columns),
                as_of=night.as_of,
                zone=night.harness.exchange.zone,
            )
            diff = compare(comparison, None, lambda _found: None, progress=progress)
    except (ComparisonError, psycopg.Error) as error:
        reason = str(error).splitlines()[0].removeprefix(f"dataset {dataset.name}: ")
        return Measured(dataset=dataset.name, reason=reason)
    if not diff.rows.matched + diff.rows.mismatched:
        return Measured(
            dataset=dataset.name, rows=diff.rows, reason="no row of both runs to compare"
        )
    return Measured(
        dataset=dataset.name, rows=diff.rows, noise=_noise(night, dataset, comparison, diff)
    )


def _exactly(dataset: Dataset, copy: Relation, columns: Sequence[str]) -> Dataset:
    """The dataset with the second run as its candidate, and no tolerance."""
    return replace(
        dataset,
        candidate=copy,
        rename=(),
        exclude=tuple(name for name in dataset.exclude if name in columns),
        tolerances=(),
        default_tolerance=EXACT,
        window=None,
        timezone=dataset.timezone or "UTC",  # both sides have the same clock, whichever it is
    )


def _noise(
    night: Night, dataset: Dataset, comparison: Comparison, diff: DatasetDiff
) -> tuple[Noise, ...]:
    rows = diff.rows

    def of(column: str, differing: int, largest: tuple[float | None, float | None]) -> Noise:
        return Noise(
            dataset=dataset.name,
            column=column,
            session=night.session,
            rows=rows.matched + rows.mismatched,
            differing=differing,
            max_abs_delta=largest[0],
            max_rel_delta=largest[1],
            only_once=rows.legacy_only + rows.candidate_only,
        )

    if not diff.columns:  # rows that are nothing but their key
        return tuple(of(pair.name, 0, (None, None)) for pair in comparison.plan.key)
    return tuple(
        of(one.name, one.mismatched, (one.max_abs_delta, one.max_rel_delta)) for one in diff.columns
    )
