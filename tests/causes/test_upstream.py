"""Indicators that follow from their bars: real bars, pandas on one side, TA-Lib on the other."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from parity.causes.rules.formula import RULE as FORMULA
from parity.causes.rules.upstream import RULE
from parity.model.result import Incident, Scope
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
from tests.causes.toy import BARS, incidents, real_bars

FIRST = date(2003, 12, 1)
SPLIT = date(2005, 2, 28)
PRICES = list(BARS[:4])
Frame = pd.DataFrame


@cache
def _bars(last: date, *symbols: str) -> Frame:
    return real_bars(symbols or ("AAPL", "IBM"), FIRST, last)


def _sessions(bars: Frame, since: date) -> list[date]:
    return sorted({day for day in days_of(bars) if day >= since})


def _joined(old: Frame, new: Frame, since: date) -> Frame:
    """The old bars before a day, the new ones from it on."""
    parts = [old[days_of(old) < since], new[days_of(new) >= since]]
    return pd.concat(parts).sort_values(["symbol", "timestamp"]).reset_index(drop=True)


def _scaled(bars: Frame, factor: float, before: date, shares: float = 1.0) -> Frame:
    """Prices times a factor (volume times `shares`) before a day, stored as the table stores."""
    out = bars.copy()
    mine = days_of(out) < before
    out.loc[mine, PRICES] = (out.loc[mine, PRICES] * factor).round(4)
    out.loc[mine, "volume"] = (out.loc[mine, "volume"] * shares).round()
    return out


def _bar_incident(name: str = "b1", rows: int = 492, **evidence: Any) -> Incident:
    return Incident(
        id=name, cause="split_adjustment", proved=True, rows=rows, columns=("close",),
        scope=Scope(symbols=("AAPL",), first="2003-02-19", last="2005-01-28"), evidence=evidence,
    )  # fmt: skip


@cache
def _split_night() -> tuple[Frame, Frame, Frame, Frame]:
    """2005-02-28: indicators of both sides, and both sides' bars."""
    symbols = ("AAPL", "IBM", "MSFT")
    old, new = _bars(date(2005, 2, 25), *symbols), _bars(SPLIT, *symbols)
    mixed = _joined(old, new, SPLIT - timedelta(days=30))
    days = _sessions(new, date(2005, 2, 17))
    # Legacy computed each day from the bars of that day; the flows computed all again.
    before = indicators(old, pandas_way, days)
    legacy = pd.concat([before, indicators(mixed, pandas_way, [SPLIT])], ignore_index=True)
    return legacy, indicators(new, talib_way, days), mixed, new


def test_the_split_night() -> None:
    legacy, candidate, mixed, new = _split_night()
    known = [_bar_incident("small", 3), _bar_incident("big", 492, ex_date="2005-02-28")]
    found, context = judged(legacy, candidate, (mixed, new), bar_incidents=known)
    assert len(found) == 7

    before, now = incidents(found, context, [RULE])

    assert (before.cause, before.rows, now.cause, now.rows) == ("upstream", 6, "upstream", 1)
    assert before.scope == Scope(symbols=("AAPL",), first="2005-02-17", last="2005-02-25")
    assert before.evidence["bars_as"] == "as legacy had them before 2005-02-28"
    assert before.evidence["ratio"] == 2
    assert before.evidence["says"] == (
        "AAPL: legacy's indicators follow from its bars as it had them before 2005-02-28 "
        "(prices 2:1 of candidate's), since restated"
    )
    assert before.evidence["columns"] == [
        *("sma_20", "sma_50", "sma_200", "ema_12", "ema_26", "ema_50"),
        *("macd_line", "macd_signal", "macd_histogram", "bb_upper", "bb_middle", "bb_lower"),
        *("avg_volume_20", "current_volume"),
    ]
    assert now.evidence["bars_as"] == "as stored now"
    assert now.evidence["bars_differ"] == {"from": "2004-05-04", "to": "2005-01-28"}
    for one in (before, now):
        assert one.explained_by == "big"
        assert one.evidence["incidents"] == ["big", "small"]
        assert one.evidence["input"] == "adjusted"
        assert one.evidence["side"] == "legacy"


def test_the_split_night_from_the_other_side() -> None:
    legacy, candidate, mixed, new = _split_night()
    found, context = judged(candidate, legacy, (new, mixed))
    before, now = incidents(found, context, [RULE])
    assert (before.rows, before.evidence["side"], before.evidence["ratio"]) == (6, "candidate", 2)
    assert (now.rows, now.cause) == (1, "upstream")


def test_the_day_of_the_restatement_without_an_incident_is_the_next_session() -> None:
    legacy, candidate, mixed, new = _split_night()
    found, context = judged(legacy, candidate, (mixed, new))
    before, _ = incidents(found, context, [RULE])
    assert before.evidence["bars_as"] == "as legacy had them before 2005-02-28"
    assert (before.explained_by, before.evidence["incidents"]) == (None, [])


def test_identity_is_the_same_on_the_next_night() -> None:
    legacy, candidate, mixed, new = _split_night()
    tonight, context = judged(legacy, candidate, (mixed, new))
    earlier = [date(2005, 2, 17), date(2005, 2, 18)]
    one, other = (frame[frame["date"].isin(earlier)] for frame in (legacy, candidate))
    then, before = judged(one, other, (mixed, new))
    ids = {one.id for one in incidents(tonight, context, [RULE])}
    assert {one.id for one in incidents(then, before, [RULE])} < ids


@pytest.mark.parametrize("factor", [0.9985, 0.97, 1 / 3, 1.5])
@pytest.mark.parametrize("flip", [False, True])
def test_bars_once_on_another_scale(factor: float, flip: bool) -> None:
    # A dividend (volume equal) or a split: rows before it were computed from old bars, of which
    # one side has loaded the last 30 days again, the other all.
    shares = 1.0 if 0.9 < factor < 1 else 1 / factor
    new = _bars(date(2005, 2, 25))
    old = _scaled(new, 1 / factor, date(2005, 2, 18), shares)
    mixed = _joined(old, new, date(2005, 1, 20))
    days = _sessions(new, date(2005, 2, 10))
    legacy = pd.concat([
        indicators(old, pandas_way, [day for day in days if day < date(2005, 2, 18)]),
        indicators(mixed, pandas_way, [day for day in days if day >= date(2005, 2, 18)]),
    ])  # fmt: skip
    candidate = indicators(new, talib_way, days)
    pair, bars = (
        ((candidate, legacy), (new, mixed)) if flip else ((legacy, candidate), (mixed, new))
    )
    found, context = judged(*pair, bars)
    proved = incidents(found, context, [RULE])
    assert {one.cause for one in proved} == {"upstream"}
    assert len(proved) == 4  # two symbols, now and before
    ratios = [one.evidence["ratio"] for one in proved if "ratio" in one.evidence]
    assert ratios == [pytest.approx(1 / factor, rel=1e-6)] * 2


def test_two_restatements_leave_a_step_within_the_rows_history() -> None:
    # One dividend in December, of which 30 days were loaded again, one in February: before it the
    # bars stood on two scales already.
    new = _bars(date(2005, 2, 25), "IBM")
    first, second = date(2004, 12, 15), date(2005, 2, 18)
    older = _scaled(new, 1.1, second)
    oldest = _joined(_scaled(older, 1.2, first), older, date(2004, 11, 15))
    mixed = _joined(oldest, new, date(2005, 1, 20))
    days = _sessions(new, date(2005, 2, 14))
    legacy = pd.concat([
        indicators(oldest, pandas_way, [day for day in days if day < second]),
        indicators(mixed, pandas_way, [day for day in days if day >= second]),
    ])  # fmt: skip
    found, context = judged(legacy, indicators(new, talib_way, days), (mixed, new))
    before, now = sorted(incidents(found, context, [RULE]), key=lambda one: one.scope.first or "")
    assert (before.cause, before.rows) == ("upstream", 4)
    assert before.evidence["ratio"] == pytest.approx(1.1, rel=1e-6)
    assert (now.cause, now.rows) == ("upstream", 5)


@pytest.mark.parametrize("flip", [False, True])
def test_one_bar_that_differs(flip: bool) -> None:
    candidate_bars = _bars(date(2005, 2, 25))
    legacy_bars = candidate_bars.copy()
    row = legacy_bars.index[(days_of(legacy_bars) == date(2005, 2, 10))
                            & (legacy_bars["symbol"] == "IBM")][0]  # fmt: skip
    legacy_bars.loc[row, "close"] = 80.0
    days = _sessions(candidate_bars, date(2005, 2, 7))
    legacy = indicators(legacy_bars, pandas_way, days)
    candidate = indicators(candidate_bars, talib_way, days)
    pair, bars = (legacy, candidate), (legacy_bars, candidate_bars)
    found, context = judged(*(pair[::-1] if flip else pair), bars[::-1] if flip else bars)
    (only,) = incidents(found, context, [RULE])
    assert (only.cause, only.scope.symbols, only.rows) == ("upstream", ("IBM",), 11)
    assert only.evidence["bars_differ"] == {"from": "2005-02-10", "to": "2005-02-10"}
    assert "which differ on 1 days (2005-02-10 to 2005-02-10)" in only.evidence["says"]


def test_a_volume_that_differs_by_one_share() -> None:
    candidate_bars = _bars(date(2005, 2, 25), "IBM")
    legacy_bars = candidate_bars.copy()
    legacy_bars["volume"] += days_of(legacy_bars) == date(2005, 2, 24)
    days = _sessions(candidate_bars, date(2005, 2, 22))
    legacy = indicators(legacy_bars, pandas_way, days)
    found, context = judged(
        legacy, indicators(candidate_bars, talib_way, days), (legacy_bars, candidate_bars)
    )
    (only,) = incidents(found, context, [RULE])
    assert (only.cause, only.rows, only.columns) == (
        "upstream", 2, ("avg_volume_20", "current_volume"),
    )  # fmt: skip


def test_missing_bars_and_the_rows_that_cannot_be() -> None:
    candidate_bars = _bars(date(2005, 2, 25))
    gone = days_of(candidate_bars).isin([date(2005, 2, 14), date(2005, 2, 15)])
    legacy_bars = candidate_bars[~(gone & (candidate_bars["symbol"] == "IBM"))]
    days = _sessions(candidate_bars, date(2005, 2, 7))
    legacy = indicators(legacy_bars, pandas_way, days)
    found, context = judged(
        legacy, indicators(candidate_bars, talib_way, days), (legacy_bars, candidate_bars)
    )
    now, absent = incidents(found, context, [RULE])
    assert (now.cause, now.rows, now.scope.first) == ("upstream", 7, "2005-02-16")
    assert (absent.cause, absent.rows, absent.proved) == ("upstream", 2, True)
    assert absent.evidence["says"] == (
        "IBM: legacy has no indicators of days of which it has no bars"
    )


def test_history_that_is_missing_leaves_nulls() -> None:
    candidate_bars = _bars(date(2005, 2, 25), "IBM")
    legacy_bars = candidate_bars[days_of(candidate_bars) >= date(2004, 8, 2)]
    days = _sessions(candidate_bars, date(2005, 2, 22))
    legacy = indicators(legacy_bars, pandas_way, days)
    assert legacy["sma_200"].isna().all()
    found, context = judged(
        legacy, indicators(candidate_bars, talib_way, days), (legacy_bars, candidate_bars)
    )
    (only,) = incidents(found, context, [RULE])
    assert (only.cause, only.rows) == ("upstream", 4)


def test_rows_of_a_day_that_has_bars_stay_unexplained() -> None:
    bars = _bars(date(2005, 2, 25), "IBM")
    days = _sessions(bars, date(2005, 2, 7))
    legacy_bars = edited(bars, 0, ["close"], plus=5)
    found, context = judged(
        indicators(bars, pandas_way, days[:-3]), indicators(bars, talib_way, days),
        (legacy_bars, bars),
    )  # fmt: skip
    (only,) = incidents(found, context, [RULE])
    assert (only.cause, only.rows) == ("unexplained", 3)


def test_with_a_formula_of_its_own_it_is_a_pair() -> None:
    candidate_bars = _bars(date(2005, 2, 25))
    legacy_bars = _scaled(candidate_bars, 2.0, date(2005, 1, 20), 0.5)
    days = _sessions(candidate_bars, date(2005, 2, 14))
    legacy = indicators(legacy_bars, lambda bars: pandas_way(bars, Ways(rsi="rolling")), days)
    found, context = judged(
        legacy, indicators(candidate_bars, talib_way, days), (legacy_bars, candidate_bars)
    )
    proved = incidents(found, context, [RULE, FORMULA])
    assert {one.cause for one in proved} == {"upstream + formula"}
    assert sum(one.rows for one in proved) == len(found) == 18
    assert "RSI by rolling mean instead of Wilder's" in proved[0].evidence["says"]


@pytest.mark.parametrize("kind", ["numeric(15,4)", "numeric(12,2)"])
def test_columns_stored_with_few_decimals(kind: str) -> None:
    legacy, candidate, mixed, new = _split_night()
    decimals = int(kind[-2])
    names = list(NAMES[:-1])
    legacy, candidate = legacy.copy(), candidate.copy()
    legacy[names], candidate[names] = (
        legacy[names].round(decimals),
        candidate[names].round(decimals),
    )
    wanted = indicator_fields(dict.fromkeys(names, kind))
    found, context = judged(legacy, candidate, (mixed, new), wanted=wanted)
    apple = [one for one in incidents(found, context, [RULE]) if one.scope.symbols == ("AAPL",)]
    assert {(one.cause, one.rows) for one in apple} == {("upstream", 6), ("upstream", 1)}


def test_bars_of_an_hour() -> None:
    daily = _bars(date(2005, 2, 25), "IBM")
    stamps = [datetime(day.year, day.month, day.day, 18, 30, tzinfo=UTC) for day in days_of(daily)]
    earlier = [stamp - timedelta(hours=2) for stamp in stamps]
    first = daily.assign(timestamp=earlier, volume=0.0, close=1.0)
    other = edited(daily, len(daily) - 3, ["close"], plus=1)
    candidate_bars, legacy_bars = (
        pd.concat([last.assign(timestamp=stamps), first]).sort_values("timestamp")
        for last in (daily, other)
    )
    days = _sessions(daily, date(2005, 2, 22))
    found, context = judged(
        indicators(other, pandas_way, days), indicators(daily, talib_way, days),
        (legacy_bars, candidate_bars),
    )  # fmt: skip
    (only,) = incidents(found, context, [RULE])
    assert (only.cause, only.rows) == ("upstream", 3)


def test_a_history_one_day_shorter_on_one_side() -> None:
    # Whether the first day of the history belongs to it: seen where a history is short.
    candidate_bars = _bars(date(2005, 2, 25), "IBM")
    legacy_bars = _scaled(candidate_bars, 2.0, date(2005, 1, 20), 0.5)
    days = _sessions(candidate_bars, date(2005, 2, 14))
    legacy = indicators(legacy_bars, pandas_way, days, days_back=89)
    candidate = indicators(candidate_bars, talib_way, days, days_back=90)
    found, context = judged(
        legacy, candidate, (legacy_bars, candidate_bars), of=indicator_dataset(90)
    )
    (only,) = incidents(found, context, [RULE])
    assert (only.cause, only.rows) == ("upstream", len(days))


@pytest.mark.parametrize("column", ["sma_50", "ema_50", "rsi_14", "bb_upper", "current_volume"])
@pytest.mark.parametrize("factor", [1.004, 3.0])
def test_an_edited_cell_among_them_stays_unexplained(column: str, factor: float) -> None:
    legacy, candidate, mixed, new = _split_night()
    legacy = legacy.copy()
    edited = (legacy["symbol"] == "AAPL") & legacy["date"].isin([date(2005, 2, 22), SPLIT])
    legacy.loc[edited, column] = (legacy.loc[edited, column] * factor).round(6)
    found, context = judged(legacy, candidate, (mixed, new))
    by_cause = {one.cause: one.rows for one in incidents(found, context, [RULE, FORMULA])}
    assert by_cause == {"upstream": 5, "unexplained": 2}


@pytest.mark.parametrize("factor", [2.0, 0.5, 1.9173])
def test_a_row_times_a_number_stays_unexplained(factor: float) -> None:
    legacy, candidate, mixed, new = _split_night()
    names = list(NAMES)
    legacy = legacy.copy()
    edited = (legacy["symbol"] == "IBM") & (legacy["date"] == date(2005, 2, 22))
    legacy.loc[edited, names] *= factor
    again = (legacy["symbol"] == "AAPL") & (legacy["date"] == date(2005, 2, 23))
    legacy.loc[again, names] *= factor
    found, context = judged(legacy, candidate, (mixed, new))
    by_cause = {one.cause: 0 for one in incidents(found, context, [RULE])}
    for one in incidents(found, context, [RULE]):
        by_cause[one.cause] += one.rows
    assert by_cause == {"upstream": 6, "unexplained": 2}


def test_random_edits_stay_unexplained() -> None:
    random = np.random.default_rng(11)
    _, candidate, mixed, new = _split_night()
    legacy = candidate
    for row in range(len(legacy)):
        size = random.choice([-1, 1]) * 10 ** random.uniform(-2.3, 0)
        legacy = edited(legacy, row, [NAMES[random.integers(len(NAMES))]], times=1 + size)
    found, context = judged(legacy, candidate, (mixed, new))
    assert len(found) > 15
    assert {one.cause for one in incidents(found, context, [RULE, FORMULA])} == {"unexplained"}


def test_equal_bars_explain_nothing() -> None:
    legacy, candidate, _, new = _split_night()
    found, context = judged(legacy, candidate, (new, new))
    assert {one.cause for one in incidents(found, context, [RULE])} == {"unexplained"}


def test_without_bars_nothing_is_proposed() -> None:
    legacy, candidate, mixed, new = _split_night()
    found, context = judged(legacy, candidate, (mixed, new))
    context.bars = None
    assert {one.cause for one in incidents(found, context, [RULE])} == {"unexplained"}
