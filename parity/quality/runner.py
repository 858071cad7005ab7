"""Runs a dataset's expectations on one side's rows."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from parity.model.errors import ComparisonError
from parity.model.result import QualityCheck
from parity.model.suite import Dataset
from parity.model.verdict import Side
from parity.quality import engine
from parity.quality.frame import NotANumberError, prepare
from parity.quality.suites import FINITE, Expectation, expectations
from parity.quality.unexpected import unexpected_rows

__all__ = ["Validation", "check", "validate"]

SHOWN = 3  # rows named in the detail of a failed check


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """One side's checks, and beside each what Great Expectations said of it.

    Attributes:
        dataset: what the rows are.
        side: where they come from.
        rows: how many there are.
        key: the columns of the key that the rows have, by which unexpected rows are named.
        checks: the results.
        outcomes: as many; None where Great Expectations was not asked: a missing column, no rows.
    """

    dataset: Dataset
    side: Side
    rows: int
    key: tuple[str, ...]
    checks: tuple[QualityCheck, ...]
    outcomes: tuple[engine.Outcome | None, ...]


def check(dataset: Dataset, side: Side, rows: pd.DataFrame) -> tuple[QualityCheck, ...]:
    """The results of `validate` alone."""
    return validate(dataset, side, rows).checks


def validate(dataset: Dataset, side: Side, rows: pd.DataFrame) -> Validation:
    """Check one side's rows against the suite of the dataset's kind.

    Columns are named by the legacy side. Build the frame with `dtype=object` to keep NULL (None)
    and NaN apart; in a float64 column NaN is read as NULL. NULLs are left to the `not null`
    checks and pass the others; `total` counts the rows that a check really looked at, and a
    check with none says so in `detail`. Without rows every check fails; a missing column is one
    failed check, `exists`, in place of those that need it.

    Args:
        dataset: what the rows are.
        side: where they come from; only named in the result.
        rows: the side's rows.

    Returns:
        One check per expectation, missing columns first, then in the order of `expectations`.

    Raises:
        ComparisonError: a check could not be made: Great Expectations raised, or a column that
            should hold numbers does not. Names dataset, side and expectation or column.
    """
    suite = expectations(dataset)
    missing = dict.fromkeys(
        name for item in suite for name in item.needs if name not in rows.columns
    )
    absent = tuple(
        _result(dataset, side, "exists", name, detail=f"there is no column {name}")
        for name in missing
    )
    suite = tuple(item for item in suite if not set(missing) & set(item.needs))
    key = tuple(name for name in dataset.key if name in rows.columns)
    outcomes: tuple[engine.Outcome | None, ...] = (None,) * len(suite)
    if not rows.empty:
        outcomes = _looked(dataset, side, suite, rows, key)
    found = tuple(
        _summary(dataset, side, item, outcome, key)
        for item, outcome in zip(suite, outcomes, strict=True)
    )
    return Validation(
        dataset=dataset,
        side=side,
        rows=len(rows),
        key=key,
        checks=absent + found,
        outcomes=(None,) * len(absent) + outcomes,
    )


def _looked(
    dataset: Dataset,
    side: Side,
    suite: tuple[Expectation, ...],
    rows: pd.DataFrame,
    key: tuple[str, ...],
) -> tuple[engine.Outcome, ...]:
    """What Great Expectations says of the rows; of what fails, with the rows named."""
    try:
        data = prepare(rows, dataset.key, suite, dataset.exclude)
    except NotANumberError as error:
        raise ComparisonError(f"dataset {dataset.name}, {side.value}: {error}") from error
    outcomes = _outcomes(dataset, side, suite, data)
    return _with_rows(dataset, side, suite, data, outcomes, key)


def _outcomes(
    dataset: Dataset,
    side: Side,
    suite: tuple[Expectation, ...],
    data: pd.DataFrame,
    key: tuple[str, ...] = (),
) -> tuple[engine.Outcome, ...]:
    try:
        outcomes = engine.validate(suite, data, key)
    except Exception as error:
        raise ComparisonError(
            f"dataset {dataset.name}, {side.value}: the expectations could not be checked: "
            f"{_one_line(error)}"
        ) from error
    for item, outcome in zip(suite, outcomes, strict=True):
        if outcome.error is not None:
            about = f"{item.label} ({item.column})" if item.column else item.label
            raise ComparisonError(
                f"dataset {dataset.name}, {side.value}: expectation '{about}' could not be "
                f"checked: {_one_line(outcome.error)}"
            )
    return outcomes


def _with_rows(
    dataset: Dataset,
    side: Side,
    suite: tuple[Expectation, ...],
    data: pd.DataFrame,
    outcomes: tuple[engine.Outcome, ...],
    key: tuple[str, ...],
) -> tuple[engine.Outcome, ...]:
    """The outcomes, those of failed checks with some rows: a second pass, as they cost time."""
    failed = [
        index
        for index, outcome in enumerate(outcomes)
        if not outcome.success and "element_count" in outcome.result
    ]
    if not failed or not key:
        return outcomes
    again = _outcomes(dataset, side, tuple(suite[index] for index in failed), data, key)
    named = dict(zip(failed, again, strict=True))
    return tuple(named.get(index, outcome) for index, outcome in enumerate(outcomes))


def _rows(outcome: engine.Outcome, key: tuple[str, ...]) -> str:
    # Of markers only what they say is shown.
    lines = []
    for row in unexpected_rows(outcome.result, key, SHOWN):
        values = [str(value) if name == FINITE else f"{name} {value}" for name, value in row.values]
        where = " ".join(map(str, row.key))
        lines.append(f"{where}: {', '.join(values)}" if values else where)
    return "; ".join(lines)


def _summary(
    dataset: Dataset,
    side: Side,
    item: Expectation,
    outcome: engine.Outcome | None,
    key: tuple[str, ...],
) -> QualityCheck:
    if outcome is None:
        return _result(dataset, side, item.label, item.column, detail="no rows")
    result = outcome.result
    elements = int(result.get("element_count", result.get("observed_value", 0)))
    total = elements - int(result.get("missing_count", 0))
    detail = _rows(outcome, key) if total else "no values: every row is NULL here"
    return _result(
        dataset,
        side,
        item.label,
        item.column,
        success=outcome.success,
        unexpected=int(result.get("unexpected_count", 0)),
        total=total,
        detail=detail,
    )


def _result(
    dataset: Dataset,
    side: Side,
    expectation: str,
    column: str | None,
    *,
    success: bool = False,
    unexpected: int = 0,
    total: int = 0,
    detail: str,
) -> QualityCheck:
    return QualityCheck(
        dataset=dataset.name,
        side=side,
        expectation=expectation,
        column=column,
        success=success,
        unexpected=unexpected,
        total=total,
        detail=detail,
    )


def _one_line(error: object) -> str:
    return " ".join(str(error).split()) or type(error).__name__
