"""Rows dated by another day."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from parity.model.suite import Kind
from parity.model.verdict import Side
from tests.causes.moved import by_cause, sides, stepped
from tests.causes.toy import compared, dataset, fields, incidents, real_bars, tolerance

NAMES = ("sma_5", "sma_50", "change_1", "volatility_20", "avg_volume_20")


def _indicators(first: date = date(2004, 6, 1)) -> pd.DataFrame:
    """Some indicators of real bars, from pandas; dates."""
    bars = real_bars(["AAPL", "IBM"], first, date(2005, 4, 29))
    by = bars.groupby("symbol")
    frame = pd.DataFrame(
        {
            "symbol": bars["symbol"],
            "timestamp": bars["timestamp"],
            "sma_5": by["close"].transform(lambda one: one.rolling(5).mean()),
            "sma_50": by["close"].transform(lambda one: one.rolling(50).mean()),
            "change_1": by["close"].pct_change() * 100,
            "volatility_20": by["close"].transform(lambda one: one.pct_change().rolling(20).std()),
            "avg_volume_20": by["volume"].transform(lambda one: one.rolling(20).mean()),
        }
    )
    return frame.round(dict.fromkeys(NAMES, 6)).dropna().reset_index(drop=True)


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(date=frame["timestamp"].dt.date).drop(columns="timestamp")


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("by", [1, -1])
@pytest.mark.parametrize("days", [(0, 1000), (60, 1000), (30, 45)])
def test_indicators_one_session_off(side: Side, by: int, days: tuple[int, int]) -> None:
    good = _indicators()
    faulty = stepped(good, by, *days)
    differences, context = compared(
        *sides(side, _dated(faulty), _dated(good)),
        of=dataset(Kind.INDICATORS, "date"),
        wanted=fields(NAMES, dict.fromkeys(NAMES, "numeric(20,6)")),
    )
    found = incidents(differences, context)
    assert by_cause(found) == {"session_date": len(differences)}
    for one in found:
        assert one.proved
        assert one.evidence["days"] == (by if side is Side.LEGACY else -by)
        assert one.evidence["steps"] == "session"


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("by", [1, -1])
def test_indicators_one_calendar_day_off(side: Side, by: int) -> None:
    good = _indicators()
    days = good["timestamp"].dt.tz_localize(None) + pd.Timedelta(days=by)
    differences, context = compared(
        *sides(side, _dated(good.assign(timestamp=days)), _dated(good)),
        of=dataset(Kind.INDICATORS, "date"),
        wanted=fields(NAMES, dict.fromkeys(NAMES, "numeric(20,6)")),
    )
    found = incidents(differences, context)
    assert by_cause(found) == {"session_date": len(differences)}
    for one in found:
        assert (one.evidence["days"], one.evidence["side"]) == (by, side.value)
        assert one.evidence["steps"] == "calendar day"


def test_within_the_tolerance() -> None:
    good = _indicators()
    faulty = stepped(good, 1, 0, 1000)
    faulty["sma_50"] *= 1 + 4e-7
    near = tolerance(relative="1e-6")
    differences, context = compared(
        _dated(faulty),
        _dated(good),
        of=dataset(Kind.INDICATORS, "date"),
        wanted=fields(NAMES, dict.fromkeys(NAMES, "numeric(20,6)"), {"sma_50": near}),
    )
    assert by_cause(incidents(differences, context)) == {"session_date": len(differences)}


def test_one_slow_column_is_enough() -> None:
    """A long average moves by less than the looseness of the search each day."""
    good = _indicators()
    faulty = stepped(good, -1, 0, 1000)
    differences, context = compared(
        _dated(faulty),
        _dated(good),
        of=dataset(Kind.INDICATORS, "date"),
        wanted=fields(["sma_50"], {"sma_50": "numeric(20,6)"}),
    )
    found = incidents(differences, context)
    assert by_cause(found) == {"session_date": len(differences)}
    assert {one.evidence["days"] for one in found} == {-1}


@pytest.mark.parametrize("by", [1, -1])
def test_dated_bars(by: int) -> None:
    good = real_bars(["AAPL", "IBM"])
    faulty = stepped(good, by, 0, 1000)
    differences, context = compared(_dated(faulty), _dated(good), of=dataset(time="date"))
    found = incidents(differences, context)
    assert by_cause(found) == {"session_date": len(differences)}


def test_values_of_two_days_swapped() -> None:
    good = _indicators()
    faulty = good.copy()
    faulty.loc[[50, 51], list(NAMES)] = faulty.loc[[51, 50], list(NAMES)].to_numpy()
    differences, context = compared(
        _dated(faulty),
        _dated(good),
        of=dataset(Kind.INDICATORS, "date"),
        wanted=fields(NAMES, dict.fromkeys(NAMES, "numeric(20,6)")),
    )
    assert "session_date" not in by_cause(incidents(differences, context))
