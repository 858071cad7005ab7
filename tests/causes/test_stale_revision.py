"""Rows that say what the other side said on an earlier night."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from parity.causes import Revision
from parity.model.verdict import Side
from tests.causes.toy import BARS, compared, incidents
from tests.causes.values_toy import Frame, only, other, real_bars


def edited(bars: Frame) -> Frame:
    """A vendor's correction of three rows."""
    out = bars.copy()
    out.loc[[3, 4, 9], "close"] = [101.37, 99.99, 98.5]
    out.loc[[3, 4, 9], "volume"] += [7, 70, 700]
    return out


def said(bars: Frame, rows: list[int], of: list[int], night: date) -> list[Revision]:
    """What bars of places `of` said, as revisions of the discrepancies `rows`."""
    return [
        Revision(row, night, {name: bars.loc[place, name] for name in BARS})
        for row, place in zip(rows, of, strict=True)
    ]


@pytest.mark.parametrize("stale", ["legacy", "candidate"])
def test_the_newest_night_that_matches_is_named(stale: str) -> None:
    old = real_bars(["IBM"])
    new = edited(old)
    newer = Side(other(stale))
    kept = {
        newer: [
            *said(new, [0], [3], date(2005, 2, 24)),  # corrected by then
            *said(old, [0, 1], [3, 4], date(2005, 2, 22)),
            *said(old, [0, 1], [3, 4], date(2005, 2, 23)),
        ]
    }
    pair = (old, new) if stale == "legacy" else (new, old)
    unproved, found = incidents(*compared(*pair, kept=kept))
    assert (found.cause, found.rows, found.scope.symbols) == ("stale_revision", 2, ("IBM",))
    assert (found.evidence["said"], found.evidence["stale_side"]) == ("2005-02-23", stale)
    assert found.evidence["undo"] == f"take {newer.value}'s row of night 2005-02-23"
    assert (unproved.cause, unproved.rows) == ("unexplained", 1)


@pytest.mark.parametrize("change", [{"volume": 1.0}, {"close": None}, {"open": np.nan}])
def test_all_columns_must_be_what_was_said(change: dict[str, Any]) -> None:
    old = real_bars(["IBM"])
    new = edited(old)
    values = {name: old.loc[3, name] for name in BARS} | change
    kept = {Side.CANDIDATE: [Revision(0, date(2005, 2, 23), values)]}
    assert only(incidents(*compared(old, new, kept=kept))).cause == "unexplained"


def test_columns_that_were_not_kept_prove_nothing() -> None:
    old = real_bars(["IBM"])
    new = edited(old)
    values = {name: old.loc[3, name] for name in BARS if name != "open"}
    kept = {Side.CANDIDATE: [Revision(0, date(2005, 2, 23), values)]}
    assert only(incidents(*compared(old, new, kept=kept))).cause == "unexplained"


def test_what_the_same_side_said_earlier_is_no_proof() -> None:
    old = real_bars(["IBM"])
    kept = {Side.LEGACY: said(old, [0, 1, 2], [3, 4, 9], date(2005, 2, 23))}
    assert only(incidents(*compared(old, edited(old), kept=kept))).cause == "unexplained"
