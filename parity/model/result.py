"""What a run found: frozen values that feed the store, the reports, the JSON and the exit code.

`RunResult.to_json()` is the contract of `result.json`; every constructor checks the identities
that the contract promises, so a result that does not add up cannot exist.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from parity.model.audit import Coverage
from parity.model.selftest import SelfTest
from parity.model.verdict import Side, Verdict
from parity.model.waiver import WaiverUse

__all__ = [
    "SCHEMA_VERSION",
    "ColumnResult",
    "DatasetResult",
    "Discrepancy",
    "Incident",
    "JobOutcome",
    "Origin",
    "QualityCheck",
    "RowCounts",
    "RowState",
    "RunResult",
    "SchemaDrift",
    "Scope",
    "SecondOpinion",
]


SCHEMA_VERSION = 1


class RowState(StrEnum):
    """The state of one row after a comparison."""

    MATCHED = "matched"
    MISMATCHED = "mismatched"
    LEGACY_ONLY = "legacy_only"
    CANDIDATE_ONLY = "candidate_only"
    DUPLICATE_KEY = "duplicate_key"
    NULL_KEY = "null_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCounts:
    """Rows of one dataset by state.

    `legacy` and `candidate` count the rows read on each side. `duplicate_key` and `null_key`
    are sums over both sides, whose shares are kept beside them; a key that occurs twice on one
    side makes its rows on both sides `duplicate_key`, since none of them can be paired.
    `waived` rows are counted as what they are and as waived. `unsettled` rows are younger than
    the settle time: not compared and in no other count.
    """

    legacy: int
    candidate: int
    matched: int
    mismatched: int
    legacy_only: int
    candidate_only: int
    legacy_duplicate_key: int = 0
    candidate_duplicate_key: int = 0
    legacy_null_key: int = 0
    candidate_null_key: int = 0
    waived: int = 0
    unsettled: int = 0

    def __post_init__(self) -> None:
        paired = self.matched + self.mismatched
        legacy = paired + self.legacy_only + self.legacy_duplicate_key + self.legacy_null_key
        candidate = (
            paired + self.candidate_only + self.candidate_duplicate_key + self.candidate_null_key
        )
        if legacy != self.legacy or candidate != self.candidate:
            raise ValueError(
                f"row counts do not add up: legacy {self.legacy} is not {legacy}, "
                f"or candidate {self.candidate} is not {candidate}"
            )

    @property
    def duplicate_key(self) -> int:
        """Rows of both sides whose key occurs more than once on either side."""
        return self.legacy_duplicate_key + self.candidate_duplicate_key

    @property
    def null_key(self) -> int:
        """Rows of both sides with a NULL in their key."""
        return self.legacy_null_key + self.candidate_null_key

    @property
    def discrepancies(self) -> int:
        """Rows that differ: everything but matched."""
        return (
            self.mismatched
            + self.legacy_only
            + self.candidate_only
            + self.duplicate_key
            + self.null_key
        )

    @property
    def unwaived(self) -> int:
        """Rows that differ and that no waiver accepts."""
        return self.discrepancies - self.waived

    def to_json(self) -> dict[str, int]:
        """The `rows` object of result.json."""
        return {
            "legacy": self.legacy,
            "candidate": self.candidate,
            "matched": self.matched,
            "mismatched": self.mismatched,
            "legacy_only": self.legacy_only,
            "candidate_only": self.candidate_only,
            "duplicate_key": self.duplicate_key,
            "null_key": self.null_key,
            "waived": self.waived,
            "unsettled": self.unsettled,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnResult:
    """One compared column: `mismatched` rows beyond tolerance, and the largest deltas among them.

    Deltas are None where the column is no number, or nothing beyond tolerance had a finite delta.
    """

    name: str
    mismatched: int
    max_abs_delta: float | None
    max_rel_delta: float | None
    tolerance: str = "exact"

    def to_json(self) -> dict[str, Any]:
        """One entry of `columns` in result.json."""
        return {
            "name": self.name,
            "mismatched": self.mismatched,
            "max_abs_delta": self.max_abs_delta,
            "max_rel_delta": self.max_rel_delta,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaDrift:
    """Columns that are on one side only, and columns whose types differ."""

    missing_in_candidate: tuple[str, ...] = ()
    missing_in_legacy: tuple[str, ...] = ()
    type_changes: tuple[tuple[str, str, str], ...] = ()  # column, legacy type, candidate type

    def __bool__(self) -> bool:
        return bool(self.missing_in_candidate or self.missing_in_legacy or self.type_changes)

    def lost(self, primary: Side) -> tuple[str, ...]:
        """Columns of the primary side that the other one lacks."""
        return self.missing_in_candidate if primary is Side.LEGACY else self.missing_in_legacy

    def to_json(self) -> dict[str, Any]:
        """The `schema` object of result.json."""
        return {
            "missing_in_candidate": list(self.missing_in_candidate),
            "missing_in_legacy": list(self.missing_in_legacy),
            "type_changes": [
                {"column": column, "legacy": legacy, "candidate": candidate}
                for column, legacy, candidate in self.type_changes
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an incident covers: symbols, and the first and last session (ISO dates or None)."""

    symbols: tuple[str, ...] = ()
    first: str | None = None
    last: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The `scope` object of result.json."""
        return {"symbols": list(self.symbols), "from": self.first, "to": self.last}


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Discrepancies with one cause and scope."""

    id: str
    cause: str
    proved: bool
    rows: int
    columns: tuple[str, ...]
    scope: Scope
    evidence: dict[str, Any] = field(default_factory=dict)
    explained_by: str | None = None
    waiver: str | None = None

    def to_json(self) -> dict[str, Any]:
        """One entry of `incidents` in result.json."""
        return {
            "id": self.id,
            "cause": self.cause,
            "proved": self.proved,
            "rows": self.rows,
            "columns": list(self.columns),
            "scope": self.scope.to_json(),
            "evidence": self.evidence,
            "explained_by": self.explained_by,
            "waiver": self.waiver,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """One row that differs.

    `key` is in the dataset's key order (for a null or duplicate key: what the row holds there).
    `legacy` and `candidate` hold the row's compared columns of each side, None where the side
    has no such row; `columns` names those beyond tolerance (empty unless mismatched).
    For `duplicate_key` and `null_key` exactly one side is set. `incident` is the id of the
    incident it belongs to, empty until its cause has been looked for.
    """

    state: RowState
    key: tuple[Any, ...]
    legacy: dict[str, Any] | None
    candidate: dict[str, Any] | None
    columns: tuple[str, ...] = ()
    incident: str = ""

    @property
    def side(self) -> Side | None:
        """The only side that has the row; None where both have it."""
        if self.legacy is None:
            return Side.CANDIDATE
        return Side.LEGACY if self.candidate is None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityCheck:
    """One Great Expectations expectation on one side of a dataset."""

    dataset: str
    side: Side
    expectation: str
    column: str | None
    success: bool
    unexpected: int
    total: int
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOutcome:
    """How one job of a night ended.

    `exit_code` is None when it was ended by its time limit or could not start, and negative when
    a signal ended it. `reason` is one line, the last of the log where the job ended by itself;
    empty on success. `seconds` is wall time; `cpu_seconds` and `peak_memory` (bytes, of its largest
    process) are the operating system's account of the job and of the children it waited for, None
    where there is none. `log` is a path relative to the reports folder.
    """

    name: str
    side: Side
    exit_code: int | None
    seconds: float
    log: str
    reason: str = ""
    cpu_seconds: float | None = None
    peak_memory: int | None = None

    @property
    def ok(self) -> bool:
        """True when the job ended by itself with exit code 0."""
        return self.exit_code == 0

    @property
    def failure(self) -> str:
        """Why it failed, with the exit code where it gave one; empty on success."""
        if self.ok:
            return ""
        code = f"exit {self.exit_code}" if self.exit_code and self.exit_code > 0 else ""
        return ": ".join(part for part in (code, self.reason) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondOpinion:
    """The independent re-compare: rows looked at, and rows on which it disagreed."""

    rows: int
    disagreements: int
    examples: tuple[str, ...] = ()

    def to_json(self) -> dict[str, int]:
        """The `second_opinion` object of result.json."""
        return {"rows": self.rows, "disagreements": self.disagreements}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the rows of a dataset were read.

    Relations are (schema, table) as named in the database. `rename` maps a legacy column to its
    candidate name where they differ. `where` keeps rows whose column (named by legacy) equals one
    of the values, which are written as text. `timezone` is that of bare timestamps. `time` and
    `symbol` are columns by their legacy name; None: there is none, or it was not kept.
    """

    legacy: tuple[str, str]
    candidate: tuple[str, str]
    rename: tuple[tuple[str, str], ...] = ()
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    timezone: str | None = None
    time: str | None = None
    symbol: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetResult:
    """What one dataset's comparison found.

    What could not be compared has no rows and says why in `reasons`. `coverage` is None where
    all of history is compared every night. `stored` discrepancies are kept in the database, the
    first ones by key; the Parquet file beside the report has all of them.
    """

    name: str
    kind: str
    verdict: Verdict
    reasons: tuple[str, ...]
    rows: RowCounts
    columns: tuple[ColumnResult, ...] = ()
    schema: SchemaDrift = field(default_factory=SchemaDrift)
    incidents: tuple[Incident, ...] = ()
    key: tuple[str, ...] = ()
    quality: tuple[QualityCheck, ...] = ()
    notes: tuple[str, ...] = ()
    coverage: Coverage | None = None
    stored: int | None = None  # None: all
    explained: bool = True  # False: causes could not be looked for
    primary: Side = Side.LEGACY  # the side whose columns the other one must have
    origin: Origin | None = None  # beside the JSON contract; None: of a night before it was kept

    def __post_init__(self) -> None:
        explained = sum(incident.rows for incident in self.incidents)
        if explained != self.rows.discrepancies:
            raise ValueError(
                f"dataset {self.name}: incidents hold {explained} rows, "
                f"but {self.rows.discrepancies} rows differ"
            )
        waived = sum(one.rows for one in self.incidents if one.waiver is not None)
        if waived != self.rows.waived:
            raise ValueError(
                f"dataset {self.name}: incidents with a waiver hold {waived} rows, "
                f"but {self.rows.waived} rows are waived"
            )
        if self.verdict is Verdict.PASS and (
            self.rows.unwaived or not self.rows.matched or self.schema.lost(self.primary)
        ):
            raise ValueError(
                f"dataset {self.name}: a pass needs matched rows and no difference but waived ones"
            )

    def to_json(self) -> dict[str, Any]:
        """One entry of `datasets` in result.json."""
        return {
            "name": self.name,
            "kind": self.kind,
            "verdict": self.verdict.value,
            "reasons": list(self.reasons),
            "rows": self.rows.to_json(),
            "columns": [column.to_json() for column in self.columns],
            "schema": self.schema.to_json(),
            "incidents": [incident.to_json() for incident in self.incidents],
            "coverage": self.coverage.to_json() if self.coverage else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """One night's comparison. Jobs and quality details are beside the JSON contract.

    `primary` is the side that consumers read, and so the reference of this night. `waivers` are all
    that waivers.yaml had, in its order, with what became of each.
    """

    run_id: str
    migration: str
    phase: str
    session: date
    as_of: datetime
    verdict: Verdict
    reasons: tuple[str, ...]
    datasets: tuple[DatasetResult, ...]
    selftest: SelfTest
    second_opinion: SecondOpinion
    jobs: tuple[JobOutcome, ...] = ()
    primary: Side = Side.LEGACY
    waivers: tuple[WaiverUse, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The contract of result.json (see the design's `Commands`)."""
        return {
            "schema_version": SCHEMA_VERSION,
            "run_id": self.run_id,
            "migration": self.migration,
            "phase": self.phase,
            "primary": self.primary.value,
            "session": self.session.isoformat(),
            "as_of": self.as_of.isoformat(),
            "verdict": self.verdict.value,
            "reasons": list(self.reasons),
            "datasets": [dataset.to_json() for dataset in self.datasets],
            "selftest": self.selftest.to_json(),
            "second_opinion": self.second_opinion.to_json(),
            "waivers": [use.to_json() for use in self.waivers],
        }
