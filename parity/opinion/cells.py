"""The values of a frame's column, in the one form that `keys` gives them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from parity.opinion.keys import Special, plain_cell

__all__ = ["AmbiguousError", "as_cell", "cells"]


class AmbiguousError(ValueError):
    """A column whose values cannot be read in one way only."""


def cells(column: pd.Series[Any], timezone: str | None) -> list[object]:
    """The values of a column: Python objects, instants in UTC, `Special` for NULL and NaN.

    Args:
        column: one column of a fetched frame.
        timezone: what gives bare timestamps their meaning.

    Raises:
        AmbiguousError: a float64 column with NaN, which may have been NULL (only a column of
            objects keeps them apart).
    """
    if isinstance(column.dtype, np.dtype) and column.dtype.kind == "f" and column.isna().any():
        raise AmbiguousError(
            f"column {column.name} is {column.dtype}, where NaN may have been NULL; "
            "fetch it as objects"
        )
    # Text has no NaN: pandas uses it for a missing string.
    if isinstance(column.dtype, pd.StringDtype):
        return [Special.NULL if value is pd.NA or value != value else value for value in column]
    try:
        return [as_cell(value, timezone) for value in column]
    except AmbiguousError as error:
        raise AmbiguousError(f"column {column.name}: {error}") from error


def as_cell(value: Any, timezone: str | None) -> object:
    """One value: see `cells`. NaT and pandas' NA are NULL."""
    if value is pd.NaT or value is pd.NA:
        return Special.NULL
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, pd.Timestamp):
        value = value.to_pydatetime()
    return plain_cell(value, timezone)
