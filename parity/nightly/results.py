"""From what a comparison found to a dataset's result, and what stands for one that failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from parity.diff import DatasetDiff
from parity.gates import judge_dataset
from parity.model.audit import Coverage
from parity.model.errors import ComparisonError
from parity.model.result import (
    DatasetResult,
    Incident,
    JobOutcome,
    Origin,
    QualityCheck,
    RowCounts,
    SecondOpinion,
)
from parity.model.suite import Dataset
from parity.model.verdict import Side, Verdict

__all__ = ["NO_OPINION", "judged", "not_compared"]

NO_OPINION = SecondOpinion(rows=0, disagreements=0)
_NOTHING = RowCounts(
    legacy=0, candidate=0, matched=0, mismatched=0, legacy_only=0, candidate_only=0
)


def judged(
    dataset: Dataset,
    diff: DatasetDiff,
    *,
    incidents: tuple[Incident, ...],
    opinion: SecondOpinion,
    notes: tuple[str, ...],
    session: str = "",
    quality: tuple[QualityCheck, ...] = (),
    jobs: Sequence[JobOutcome] = (),
    coverage: Coverage | None = None,
    explained: bool = True,
    primary: Side = Side.LEGACY,
) -> DatasetResult:
    """The result of a dataset that was compared, with its verdict."""
    waived = sum(incident.rows for incident in incidents if incident.waiver is not None)
    rows = replace(diff.rows, waived=waived)
    verdict, reasons = judge_dataset(
        rows=rows,
        schema=diff.schema,
        session_rows=diff.session_rows,
        session=session,
        incidents=incidents,
        quality=quality,
        jobs=jobs,
        opinion=opinion,
        coverage=coverage,
        primary=primary,
    )
    return DatasetResult(
        name=dataset.name,
        kind=dataset.kind.value,
        verdict=verdict,
        reasons=reasons,
        rows=rows,
        columns=diff.columns,
        schema=diff.schema,
        incidents=incidents,
        key=dataset.key,
        quality=quality,
        notes=notes,
        coverage=coverage,
        explained=explained,
        primary=primary,
        origin=_origin(dataset),
    )


def _origin(dataset: Dataset) -> Origin:
    where = tuple((name, tuple(map(_text, values))) for name, values in dataset.where)
    return Origin(
        legacy=(dataset.legacy.schema, dataset.legacy.table),
        candidate=(dataset.candidate.schema, dataset.candidate.table),
        rename=dataset.rename,
        where=where,
        timezone=dataset.timezone,
        time=dataset.time,
        symbol=dataset.symbol,
    )


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def not_compared(dataset: Dataset, error: Exception) -> DatasetResult:
    """The undecided result of a dataset, with the reason in one line."""
    text = " ".join(str(error).split())[:500]
    if not isinstance(error, ComparisonError):
        text = f"{type(error).__name__}: {text}"
    prefix = f"dataset {dataset.name}: "
    return DatasetResult(
        name=dataset.name,
        kind=dataset.kind.value,
        verdict=Verdict.UNDECIDED,
        reasons=(f"not compared: {text.removeprefix(prefix)}",),
        rows=_NOTHING,
        key=dataset.key,
    )
