"""Indicators by another formula: pandas on one side, TA-Lib on the other, from the same bars."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache

import numpy as np
import pandas as pd
import pytest

from parity.causes.rules.formula import RULE
from parity.causes.rules.null_mismatch import RULE as NULLS
from parity.causes.rules.upstream import RULE as UPSTREAM
from parity.causes.rules.warm_up import RULE as WARM_UP
from tests.causes.indicators_toy import (
    NAMES,
    Ways,
    days_of,
    edited,
    indicator_dataset,
    indicator_fields,
    indicators,
    judged,
    pandas_way,
    talib_way,
)
from tests.causes.toy import incidents, real_bars, tolerance

SYMBOLS = ("AAPL", "IBM", "MSFT")
RULES = [UPSTREAM, WARM_UP, RULE, NULLS]
Frame = pd.DataFrame


@cache
def _bars(*symbols: str) -> Frame:
    return real_bars(symbols or SYMBOLS, date(2003, 12, 1), date(2005, 2, 25))


@cache
def _rows(ways: Ways | None, *symbols: str) -> Frame:
    """Rows of the last days; TA-Lib's where there are no ways."""
    bars = _bars(*symbols)
    days = {day for day in days_of(bars) if day >= date(2005, 2, 14)}
    return indicators(bars, talib_way if ways is None else lambda one: pandas_way(one, ways), days)


# Each with the columns that it changes, and its words.
CASES = [
    (Ways(rsi="rolling"), ["rsi_14"], "RSI by rolling mean instead of Wilder's"),
    (
        Ways(rsi="span"),
        ["rsi_14"],
        "RSI by exponential average of factor 2/(n+1) instead of Wilder's",
    ),
    (
        Ways(ema="wilder"),
        ["ema_12", "ema_26", "ema_50"],
        "EMA with Wilder's factor 1/n from the first value on instead of 2/(n+1)",
    ),
    (
        Ways(ddof=1),
        ["bb_upper", "bb_lower", "bb_position", "bb_width"],
        "Bollinger band of the sample deviation (ddof 1) instead of ddof 0",
    ),
    (
        Ways(volatility_ddof=0),
        ["volatility_20"],
        "volatility of simple returns with ddof 0 annualised by 252 "
        "instead of simple returns with ddof 1 annualised by 252",
    ),
    (
        Ways(returns="log", year=1),
        ["volatility_20"],
        "volatility of logarithmic returns with ddof 1 not annualised "
        "instead of simple returns with ddof 1 annualised by 252",
    ),
    (
        Ways(year=365),
        ["volatility_20"],
        "volatility of simple returns with ddof 1 annualised by 365 "
        "instead of simple returns with ddof 1 annualised by 252",
    ),
    (
        Ways(change="log"),
        ["price_change_1d", "price_change_5d", "price_change_30d"],
        "price change as a logarithmic change instead of a simple one",
    ),
]


@pytest.mark.parametrize("side", ["legacy", "candidate"])
@pytest.mark.parametrize(("ways", "columns", "words"), CASES)
def test_another_formula(ways: Ways, columns: list[str], words: str, side: str) -> None:
    odd, usual = _rows(ways), _rows(None)
    pair = (odd, usual) if side == "legacy" else (usual, odd)
    found, context = judged(*pair, (_bars(), _bars()))
    (only,) = incidents(found, context, RULES)
    assert (only.cause, only.proved, only.rows) == ("formula", True, 27)
    assert only.scope.symbols == SYMBOLS
    assert only.evidence["side"] == side
    assert only.evidence["formulas"] == dict.fromkeys(columns, words)
    assert only.evidence["says"] == f"AAPL, IBM, MSFT: {side} computes {words}"


def test_several_at_once_are_one_incident() -> None:
    found, context = judged(_rows(Ways(rsi="rolling", ddof=1)), _rows(None), (_bars(), _bars()))
    (only,) = incidents(found, context, RULES)
    assert (only.cause, only.rows) == ("formula", 27)
    assert set(only.evidence["formulas"]) == {
        *("rsi_14", "bb_upper", "bb_lower", "bb_position", "bb_width")
    }


def test_formulas_that_share_no_row_are_apart() -> None:
    legacy = pd.concat([
        _rows(Ways(rsi="rolling"))[lambda one: one["symbol"] == "IBM"],
        _rows(Ways(ddof=1))[lambda one: one["symbol"] != "IBM"],
    ])  # fmt: skip
    found, context = judged(legacy, _rows(None), (_bars(), _bars()))
    bands, rsi = incidents(found, context, RULES)
    assert (bands.cause, bands.scope.symbols, bands.rows) == ("formula", ("AAPL", "MSFT"), 18)
    assert (rsi.cause, rsi.scope.symbols, rsi.rows) == ("formula", ("IBM",), 9)


def test_the_seed_shows_where_history_is_short() -> None:
    bars = _bars("GOOG")
    days = [date(2004, 11, 15), date(2004, 11, 16), date(2004, 11, 17)]
    legacy, candidate = (indicators(bars, way, days) for way in (pandas_way, talib_way))
    found, context = judged(legacy, candidate, (bars, bars))
    (only,) = incidents(found, context, RULES)
    assert (only.cause, only.rows) == ("formula", 3)
    formulas = only.evidence["formulas"]
    assert formulas["ema_50"] == "EMA seeded with the first value instead of a simple average"
    assert formulas["rsi_14"] == (
        "RSI by Wilder's average seeded with the first change instead of Wilder's"
    )
    assert formulas["macd_line"] == (
        "MACD of averages seeded with their first values instead of averages that start together"
    )


def test_a_line_that_starts_earlier_is_a_matter_of_formula() -> None:
    # TA-Lib shows MACD's line with its signal, from the 34th bar on; pandas from the 26th.
    bars = _bars("GOOG")
    days = sorted(set(days_of(bars)))[27:32]
    legacy, candidate = (indicators(bars, way, days) for way in (pandas_way, talib_way))
    assert candidate["macd_line"].isna().all()
    found, context = judged(legacy, candidate, (bars, bars))
    (only,) = incidents(found, context, RULES)
    assert (only.cause, only.rows) == ("formula", 5)
    assert "macd_line" in only.evidence["formulas"]


def test_two_unusual_formulas() -> None:
    legacy, candidate = _rows(Ways(rsi="rolling")), _rows(Ways(rsi="span"))
    found, context = judged(legacy, candidate, (_bars(), _bars()))
    (only,) = incidents(found, context, RULES)
    assert only.evidence["says"] == (
        "AAPL, IBM, MSFT: legacy computes RSI by rolling mean "
        "instead of an exponential average of factor 2/(n+1)"
    )


def test_identity_does_not_grow() -> None:
    legacy, candidate = _rows(Ways(rsi="rolling")), _rows(None)
    found, context = judged(legacy, candidate, (_bars(), _bars()))
    one, two = (rows[rows["symbol"] == "IBM"].iloc[:4] for rows in (legacy, candidate))
    fewer, other = judged(one, two, (_bars("IBM"), _bars("IBM")))
    assert incidents(found, context, RULES)[0].id == incidents(fewer, other, RULES)[0].id


def test_rounded_values_of_another_formula() -> None:
    names = list(NAMES[:-1])
    legacy = _rows(Ways(rsi="rolling")).copy()
    candidate = _rows(None).copy()
    legacy[names], candidate[names] = legacy[names].round(2), candidate[names].round(2)
    wanted = indicator_fields(dict.fromkeys(names, "numeric(12,2)"))
    found, context = judged(legacy, candidate, (_bars(), _bars()), wanted=wanted)
    mine = [one for one in incidents(found, context, RULES) if one.cause == "formula"]
    assert [one.rows for one in mine] == [27]


def test_names_from_the_config() -> None:
    legacy, candidate = (
        rows.rename(columns={"rsi_14": "strength"})
        for rows in (_rows(Ways(rsi="rolling")), _rows(None))
    )
    wanted = tuple(
        replace(one, name="strength") if one.name == "rsi_14" else one for one in indicator_fields()
    )
    of = indicator_dataset(formulas=(("strength", "rsi_14"),))
    found, context = judged(legacy, candidate, (_bars(), _bars()), of=of, wanted=wanted)
    (only,) = incidents(found, context, RULES)
    assert only.evidence["formulas"] == {"strength": CASES[0][2]}
    found, context = judged(legacy, candidate, (_bars(), _bars()), wanted=wanted)
    assert {one.cause for one in incidents(found, context, RULES)} == {"unexplained"}


def test_where_nothing_is_tolerated_floating_point_still_is() -> None:
    exact = {name: tolerance() for name in NAMES}
    wanted = tuple(replace(one, tolerance=exact[one.name]) for one in indicator_fields())
    same = _rows(Ways(rsi="rolling", ema="sma", macd="sma"))
    other = _rows(Ways(rsi="span", ema="sma", macd="sma"))
    found, context = judged(same, other, (_bars(), _bars()), wanted=wanted)
    (only,) = incidents(found, context, [RULE])
    assert (only.cause, only.rows) == ("formula", 27)


@pytest.mark.parametrize("factor", [1.0001, 1.0026, 0.99, 1.9173])
@pytest.mark.parametrize("column", ["rsi_14", "ema_50", "bb_upper", "volatility_20"])
def test_edited_cells_stay_unexplained(column: str, factor: float) -> None:
    legacy = edited(_rows(Ways()), [2, 5, 6, 11], [column], times=factor)
    found, context = judged(legacy, _rows(None), (_bars(), _bars()))
    assert {one.cause for one in incidents(found, context, RULES)} <= {"unexplained"}


@pytest.mark.parametrize("rows", [1, 2])
def test_one_or_two_cells_that_look_like_another_formula(rows: int) -> None:
    legacy, odd = _rows(Ways()).copy(), _rows(Ways(rsi="rolling"))
    legacy.loc[: rows - 1, "rsi_14"] = odd.loc[: rows - 1, "rsi_14"]
    found, context = judged(legacy, _rows(None), (_bars(), _bars()))
    assert len(found) == rows
    assert {one.cause for one in incidents(found, context, RULES)} == {"unexplained"}


def test_one_line_of_a_band_is_no_formula() -> None:
    legacy, odd = _rows(Ways()).copy(), _rows(Ways(ddof=1))
    legacy["bb_upper"] = odd["bb_upper"]
    found, context = judged(legacy, _rows(None), (_bars(), _bars()))
    assert {one.cause for one in incidents(found, context, RULES)} == {"unexplained"}


def test_an_edit_beside_another_formula_stays_unexplained() -> None:
    legacy = edited(_rows(Ways(rsi="rolling")), 4, ["sma_50"], times=1.01)
    legacy = edited(legacy, 9, ["rsi_14"], plus=0.5)
    found, context = judged(legacy, _rows(None), (_bars(), _bars()))
    by_cause = {one.cause: 0 for one in incidents(found, context, RULES)}
    for one in incidents(found, context, RULES):
        by_cause[one.cause] += one.rows
    assert by_cause == {"formula": 25, "unexplained": 2}


def test_a_fraction_instead_of_percent_is_no_formula() -> None:
    legacy = _rows(None).copy()
    names = ["volatility_20", "price_change_1d", "rsi_14"]
    legacy[names] /= 100
    found, context = judged(legacy, _rows(None), (_bars(), _bars()))
    assert {one.cause for one in incidents(found, context, RULES)} == {"unexplained"}


def test_a_row_times_a_number_stays_unexplained() -> None:
    random = np.random.default_rng(5)
    legacy = edited(_rows(None), range(27), NAMES, times=random.uniform(0.5, 2, 27))
    found, context = judged(legacy, _rows(None), (_bars(), _bars()))
    assert {one.cause for one in incidents(found, context, RULES)} == {"unexplained"}
