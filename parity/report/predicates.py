"""Causes as they follow a symbol: `AAPL unadjusted by 2:1`, `MSFT in another unit`."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from parity.model.cause import Cause, parts
from parity.report.words import visible

__all__ = ["predicate", "ratio_of"]

_PREDICATES = {
    Cause.TIMEZONE_SHIFT: "shifted by a time zone",
    Cause.LABEL_SHIFT: "with shifted bar labels",
    Cause.SPLIT_ADJUSTMENT: "unadjusted for a split",
    Cause.DIVIDEND_ADJUSTMENT: "unadjusted for a dividend",
    Cause.UNIT_SCALE: "in another unit",
    Cause.ROUNDING: "rounded",
    Cause.OVERFLOW: "beyond the stored type",
    Cause.STALE_REVISION: "stale",
    Cause.PARTIAL_BAR: "with unfinished bars",
    Cause.MISSING_SYMBOL: "missing altogether",
    Cause.MISSING_SESSION: "without a whole session",
    Cause.LATE_EDGE: "loaded late",
    Cause.OFF_CALENDAR: "off the calendar",
    Cause.FILLED_BAR: "with filled-in bars",
    Cause.SOURCE_MISMATCH: "from another source",
    Cause.NULL_MISMATCH: "NULL on one side",
    Cause.DUPLICATE_KEY: "with duplicate keys",
    Cause.UPSTREAM: "computed from other bars",
    Cause.WARM_UP: "computed from another history window",
    Cause.FORMULA: "computed by another formula",
    Cause.SESSION_DATE: "dated to another session",
    Cause.UNEXPLAINED: "unexplained",
}


def predicate(cause: str, evidence: Mapping[str, Any]) -> str:
    """What is amiss with a symbol; of a pair, `unadjusted by 2:1 and rounded`."""
    return visible(" and ".join(_predicate(part, evidence) for part in parts(cause)))


def _predicate(cause: str, evidence: Mapping[str, Any]) -> str:
    ratio = ratio_of(evidence) if cause == Cause.SPLIT_ADJUSTMENT else ""
    if ratio:
        return f"unadjusted by {ratio}"
    # A run that a newer version stored may name a cause that is not known here.
    words = cause.replace("_", " ")
    return _PREDICATES[Cause(cause)] if cause in set(Cause) else f"with {words}"


def ratio_of(evidence: Mapping[str, Any]) -> str:
    """The ratio of a split as `3:2`; empty where the evidence has none."""
    value = evidence.get("ratio")
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e9:
        near = Fraction(value).limit_denominator(100)
        if near and abs(value / float(near) - 1) < 1e-9:
            return f"{near.numerator}:{near.denominator}"
    return ""
