"""One form for values and keys, whatever a frame, a driver or a claim calls them."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

__all__ = ["AmbiguousError", "Special", "as_cell", "cells", "hashable", "key_of"]


class Special(Enum):
    """What pandas would take for one another."""

    NULL = "NULL"
    NAN = "NaN"

    def __str__(self) -> str:
        return self.value


class AmbiguousError(ValueError):
    """A column whose values cannot be read in one way only."""


def cells(column: pd.Series[Any], timezone: str | None) -> list[object]:
    """The values of a column: Python objects, instants in UTC, `Special` for NULL and NaN.

    Args:
        column: one column of a fetched frame.
        timezone: what gives bare timestamps their meaning.

    Raises:
        AmbiguousError: a float64 column with NaN, which may have been NULL (only a column of
            objects keeps them apart); a bare timestamp without a time zone.
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
    if value is None or value is pd.NaT or value is pd.NA:
        return Special.NULL
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float | Decimal) and value != value:
        return Special.NAN
    if isinstance(value, pd.Timestamp):
        value = value.to_pydatetime()
    if isinstance(value, datetime):
        # Without a zone the diff compares clocks: a date against a bare timestamp.
        bare = value.tzinfo is None and timezone is None
        return value if bare else _instant(value, timezone)
    if isinstance(value, list):  # an array, or JSON
        return [as_cell(item, timezone) for item in value]
    if isinstance(value, dict):
        return {name: as_cell(item, timezone) for name, item in value.items()}
    return value


def key_of(values: tuple[Any, ...], timezone: str | None) -> tuple[object, ...]:
    """A key as a tuple of cells; equal keys of both sides and of a claim are equal tuples."""
    return tuple(hashable(as_cell(value, timezone)) for value in values)


def hashable(cell: object) -> object:
    """A cell that can be part of a key: a list or object of JSON by how it prints."""
    return cell if isinstance(cell, Hashable) else repr(cell)


def _instant(value: datetime, timezone: str | None) -> datetime:
    if value.tzinfo is None:
        assert timezone is not None
        local = value.replace(tzinfo=ZoneInfo(timezone))
        # An hour that occurs twice, or never, is read in standard time, as PostgreSQL reads it.
        value = min(
            (local.replace(fold=0), local.replace(fold=1)),
            key=lambda moment: moment.utcoffset() or timedelta(0),
        )
    return value.astimezone(UTC)
