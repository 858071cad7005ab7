"""Keys as JSON, just as the database writes them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Any

__all__ = ["keys_json"]


def keys_json(keys: Sequence[tuple[Any, ...]]) -> str:
    """An array of arrays, with the values as `jsonb_build_array` has them (zone UTC)."""
    return f"[{','.join(_array(key) for key in keys)}]"


def _array(values: Sequence[Any]) -> str:
    return f"[{','.join(map(_text, values))}]"


def _text(value: Any) -> str:
    if value is None or isinstance(value, bool | str):
        return json.dumps(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float | Decimal):
        return _number(value)
    if isinstance(value, list | tuple):
        return _array(value)
    return json.dumps(_quoted(value))


def _number(value: float | Decimal) -> str:
    """JSON has no infinities and no NaN; the database writes them as text."""
    if math.isnan(value):
        return '"NaN"'
    if math.isinf(value):
        return '"Infinity"' if value > 0 else '"-Infinity"'
    return _shortest(value) if isinstance(value, float) else str(value)


def _shortest(value: float) -> str:
    """The fewest digits that stand for this double and no other.

    Python takes a number half-way between two doubles for the even one; the database writes one
    digit more there, since others may read it otherwise.
    """
    text = repr(value)
    exact = Fraction(value)
    below, above = math.nextafter(value, -math.inf), math.nextafter(value, math.inf)
    if math.isinf(below) or math.isinf(above):
        return text
    low, high = (exact + Fraction(below)) / 2, (exact + Fraction(above)) / 2
    digits = len(Decimal(text).as_tuple().digits)
    while not low < Fraction(text) < high:
        text = f"{value:.{digits}e}"  # so many after the point, one before it
        digits += 1
    return text


def _quoted(value: Any) -> str:
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, time):
        return value.isoformat()[:8] + _fraction(value.microsecond)
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    return value.isoformat() if isinstance(value, date) else str(value)


def _moment(value: datetime) -> str:
    zone = ""
    if value.tzinfo is not None:
        try:
            value = value.astimezone(UTC).replace(tzinfo=None)
        except OverflowError:  # in UTC it is in year 0 or 10000, which Python has not
            return value.isoformat()
        zone = "+00:00"
    return value.replace(microsecond=0).isoformat() + _fraction(value.microsecond) + zone


def _fraction(microseconds: int) -> str:
    return f".{microseconds:06d}".rstrip("0").rstrip(".")
