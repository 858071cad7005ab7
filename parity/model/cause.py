"""The causes of discrepancies, and how grave each is."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["PAIR", "Cause", "parts", "severity"]

PAIR = " + "  # between the names of two causes that explain a row only together, in order


class Cause(StrEnum):
    """What may explain that two rows differ. docs/causes.md has a section for each."""

    TIMEZONE_SHIFT = "timezone_shift"
    LABEL_SHIFT = "label_shift"
    SPLIT_ADJUSTMENT = "split_adjustment"
    DIVIDEND_ADJUSTMENT = "dividend_adjustment"
    UNIT_SCALE = "unit_scale"
    ROUNDING = "rounding"
    OVERFLOW = "overflow"
    STALE_REVISION = "stale_revision"
    PARTIAL_BAR = "partial_bar"
    MISSING_SYMBOL = "missing_symbol"
    MISSING_SESSION = "missing_session"
    LATE_EDGE = "late_edge"
    OFF_CALENDAR = "off_calendar"
    FILLED_BAR = "filled_bar"
    SOURCE_MISMATCH = "source_mismatch"
    NULL_MISMATCH = "null_mismatch"
    DUPLICATE_KEY = "duplicate_key"
    UPSTREAM = "upstream"
    WARM_UP = "warm_up"
    FORMULA = "formula"
    SESSION_DATE = "session_date"
    UNEXPLAINED = "unexplained"


# How much a row of it matters beside a row of another: 5 makes numbers unusable, 1 is cosmetic.
_SEVERITY = {
    Cause.UNEXPLAINED: 5,
    Cause.TIMEZONE_SHIFT: 5,
    Cause.LABEL_SHIFT: 5,
    Cause.SPLIT_ADJUSTMENT: 5,
    Cause.UNIT_SCALE: 5,
    Cause.SOURCE_MISMATCH: 5,
    Cause.DUPLICATE_KEY: 4,
    Cause.OVERFLOW: 4,
    Cause.DIVIDEND_ADJUSTMENT: 4,
    Cause.MISSING_SYMBOL: 4,
    Cause.SESSION_DATE: 4,
    Cause.FORMULA: 4,
    Cause.MISSING_SESSION: 3,
    Cause.OFF_CALENDAR: 3,
    Cause.FILLED_BAR: 3,
    Cause.NULL_MISMATCH: 3,
    Cause.PARTIAL_BAR: 3,
    Cause.STALE_REVISION: 3,
    Cause.WARM_UP: 2,
    Cause.LATE_EDGE: 2,
    Cause.UPSTREAM: 1,  # its bars' incident is what is to be mended
    Cause.ROUNDING: 1,
}


def parts(cause: str) -> tuple[str, ...]:
    """The single causes of a cause as incidents name it: one, or a pair in order."""
    return tuple(cause.split(PAIR))


def severity(cause: str) -> int:
    """1 (cosmetic) to 5 (unusable); of a pair, the graver one's."""
    return max(_SEVERITY[Cause(part)] for part in parts(cause))
