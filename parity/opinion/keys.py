"""One form for values and keys as a driver gives them, without pandas: most ask for keys only."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

from parity.model.result import RowState

__all__ = ["Claim", "Special", "hashable", "key_of", "plain_cell"]

Claim = RowState | frozenset[str]
"""What is said of one key: its state, or the columns that mismatch."""


class Special(Enum):
    """What pandas would take for one another."""

    NULL = "NULL"
    NAN = "NaN"

    def __str__(self) -> str:
        return self.value


def plain_cell(value: Any, timezone: str | None) -> object:
    """One value: instants in UTC, `Special` for NULL and NaN; within lists and mappings too."""
    if value is None:
        return Special.NULL
    if isinstance(value, float | Decimal) and value != value:
        return Special.NAN
    if isinstance(value, datetime):
        # Without a zone the diff compares clocks: a date against a bare timestamp.
        bare = value.tzinfo is None and timezone is None
        return value if bare else _instant(value, timezone)
    if isinstance(value, list):  # an array, or JSON
        return [plain_cell(item, timezone) for item in value]
    if isinstance(value, dict):
        return {name: plain_cell(item, timezone) for name, item in value.items()}
    return value


def key_of(values: tuple[Any, ...], timezone: str | None) -> tuple[object, ...]:
    """A key as a tuple of cells; equal keys of both sides and of a claim are equal tuples."""
    return tuple(hashable(plain_cell(value, timezone)) for value in values)


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
    try:
        return value.astimezone(UTC)
    except OverflowError:  # the end of year 9999; equal instants are equal whatever their offset
        return value
