"""Runs a dataset's expectations on one side's rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from parity.model.errors import ComparisonError
from parity.model.result import QualityCheck
from parity.model.suite import Dataset
from parity.model.verdict import Side
from parity.quality import engine
from parity.quality.frame import NotANumberError, prepare
from parity.quality.suites import Expectation, expectations, presence_of

__all__ = ["check"]

SHOWN = 3  # rows named in the detail of a failed check


def check(dataset: Dataset, side: Side, rows: pd.DataFrame) -> tuple[QualityCheck, ...]:
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
        One result per expectation, missing columns first, then in the order of `expectations`.

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
    if rows.empty:
        return absent + tuple(
            _result(dataset, side, item.label, item.column, detail="no rows") for item in suite
        )
    try:
        data = prepare(rows, dataset.key, suite, dataset.exclude)
    except NotANumberError as error:
        raise ComparisonError(f"dataset {dataset.name}, {side.value}: {error}") from error
    outcomes = _outcomes(dataset, side, suite, data)
    named = _name_rows(dataset, side, suite, data, outcomes)
    return absent + tuple(
        _summary(dataset, side, item, outcome, named.get(index, ""))
        for index, (item, outcome) in enumerate(zip(suite, outcomes, strict=True))
    )


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


def _name_rows(
    dataset: Dataset,
    side: Side,
    suite: tuple[Expectation, ...],
    data: pd.DataFrame,
    outcomes: tuple[engine.Outcome, ...],
) -> dict[int, str]:
    """The keys of some rows of each failed check: a second pass, as finding them costs time."""
    failed = [
        index
        for index, outcome in enumerate(outcomes)
        if not outcome.success and "element_count" in outcome.result
    ]
    key = tuple(name for name in dataset.key if name in data.columns)
    if not failed or not key:
        return {}
    again = _outcomes(dataset, side, tuple(suite[index] for index in failed), data, key)
    return {
        index: _rows(key, outcome.result.get("partial_unexpected_index_list") or ())
        for index, outcome in zip(failed, again, strict=True)
    }


def _rows(key: tuple[str, ...], found: Iterable[Mapping[str, Any]]) -> str:
    # What is beside the key columns is the unexpected value; markers show only what they say.
    lines = []
    for row in list(found)[:SHOWN]:
        values = [
            str(value) if name.startswith("\x1f") else f"{name} {value}"
            for name, value in row.items()
            if name not in key and not name.startswith(presence_of(""))
        ]
        where = " ".join(str(row[name]) for name in key)
        lines.append(f"{where}: {', '.join(values)}" if values else where)
    return "; ".join(lines)


def _summary(
    dataset: Dataset, side: Side, item: Expectation, outcome: engine.Outcome, rows: str
) -> QualityCheck:
    result = outcome.result
    elements = int(result.get("element_count", result.get("observed_value", 0)))
    total = elements - int(result.get("missing_count", 0))
    detail = rows if total else "no values: every row is NULL here"
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
