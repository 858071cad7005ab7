"""Values of discrepancies as Arrow columns: the type that loses nothing, else text."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Context, Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from parity.database.batches import Column
from parity.store.codec import encode

__all__ = ["Seen", "delta_array"]

NUMBERS = frozenset({int, float, Decimal})
INT64 = 2**63
EXACT = Context(prec=60)


@dataclass(slots=True)
class Seen:
    """What kinds of values a column holds, known only when all have been looked at."""

    kinds: set[type] = field(default_factory=set)
    fits: bool = True  # every integer into 64 bits, all instants or all bare timestamps
    bare: bool | None = None

    def look(self, column: Column) -> None:
        """Takes note of some values."""
        if column.decimal:
            self.kinds.add(Decimal)
            return
        kinds = set(map(type, column.values))
        self.kinds |= kinds
        if int in kinds:
            whole = [value for value in column.values if type(value) is int]
            self.fits &= min(whole) >= -INT64 and max(whole) < INT64
        if datetime in kinds:
            moments = [value for value in column.values if type(value) is datetime]
            for bare in {moment.tzinfo is None for moment in moments}:
                self.fits &= self.bare in (None, bare)
                self.bare = bare

    @property
    def number(self) -> bool:
        """True when there is a number among the values."""
        return bool(self.kinds & NUMBERS)

    @property
    def type(self) -> pa.DataType:
        """The Arrow type: that of the values where all are of one kind that has one."""
        kinds = self.kinds - {type(None)}
        if len(kinds) != 1 or not self.fits:
            return pa.string()
        [kind] = kinds
        if kind is datetime:
            return pa.timestamp("us", tz=None if self.bare else "UTC")
        return {
            int: pa.int64(), float: pa.float64(), bool: pa.bool_(), date: pa.date32(),
        }.get(kind, pa.string())  # fmt: skip

    def array(self, column: Column) -> pa.Array:
        """Some of the values as an array of the column's type."""
        wanted = self.type
        if column.decimal:
            return pa.array(_plain_digits(column.values), wanted)
        if wanted == pa.string() and not self.kinds <= {str, type(None)}:
            texts = [None if value is None else _text(value) for value in column.values]
            return pa.array(texts, wanted)
        return pa.array(column.values, wanted)


def _plain_digits(texts: Sequence[str | None]) -> list[str | None]:
    """Decimals without an exponent, as PostgreSQL writes them."""
    return [f"{Decimal(text):f}" if text is not None and "E" in text else text for text in texts]


def _text(value: Any) -> str:
    """A value as PostgreSQL would write it, near enough to be read back by any reader."""
    writer = _WRITERS.get(type(value))
    if writer is not None:
        return writer(value)
    return json.dumps(encode(value)) if isinstance(value, list | tuple | dict) else str(value)


def _float(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value)


def _datetime(value: datetime) -> str:
    try:
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    except OverflowError:  # the first or last hours that Python knows
        return value.isoformat()


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: str,
    bool: lambda value: "true" if value else "false",
    float: _float,
    Decimal: "{:f}".format,
    datetime: _datetime,
    date: date.isoformat,
    bytes: lambda value: f"\\x{value.hex()}",
}


def delta_array(legacy: Column, candidate: Column, *, doubles: bool) -> pa.Array:
    """`candidate - legacy` as doubles, null where not both are finite numbers.

    `doubles` says that both hold floats and NULL only. Others subtract exactly and are then
    rounded; a float and a number of another kind subtract as floats.
    """
    if doubles:
        left, right = (pa.array(side.values, pa.float64()) for side in (legacy, candidate))
        found = pc.subtract(right, left)
        return pc.if_else(pc.is_finite(found), found, pa.scalar(None, pa.float64()))
    return pa.array(map(_delta, legacy.plain(), candidate.plain()), pa.float64())


def _delta(legacy: Any, candidate: Any) -> float | None:
    left, right = type(legacy), type(candidate)
    if left not in NUMBERS or right not in NUMBERS:
        return None
    try:
        if left is right is Decimal:
            found = float(EXACT.subtract(candidate, legacy)) if _finite(legacy, candidate) else None
        elif left is right is int:
            found = float(candidate - legacy)
        elif float in (left, right):
            found = float(candidate) - float(legacy)
        else:
            found = _delta(Decimal(legacy), Decimal(candidate))
    except OverflowError:  # an integer beyond the range of a double
        return None
    return found if found is not None and math.isfinite(found) else None


def _finite(one: Decimal, other: Decimal) -> bool:
    return one.is_finite() and other.is_finite()
