"""Brings a side's rows into the form that the expectations look at."""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from parity.quality.suites import FINITE, Expectation, presence_of

__all__ = ["NotANumberError", "prepare"]


_NUMBERS = (int, float, Decimal, np.number)


class NotANumberError(ValueError):
    """A column that should hold numbers holds something else."""

    def __init__(self, column: str, value: object) -> None:
        super().__init__(f"column {column} holds {value!r}, which is no number")


def prepare(
    rows: pd.DataFrame, key: tuple[str, ...], suite: Iterable[Expectation], exclude: tuple[str, ...]
) -> pd.DataFrame:
    """The columns that `suite` looks at: numbers as float64, and the added marker columns.

    NULL and NaN both become NaN in the float columns, where the checks skip them; the markers
    tell them apart: `presence_of(c)` is None for NULL, `FINITE` names a column with NaN or an
    infinity. A NaN in a column of dtype float64 cannot be told from NULL and is read as NULL.

    Raises:
        NotANumberError: a column to be checked as a number holds something else.
    """
    columns: dict[str, pd.Series[Any]] = {
        name: rows[name].map(_hashable) for name in key if name in rows.columns
    }
    for item in suite:
        for name in item.needs:
            if item.type == "expect_column_values_to_not_be_null":
                columns[presence_of(name)] = _presence(rows[name])
            elif name not in columns:
                columns[name] = _numbers(rows[name])
        if item.kwargs.get("column") == FINITE:
            skipped = {*key, *exclude}
            columns[FINITE] = _first_not_finite(
                {name: rows[name] for name in rows.columns if name not in skipped}, rows.index
            )
    return pd.DataFrame(columns).reset_index(drop=True)


def _hashable(value: object) -> object:
    """Arrays and JSON as text: uniqueness is looked up in a hash table."""
    return repr(value) if isinstance(value, list | dict) else value


def _is_nan(value: object) -> bool:
    return isinstance(value, float | Decimal) and math.isnan(value)


def _is_not_finite(value: object) -> bool:
    # A NULL is None here; only a real NaN or infinity is a float or Decimal.
    return isinstance(value, float | Decimal) and not math.isfinite(value)


def _presence(column: pd.Series[Any]) -> pd.Series[Any]:
    present = column.notna().to_numpy(dtype=bool, copy=True)
    if column.dtype == object and not present.all():
        present |= column.map(_is_nan).to_numpy(dtype=bool)
    marks = [1 if here else None for here in present]
    return pd.Series(marks, index=column.index, dtype=object)


def _numbers(column: pd.Series[Any]) -> pd.Series[Any]:
    name = str(column.name)
    present = column.dropna()
    for kind in set(map(type, present)):
        # Text and booleans would convert without a word.
        if not issubclass(kind, _NUMBERS) or issubclass(kind, bool):
            raise NotANumberError(name, next(value for value in present if type(value) is kind))
    try:
        values = column.where(column.notna(), math.nan).astype("float64")
    except (TypeError, ValueError, OverflowError) as error:
        raise NotANumberError(name, present.iloc[0]) from error
    return values


def _first_not_finite(columns: dict[str, pd.Series[Any]], index: pd.Index[Any]) -> pd.Series[Any]:
    found = np.full(len(index), None, dtype=object)
    for name, column in columns.items():
        if column.dtype == object:
            if not any(issubclass(kind, float | Decimal) for kind in set(map(type, column))):
                continue
            wrong = column.map(_is_not_finite).to_numpy(dtype=bool)
        elif pd.api.types.is_float_dtype(column.dtype):
            wrong = column.isin([math.inf, -math.inf]).to_numpy(dtype=bool)
        else:
            continue
        for position in np.flatnonzero(wrong):
            if found[position] is None:
                found[position] = f"{name} is {column.iloc[position]}"
    return pd.Series(found, index=index, dtype=object)
