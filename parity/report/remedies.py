"""What to do about a cause, and why it is there: a sentence each, as docs/causes.md has it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from parity.model.cause import Cause, parts
from parity.report.told import before_of, lacking
from parity.report.words import some_of, visible

__all__ = ["REMEDIES", "plainly", "reason_for", "remedy"]

_OTHER = {"legacy": "candidate", "candidate": "legacy"}

# `{whose}` is the symbols and an s, `{of}` the same after a noun, `{side}` the side that is off.
REMEDIES = {
    Cause.TIMEZONE_SHIFT: "store instants (timestamptz), name the zone in the loader that is off, "
    "and load the span{of} again",
    Cause.LABEL_SHIFT: "agree whether a bar is labelled by its start or its end, and shift the "
    "labels{of} in one loader",
    Cause.SPLIT_ADJUSTMENT: "reload {whose}history on {side}; a loader that only appends needs a "
    "check for restated history",
    Cause.DIVIDEND_ADJUSTMENT: "reload {whose}adjusted history on {side}, or agree that neither "
    "side stores adjusted prices",
    Cause.UNIT_SCALE: "convert to one unit{of} in the loader that is off, and note it in the "
    "schema",
    Cause.ROUNDING: "widen the column with fewer digits, or accept the rounding with a tolerance "
    "and a because in the config",
    Cause.OVERFLOW: "widen the column that is too small, and load those rows{of} again",
    Cause.STALE_REVISION: "let the stale loader fetch a few days{of} again each night, as far back "
    "as the vendor corrects",
    Cause.PARTIAL_BAR: "run the loader after the close, or fetch the last session{of} again the "
    "next night",
    Cause.MISSING_SYMBOL: "compare the symbol lists of both jobs, and look for the symbol{of} in "
    "the log of the job that lacks it",
    Cause.MISSING_SESSION: "run the loader that lacks the session{of} for that day",
    Cause.LATE_EDGE: "wait for the late load (settle: in the config), or backfill what is "
    "missing{of}",
    Cause.OFF_CALENDAR: "filter by the exchange's calendar when loading, and check calendar: in "
    "the config",
    Cause.FILLED_BAR: "do not fill gaps{of} when storing",
    Cause.SOURCE_MISMATCH: "look for a wrong data_source{of} in the job that is off",
    Cause.NULL_MISMATCH: "find out which side drops the value{of}, and whether NaN is stored "
    "where NULL is meant",
    Cause.DUPLICATE_KEY: "add the unique constraint, and find the loader that inserts{of} without "
    "it",
    Cause.UPSTREAM: "mend the bars{of} first, then compute again the rows that were stored from "
    "them",
    Cause.WARM_UP: "read the same length of history on both sides (days_back)",
    Cause.FORMULA: "decide which formula holds, change one side, and compute the history again",
    Cause.SESSION_DATE: "derive the date from the exchange's zone and not from UTC, then load the "
    "days{of} again",
    Cause.UNEXPLAINED: "look at its rows{of}, and at why no rule held",
}

_TWICE = re.compile(r"\bprices (are )?2:1 of (legacy|candidate)'s(?:(,| \() ?volume 1:2(\)?))?")


def remedy(cause: str, evidence: Mapping[str, Any], symbols: Sequence[str]) -> str:
    """What mends it, without a full stop; of a pair, both one after the other."""
    names = some_of(tuple(symbols))
    side = lacking(cause, evidence) or "the side that kept the old scale"
    words = {
        "whose": f"{names}'s " if names else "the ",
        "of": f" of {names}" if names else "",
        "side": visible(side),
    }
    known = [Cause(part) for part in parts(cause) if part in set(Cause)]
    return "; then ".join(REMEDIES[one].format(**words) for one in known)


def reason_for(cause: str, evidence: Mapping[str, Any]) -> str:
    """Why an adjustment is lacking, as far as the evidence shows it; empty of other causes."""
    first = parts(cause)[0]
    off, day = lacking(cause, evidence), before_of(cause, evidence)
    if first not in (Cause.SPLIT_ADJUSTMENT, Cause.DIVIDEND_ADJUSTMENT) or not off:
        return ""
    good = _OTHER[off]
    if first == Cause.DIVIDEND_ADJUSTMENT:
        until = f"before {day} " if day else ""
        return (
            f"{until}{good}'s prices have the dividend taken off and {off}'s have not. This fits a "
            f"{off} side that does not load its adjusted history again"
        )
    if not day:
        return (
            f"this fits a {off} side that kept its rows on the old scale, and a {good} side that "
            "has loaded its history again"
        )
    return (
        f"from {day} on both sides agree, before it {off} is on another scale. This fits a {off} "
        "side that fetches only its last days again, so that older rows keep the old scale, and a "
        f"{good} side that has the whole history on the new one"
    )


def plainly(says: str) -> str:
    """A sentence with `twice` and `half` for the commonest ratio; what is stored stays."""
    return _TWICE.sub(_twice, says)


def _twice(found: re.Match[str]) -> str:
    half = ", its volume half" if found[3] else ""
    return f"prices {found[1] or ''}twice {found[2]}'s{half}"
