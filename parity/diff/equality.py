"""Equality of two values, exactly as the design says it.

The database finds the rows that may differ; what is said here decides. Both use the same rule
and the same arithmetic (decimals for numeric, doubles where a float is on either side), and the
database passes on whatever it cannot judge: NaN, infinities, extreme magnitudes and far years.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from parity.diff.columns import Compared, Family

__all__ = ["deltas", "equal"]

Test = Callable[[Any, Any], bool]


def equal(column: Compared) -> Test:
    """The equality of a pair of columns.

    NULL equals NULL only; NaN equals NaN only; infinities of one sign are equal; zeros are equal
    whatever their sign. Numbers, dates and times within the column's tolerance are equal; a date
    or time that Python cannot hold (text here) equals only itself.
    """
    return _or_null(_test(column))


def _test(column: Compared) -> Test:
    tolerance = column.tolerance
    if column.family is Family.DOUBLE:
        bounds = float(tolerance.abs), float(tolerance.rel)
        return lambda a, b: _close_double(float(a), float(b), *bounds)
    if column.family is Family.NUMERIC and column.tolerance.exact:
        return _same_decimal
    if column.family is Family.NUMERIC:
        exact = Fraction(tolerance.abs), Fraction(tolerance.rel)
        return lambda a, b: _close_exact(Decimal(a), Decimal(b), *exact)
    if column.family in (Family.INSTANT, Family.CLOCK):
        return lambda a, b: _close_in_time(a, b, tolerance.within)
    return _same


def _or_null(test: Test) -> Test:
    def equal_or_null(legacy: Any, candidate: Any) -> bool:
        if legacy is None or candidate is None:
            return legacy is candidate
        return test(legacy, candidate)

    return equal_or_null


def _same(legacy: Any, candidate: Any) -> bool:
    """Python's equality, but true is not 1, and NaN within an array is NaN."""
    if isinstance(legacy, list) and isinstance(candidate, list):
        return len(legacy) == len(candidate) and all(map(_same, legacy, candidate))
    if isinstance(legacy, dict) and isinstance(candidate, dict):
        return legacy.keys() == candidate.keys() and all(
            _same(value, candidate[name]) for name, value in legacy.items()
        )
    if isinstance(legacy, bool) is not isinstance(candidate, bool):
        return False
    return bool(legacy == candidate) or (legacy != legacy and candidate != candidate)


def _close_double(legacy: float, candidate: float, absolute: float, relative: float) -> bool:
    if math.isnan(legacy) or math.isnan(candidate):
        return math.isnan(legacy) and math.isnan(candidate)
    # The very rule: |a-b| <= max(rel*max(|a|,|b|), abs); an infinity equals its like only.
    return math.isclose(legacy, candidate, rel_tol=relative, abs_tol=absolute)


def _same_decimal(legacy: Any, candidate: Any) -> bool:
    """Decimals and whole numbers: NaN equals NaN."""
    return bool(legacy == candidate or (legacy != legacy and candidate != candidate))


def _close_exact(
    legacy: Decimal, candidate: Decimal, absolute: Fraction, relative: Fraction
) -> bool:
    if legacy.is_nan() or candidate.is_nan():
        return legacy.is_nan() and candidate.is_nan()
    if legacy == candidate:
        return True
    if legacy.is_infinite() or candidate.is_infinite():
        return False
    left, right = Fraction(legacy), Fraction(candidate)
    return abs(right - left) <= max(absolute, relative * max(abs(left), abs(right)))


def _close_in_time(legacy: date | str, candidate: date | str, within: timedelta) -> bool:
    if isinstance(legacy, str) or isinstance(candidate, str):
        return legacy == candidate
    return abs(_position(candidate) - _position(legacy)) <= within


def _position(value: date) -> timedelta:
    """Time since year 1, of an instant in UTC.

    Python compares two datetimes in one zone by their clocks, where an hour occurs twice; and
    an instant in year 1 or 9999 may have no datetime in UTC.
    """
    position = timedelta(days=value.toordinal())
    if not isinstance(value, datetime):
        return position
    position += timedelta(
        hours=value.hour,
        minutes=value.minute,
        seconds=value.second,
        microseconds=value.microsecond,
    )
    return position - (value.utcoffset() or timedelta(0))


def deltas(column: Compared, legacy: Any, candidate: Any) -> tuple[float, float] | None:
    """|delta| and |delta| / max(|legacy|, |candidate|); None where they are no finite numbers."""
    if column.family not in (Family.DOUBLE, Family.NUMERIC) or legacy is None or candidate is None:
        return None
    if not (math.isfinite(legacy) and math.isfinite(candidate)):
        return None
    if column.family is Family.DOUBLE:
        legacy, candidate = float(legacy), float(candidate)
    delta = abs(candidate - legacy)
    largest = max(abs(legacy), abs(candidate))
    if not math.isfinite(delta):
        return None
    # Divided before it becomes a double, which holds no numeric below 1e-323.
    return float(delta), float(delta / largest) if largest else 0.0
