"""Equality of two values, exactly as the design says it.

The database finds the rows that may differ; what is said here decides. Both use the same rule
and the same arithmetic (decimals for numeric, doubles where a float is on either side), and the
database passes on whatever it cannot judge: NaN, infinities and extreme magnitudes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from parity.diff.columns import Compared, Family

__all__ = ["deltas", "equal"]


def equal(column: Compared) -> Callable[[Any, Any], bool]:
    """The equality of a pair of columns.

    NULL equals NULL only; NaN equals NaN only; infinities of one sign are equal; zeros are equal
    whatever their sign. Numbers within the column's tolerance are equal.
    """
    if column.family is Family.DOUBLE:
        absolute, relative = float(column.tolerance.abs), float(column.tolerance.rel)

        def same_double(legacy: Any, candidate: Any) -> bool:
            if legacy is None or candidate is None:
                return legacy is candidate
            return _close_double(float(legacy), float(candidate), absolute, relative)

        return same_double
    if column.family is Family.NUMERIC:
        tolerance = (Fraction(column.tolerance.abs), Fraction(column.tolerance.rel))

        def same_number(legacy: Any, candidate: Any) -> bool:
            if legacy is None or candidate is None:
                return legacy is candidate
            return _close_exact(Decimal(legacy), Decimal(candidate), *tolerance)

        return same_number
    return _same


def _same(legacy: Any, candidate: Any) -> bool:
    if legacy is None or candidate is None:
        return legacy is candidate
    return bool(legacy == candidate)


def _close_double(legacy: float, candidate: float, absolute: float, relative: float) -> bool:
    if math.isnan(legacy) or math.isnan(candidate):
        return math.isnan(legacy) and math.isnan(candidate)
    # The very rule: |a-b| <= max(rel*max(|a|,|b|), abs); an infinity equals its like only.
    return math.isclose(legacy, candidate, rel_tol=relative, abs_tol=absolute)


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


def deltas(column: Compared, legacy: Any, candidate: Any) -> tuple[float, float] | None:
    """|delta| and |delta| / max(|legacy|, |candidate|); None where they are no finite numbers."""
    if column.family not in (Family.DOUBLE, Family.NUMERIC) or legacy is None or candidate is None:
        return None
    if not (math.isfinite(legacy) and math.isfinite(candidate)):
        return None
    if column.family is Family.DOUBLE:
        legacy, candidate = float(legacy), float(candidate)
    absolute = float(abs(candidate - legacy))
    largest = float(max(abs(legacy), abs(candidate)))
    if not math.isfinite(absolute):
        return None
    return absolute, absolute / largest if largest else 0.0
