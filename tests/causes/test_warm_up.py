"""Indicators from another length of history: pandas on one side, TA-Lib on the other."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from parity.causes.rules.formula import RULE as FORMULA
from parity.causes.rules.null_mismatch import RULE as NULLS
from parity.causes.rules.upstream import RULE as UPSTREAM
from parity.causes.rules.warm_up import RULE
from tests.causes.indicators_toy import (
    NAMES,
    Ways,
    days_of,
    edited,
    indicator_dataset,
    indicators,
    judged,
    pandas_way,
    talib_way,
)
from tests.causes.toy import incidents, real_bars

SYMBOLS = ("AAPL", "IBM", "MSFT")
RULES = [UPSTREAM, RULE, FORMULA, NULLS]
SINCE = date(2005, 2, 14)
Frame = pd.DataFrame


@cache
def _bars(*symbols: str) -> Frame:
    return real_bars(symbols or SYMBOLS, date(2002, 6, 3), date(2005, 2, 25))


@cache
def _rows(way: Any = pandas_way, since: date = SINCE, **history: Any) -> Frame:
    days = {day for day in days_of(_bars()) if day >= since}
    return indicators(_bars(), way, days, **history)


def _shorter(**history: Any) -> tuple[Frame, Frame]:
    return _rows(**history), _rows(talib_way)


@pytest.mark.parametrize("side", ["legacy", "candidate"])
@pytest.mark.parametrize("days", [30, 60, 100, 141, 200, 280])
def test_fewer_days(days: int, side: str) -> None:
    short, usual = _shorter(days_back=days)
    pair = (short, usual) if side == "legacy" else (usual, short)
    found, context = judged(*pair, (_bars(), _bars()))
    (only,) = incidents(found, context, RULES)
    assert (only.cause, only.proved, only.rows) == ("warm_up", True, 27)
    assert only.scope.symbols == SYMBOLS
    assert only.evidence["side"] == side
    low, high = only.evidence["days"]
    assert low <= days <= high <= low + 1
    assert only.evidence["window"].endswith("instead of 300 days")
    assert f"{side} computes from" in only.evidence["says"]


def _young(days: int) -> tuple[Frame, Frame, Frame]:
    """GOOG was listed on 2004-08-19: in February the seeds of both sides still show."""
    bars = real_bars(("GOOG", "IBM"), date(2004, 8, 19), date(2005, 3, 2))
    wanted = {day for day in days_of(bars) if day >= SINCE}
    return (
        indicators(bars, pandas_way, wanted, days_back=days),
        indicators(bars, talib_way, wanted),
        bars,
    )


# Where the seed adds more to a difference than the history does.
@pytest.mark.parametrize("side", ["legacy", "candidate"])
@pytest.mark.parametrize("days", [133, 138, 143])
def test_fewer_days_soon_after_the_series_begins(days: int, side: str) -> None:
    short, usual, bars = _young(days)
    pair = (short, usual) if side == "legacy" else (usual, short)
    found, context = judged(*pair, (bars, bars))
    (only,) = incidents(found, context, RULES)
    assert (only.cause, only.rows, only.evidence["side"]) == ("warm_up", 24, side)


# Below the tolerance of 0.01 an edit shows on the side whose history is told by exact values.
@pytest.mark.parametrize(
    ("points", "edited_side"),
    [(0.004, "legacy"), (-0.004, "legacy"), (0.02, "legacy"), (0.02, "candidate")],
)
def test_an_edit_soon_after_the_series_begins(points: float, edited_side: str) -> None:
    short, usual, bars = _young(138)
    place = 0  # GOOG 2005-02-14: its RSI differs by seed and history
    assert short["symbol"][place] == "GOOG"
    short, usual = (
        edited(one, place, ["rsi_14"], plus=points) if side == edited_side else one
        for side, one in (("legacy", short), ("candidate", usual))
    )
    found, context = judged(short, usual, (bars, bars))
    by_cause = {one.cause: one.rows for one in incidents(found, context, RULES)}
    assert by_cause == {"warm_up": 23, "unexplained": 1}


def test_the_words_name_days_and_sessions() -> None:
    found, context = judged(*_shorter(days_back=141), (_bars(), _bars()))
    (only,) = incidents(found, context, RULES)
    days = sorted(set(days_of(_bars())))
    sessions = [
        sum(day - timedelta(days=141) <= one <= day for one in days) for day in days if day >= SINCE
    ]
    assert only.evidence["sessions"] == [min(sessions), max(sessions)]
    assert only.evidence["says"] == (
        f"AAPL, IBM, MSFT: legacy computes from 141 days ({min(sessions)} to {max(sessions)} "
        f"sessions) instead of 300 days"
    )


@pytest.mark.parametrize("sessions", [35, 100, 150])
def test_a_number_of_sessions(sessions: int) -> None:
    found, context = judged(*_shorter(sessions=sessions), (_bars(), _bars()))
    (only,) = incidents(found, context, RULES)
    assert (only.cause, only.rows) == ("warm_up", 27)
    assert only.evidence["sessions"] == [sessions, sessions]
    assert f"computes from {sessions} sessions (about" in only.evidence["says"]


def test_since_one_day() -> None:
    found, context = judged(*_shorter(start=date(2004, 10, 1)), (_bars(), _bars()))
    (only,) = incidents(found, context, RULES)
    assert (only.cause, only.rows, only.evidence["start"]) == ("warm_up", 27, "2004-10-01")
    assert "computes from bars since 2004-10-01 instead of 300 days" in only.evidence["says"]


def test_all_of_history_where_the_usual_one_is_short() -> None:
    legacy, candidate = _rows(sessions=100_000), _rows(talib_way, days_back=90)
    found, context = judged(legacy, candidate, (_bars(), _bars()), of=indicator_dataset(90))
    (only,) = incidents(found, context, RULES)
    assert (only.cause, only.rows) == ("warm_up", 27)
    assert only.evidence["days"][1] is None
    assert only.evidence["days"][0] > 600
    assert only.evidence["window"].startswith("at least")


def test_nulls_for_too_few_sessions_alone() -> None:
    # 280 days are 194 sessions: nothing but the average of 200 shows it.
    short, usual = _shorter(days_back=280)
    assert short["sma_200"].isna().all()
    found, context = judged(short, usual, (_bars(), _bars()))
    (only,) = incidents(found, context, RULES)
    assert (only.cause, only.columns, only.evidence["days"]) == ("warm_up", ("sma_200",), [280] * 2)


def test_a_single_row_that_several_columns_agree_on() -> None:
    legacy = _rows(talib_way).copy()
    legacy.iloc[4] = _rows(days_back=100).iloc[4]
    found, context = judged(legacy, _rows(talib_way), (_bars(), _bars()))
    (only,) = incidents(found, context, RULES)
    assert (only.cause, only.rows) == ("warm_up", 1)


def test_two_windows_are_two_incidents() -> None:
    legacy = pd.concat([
        _rows(days_back=100)[lambda one: one["symbol"] == "IBM"],
        _rows(days_back=150)[lambda one: one["symbol"] != "IBM"],
    ])  # fmt: skip
    found, context = judged(legacy, _rows(talib_way), (_bars(), _bars()))
    many, few = incidents(found, context, RULES)
    assert (many.scope.symbols, many.evidence["days"]) == (("AAPL", "MSFT"), [150, 150])
    assert (few.scope.symbols, few.evidence["days"]) == (("IBM",), [100, 100])


def test_identity_is_side_and_form() -> None:
    one, context = judged(*_shorter(days_back=100), (_bars(), _bars()))
    short, usual = (rows[rows["symbol"] == "IBM"].iloc[:3] for rows in _shorter(days_back=100))
    fewer, other = judged(short, usual, (_bars("IBM"), _bars("IBM")))
    assert incidents(one, context, RULES)[0].id == incidents(fewer, other, RULES)[0].id


def test_with_another_formula_it_is_a_pair() -> None:
    def way(bars: Frame) -> dict[str, Any]:
        return pandas_way(bars, Ways(rsi="rolling"))

    legacy = _rows(way, days_back=100)
    found, context = judged(legacy, _rows(talib_way), (_bars(), _bars()))
    (only,) = incidents(found, context, RULES)
    assert (only.cause, only.rows) == ("warm_up + formula", 27)


def test_the_usual_history_is_no_warm_up() -> None:
    def way(bars: Frame) -> dict[str, Any]:
        return pandas_way(bars, Ways(rsi="rolling"))

    found, context = judged(_rows(way), _rows(talib_way), (_bars(), _bars()))
    assert {one.cause for one in incidents(found, context, [RULE])} == {"unexplained"}
    assert {one.cause for one in incidents(found, context, RULES)} == {"formula"}


def test_a_null_that_history_does_not_explain() -> None:
    legacy = edited(_rows(), [3, 4, 12], ["sma_200"], times=np.nan)
    found, context = judged(legacy, _rows(talib_way), (_bars(), _bars()))
    assert {one.cause for one in incidents(found, context, [RULE])} == {"unexplained"}


@pytest.mark.parametrize("column", ["ema_50", "ema_26", "rsi_14", "macd_signal", "sma_200"])
def test_edited_cells_stay_unexplained(column: str) -> None:
    random = np.random.default_rng(7)
    size = 10 ** random.uniform(-2.5, -1, 27) * random.choice([-1, 1], 27)
    legacy = edited(_rows(), range(27), [column], times=1 + size)
    found, context = judged(legacy, _rows(talib_way), (_bars(), _bars()))
    assert len(found) > 15
    assert {one.cause for one in incidents(found, context, RULES)} == {"unexplained"}


def test_an_edit_beside_another_window_stays_unexplained() -> None:
    legacy = edited(_rows(days_back=100), 3, ["ema_50"], times=1.004)
    legacy = edited(legacy, 8, ["sma_20"], plus=0.01)
    legacy = edited(legacy, 20, NAMES, times=1.1)
    found, context = judged(legacy, _rows(talib_way), (_bars(), _bars()))
    by_cause = {one.cause: 0 for one in incidents(found, context, RULES)}
    for one in incidents(found, context, RULES):
        by_cause[one.cause] += one.rows
    assert by_cause == {"warm_up": 24, "unexplained": 3}
