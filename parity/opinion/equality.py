"""The equality of the design, as a comparator that datacompy calls for every column.

datacompy's own comparators take None for NaN and add the two tolerances, so none of them is left
to decide: this one answers for every column it is asked about.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Context, Decimal
from typing import Any

import pandas as pd
from datacompy.comparator.base import BaseComparator

from parity.model.suite import EXACT, Tolerance
from parity.opinion.keys import Special

__all__ = ["DesignEquality", "equal"]

# More digits than a PostgreSQL numeric can have (131072 before the point, 16383 after), so that
# no product or difference of two is ever rounded.
_EXACT = Context(prec=400_000, Emax=999_999, Emin=-999_999)


def equal(legacy: object, candidate: object, tolerance: Tolerance) -> bool:
    """Whether two cells are equal within a tolerance.

    NULL equals only NULL, NaN only NaN. Numbers are equal when |delta| <= max(abs, rel * larger
    magnitude): in decimal arithmetic, exactly, unless one is a double; then in double. Dates and
    times are equal when they are no further apart than `within`. Everything else is equal when
    Python says so, a truth value only to a truth value.
    """
    if isinstance(legacy, Special) or isinstance(candidate, Special):
        return legacy is candidate
    if _is_number(legacy) and _is_number(candidate):
        return _numbers_equal(legacy, candidate, tolerance)
    if isinstance(legacy, bool) is not isinstance(candidate, bool):
        return False
    if isinstance(legacy, list) and isinstance(candidate, list):
        return len(legacy) == len(candidate) and all(
            equal(a, b, EXACT) for a, b in zip(legacy, candidate, strict=True)
        )
    if isinstance(legacy, dict) and isinstance(candidate, dict):
        return legacy.keys() == candidate.keys() and all(
            equal(value, candidate[name], EXACT) for name, value in legacy.items()
        )
    if isinstance(legacy, date) and isinstance(candidate, date):
        return _moments_equal(legacy, candidate, tolerance)
    return bool(legacy == candidate)


class DesignEquality(BaseComparator):
    """Compares two columns by `equal`; `seen` lists the columns it was asked about."""

    def __init__(self, tolerances: Mapping[str, Tolerance]) -> None:
        """Take the tolerances by the name that the first column has when it is compared."""
        self.tolerances = tolerances
        self.seen: list[str] = []

    def compare(self, col1: pd.Series[Any], col2: pd.Series[Any], **_: object) -> pd.Series[bool]:
        """One truth value per row, in the order of `col1`."""
        name = str(col1.name)
        tolerance = self.tolerances[name]
        self.seen.append(name)
        verdicts = [equal(a, b, tolerance) for a, b in zip(col1, col2, strict=True)]
        return pd.Series(verdicts, index=col1.index, dtype=bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _numbers_equal(legacy: Any, candidate: Any, tolerance: Tolerance) -> bool:
    if isinstance(legacy, float) or isinstance(candidate, float):
        return _doubles_equal(float(legacy), float(candidate), tolerance)
    return _decimals_equal(Decimal(legacy), Decimal(candidate), tolerance)


def _moments_equal(legacy: date, candidate: date, tolerance: Tolerance) -> bool:
    one, other = _midnight(legacy), _midnight(candidate)
    if (one.tzinfo is None) is not (other.tzinfo is None):
        return False
    return abs(other - one) <= tolerance.within


def _midnight(moment: date) -> datetime:
    """A date means its first moment."""
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time.min)


def _doubles_equal(legacy: float, candidate: float, tolerance: Tolerance) -> bool:
    if legacy == candidate:  # equal infinities and signed zeros included
        return True
    if math.isinf(legacy) or math.isinf(candidate):
        return False
    allowed = max(float(tolerance.abs), float(tolerance.rel) * max(abs(legacy), abs(candidate)))
    return abs(candidate - legacy) <= allowed


def _decimals_equal(legacy: Decimal, candidate: Decimal, tolerance: Tolerance) -> bool:
    if legacy == candidate:
        return True
    if legacy.is_infinite() or candidate.is_infinite():
        return False
    delta = _EXACT.abs(_EXACT.subtract(candidate, legacy))
    larger = max(legacy.copy_abs(), candidate.copy_abs())
    return delta <= max(tolerance.abs, _EXACT.multiply(tolerance.rel, larger))
