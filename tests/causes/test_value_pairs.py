"""Rows that only two causes explain, one after the other, with all rules."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from tests.causes.toy import fields
from tests.causes.values_toy import PRICES, Frame, explained, only, real_bars

SIDES = ["legacy", "candidate"]
LAST = date(2005, 3, 31)


def split_bars() -> tuple[Frame, Frame]:
    """AAPL raw and adjusted for the split of 2005-02-28."""
    return real_bars(["AAPL"], last=LAST, split_adjusted=False), real_bars(["AAPL"], last=LAST)


@pytest.mark.parametrize("faulty", SIDES)
@pytest.mark.parametrize("decimals", [0, 1])
@pytest.mark.parametrize("first", ["split", "rounding"])
def test_split_then_rounding(faulty: str, decimals: int, first: str) -> None:
    raw, adjusted = split_bars()
    before = raw["timestamp"] < pd.Timestamp("2005-02-28", tz="America/New_York")
    legacy = raw.copy()
    if first == "split":  # rounded as stored, after it was multiplied
        legacy.loc[before, PRICES] = raw.loc[before, PRICES].round(decimals)
    else:  # rounded, and then multiplied
        legacy.loc[before, PRICES] = adjusted.loc[before, PRICES].round(decimals) * 2
    found = explained(legacy, adjusted, faulty)
    assert {one.cause for one in found} <= {"split_adjustment", "split_adjustment + rounding"}
    assert sum(one.rows for one in found) == int(before.sum())
    pair = next(one for one in found if "rounding" in one.cause)
    assert pair.rows > int(before.sum()) / 3
    assert (pair.evidence["ratio"], pair.evidence["decimals"]) == ("2:1", decimals)
    assert pair.evidence["agrees_from"] == "2005-02-28"
    assert "2:1" in pair.evidence["says"]
    assert "; and then AAPL: " in pair.evidence["says"]


@pytest.mark.parametrize("faulty", SIDES)
@pytest.mark.parametrize("column", ["close", "volume"])
def test_split_then_null(faulty: str, column: str) -> None:
    raw, adjusted = split_bars()
    raw.loc[[3, 40], column] = np.nan
    split, pair = explained(raw, adjusted, faulty)
    assert (split.cause, pair.cause) == ("split_adjustment", "split_adjustment + null_mismatch")
    assert (split.rows, pair.rows) == (121, 2)
    assert (pair.evidence["columns"], pair.evidence["null_side"]) == ([column], faulty)


@pytest.mark.parametrize("faulty", SIDES)
@pytest.mark.parametrize("decimals", [1, 2])
def test_dividend_then_rounding(faulty: str, decimals: int) -> None:
    bars = real_bars(["IBM"])
    legacy = bars.copy()
    legacy.loc[:46, PRICES] = (bars.loc[:46, PRICES] * 0.9817).round(decimals)
    found = only(explained(legacy, bars, faulty))
    assert (found.cause, found.rows) == ("dividend_adjustment + rounding", 47)
    assert found.evidence["factor"] == pytest.approx(0.9817, abs=3e-5)
    assert found.evidence["decimals"] == decimals
    assert found.evidence["ex_date"] == "2004-11-08"


@pytest.mark.parametrize("faulty", SIDES)
def test_scale_then_rounding(faulty: str) -> None:
    bars = real_bars(["AAPL", "IBM"])
    legacy = bars.copy()
    legacy["volume"] = np.floor(legacy["volume"] / 1000)
    found = explained(legacy, bars, faulty)
    assert {one.cause for one in found} == {"unit_scale", "unit_scale + rounding"}
    pair = next(one for one in found if "rounding" in one.cause)
    assert (pair.evidence["factor"], pair.evidence["decimals"]) == (1000.0, 0)
    assert "truncation" in pair.evidence["mode"]

    cents = bars.copy()
    cents[PRICES] = (cents[PRICES] * 100).round(-1)
    both = explained(cents, bars, faulty)[0]
    assert both.cause == "unit_scale + rounding"
    assert (both.evidence["factor"], both.evidence["decimals"]) == (100.0, 1)


def test_a_pair_needs_support_for_its_second_cause_too() -> None:
    raw, adjusted = split_bars()
    raw.loc[3, "close"] = round(raw.loc[3, "close"], 0)
    unproved, split = explained(raw, adjusted)
    assert (unproved.cause, unproved.rows) == ("unexplained", 1)
    assert (split.cause, split.rows) == ("split_adjustment", 122)


def test_with_types_of_fewer_decimals_the_split_alone_explains_it() -> None:
    raw, adjusted = split_bars()
    before = raw["close"] != adjusted["close"]
    adjusted.loc[before, PRICES] = adjusted.loc[before, PRICES].round(2)
    kinds = dict.fromkeys(PRICES, ("numeric(15,4)", "numeric(15,2)"))
    found = only(explained(raw, adjusted, wanted=fields(types=kinds)))
    assert found.cause == "split_adjustment"
