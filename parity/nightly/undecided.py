"""What stands for a dataset that could not be compared."""

from __future__ import annotations

from parity.model.errors import ComparisonError
from parity.model.result import DatasetResult, RowCounts, SecondOpinion
from parity.model.suite import Dataset
from parity.model.verdict import Verdict

__all__ = ["NO_OPINION", "not_compared"]

NO_OPINION = SecondOpinion(rows=0, disagreements=0)
_NOTHING = RowCounts(
    legacy=0, candidate=0, matched=0, mismatched=0, legacy_only=0, candidate_only=0
)


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
