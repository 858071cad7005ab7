"""Causes in plain words, the same in reasons, reports and terminals."""

from __future__ import annotations

from parity.model.cause import Cause, parts

__all__ = ["by_cause", "phrase", "title", "with_code"]

_PHRASES = {
    Cause.TIMEZONE_SHIFT: "a time-zone shift",
    Cause.LABEL_SHIFT: "shifted bar labels",
    Cause.SPLIT_ADJUSTMENT: "an unadjusted split",
    Cause.DIVIDEND_ADJUSTMENT: "an unadjusted dividend",
    Cause.UNIT_SCALE: "another unit",
    Cause.ROUNDING: "rounding",
    Cause.OVERFLOW: "an overflow of the stored type",
    Cause.STALE_REVISION: "a stale revision",
    Cause.PARTIAL_BAR: "an unfinished bar",
    Cause.MISSING_SYMBOL: "a missing symbol",
    Cause.MISSING_SESSION: "a missing session",
    Cause.LATE_EDGE: "a late load",
    Cause.OFF_CALENDAR: "rows off the calendar",
    Cause.FILLED_BAR: "filled-in bars",
    Cause.SOURCE_MISMATCH: "another source",
    Cause.NULL_MISMATCH: "NULL on one side",
    Cause.DUPLICATE_KEY: "duplicate keys",
    Cause.UPSTREAM: "follows from its bars",
    Cause.WARM_UP: "another history window",
    Cause.FORMULA: "another formula",
    Cause.SESSION_DATE: "another session date",
    Cause.UNEXPLAINED: "unexplained",
}
_FOLLOWING = "following from its bars"
_ARTICLES = ("a ", "an ")


def phrase(cause: str) -> str:
    """`an unadjusted split`; of a pair, `an unadjusted split and rounding`."""
    return " and ".join(_phrase(part) for part in parts(cause))


def title(cause: str) -> str:
    """The same without its first article, to stand on its own: `unadjusted split`."""
    text = phrase(cause)
    article = next((one for one in _ARTICLES if text.startswith(one)), "")
    return text.removeprefix(article)


def with_code(words: str, cause: str) -> str:
    """Words for a cause with its name in data beside them: `late load (late_edge)`."""
    return words if words == cause else f"{words} ({cause})"


def by_cause(cause: str) -> str:
    """As it follows a number of rows: `by an unadjusted split`, `unexplained`."""
    if cause == Cause.UNEXPLAINED:
        return phrase(cause)
    words = [_FOLLOWING if part == Cause.UPSTREAM else _phrase(part) for part in parts(cause)]
    said = " and ".join(words)
    return said if words[0] == _FOLLOWING else f"by {said}"


def _phrase(cause: str) -> str:
    # A run that a newer version stored may name a cause that is not known here.
    return _PHRASES[Cause(cause)] if cause in set(Cause) else cause.replace("_", " ")
