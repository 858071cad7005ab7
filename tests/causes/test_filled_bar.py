"""Bars that repeat the row before them."""

from __future__ import annotations

from functools import partial

import pandas as pd
import pytest

from parity.model.verdict import Side
from tests.causes.moved import by_cause, edited, hourly, reordered, sides
from tests.causes.toy import BARS, compared, incidents, real_bars

PRICES = list(BARS[:4])


def _all(value: float, column: pd.Series) -> pd.Series:
    return pd.Series(value, column.index)


def _filled(frame: pd.DataFrame, rows: range, volume: float | None, carried: str) -> pd.DataFrame:
    """A frame in which the rows repeat the one before them."""
    before = rows.start - 1
    if carried == "row":
        return reordered(frame, rows, [before] * len(rows))
    close = frame["close"].to_numpy()[before]
    for name, value in (*dict.fromkeys(PRICES, close).items(), ("volume", volume)):
        there = float("nan") if value is None else float(value)
        frame = edited(frame, rows, name, partial(_all, there))
    return frame


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("volume", [0.0, None])
@pytest.mark.parametrize("length", [1, 2, 10])
def test_against_real_bars(side: Side, volume: float | None, length: int) -> None:
    good = real_bars(["AAPL", "IBM"])
    faulty = _filled(good, range(40, 40 + length), volume, "close")

    (found,) = incidents(*compared(*sides(side, faulty, good)))

    assert (found.cause, found.rows, found.scope.symbols) == ("filled_bar", length, ("AAPL",))
    assert (found.evidence["carried"], found.evidence["side"]) == ("close", side.value)


@pytest.mark.parametrize("side", list(Side))
def test_where_the_other_side_has_none(side: Side) -> None:
    whole = real_bars(["AAPL", "IBM"])
    good = whole.drop(index=[40, 41, 200])
    faulty = _filled(_filled(whole, range(40, 42), 0.0, "close"), range(200, 201), 0.0, "close")

    found = incidents(*compared(*sides(side, faulty, good)))

    assert by_cause(found) == {"filled_bar": 3}
    assert {one.evidence["side"] for one in found} == {side.value}


def test_a_real_bar_on_the_other_side_and_none_are_told_apart() -> None:
    whole = real_bars(["AAPL"])
    faulty = _filled(_filled(whole, range(40, 42), 0.0, "close"), range(60, 63), 0.0, "close")

    none, real = sorted(
        incidents(*compared(faulty, whole.drop(index=[40, 41]))), key=lambda one: one.rows
    )

    days = [f"{moment:%Y-%m-%d}" for moment in whole["timestamp"]]
    assert (none.cause, real.cause, none.rows, real.rows) == ("filled_bar", "filled_bar", 2, 3)
    assert none.id != real.id
    assert none.evidence["says"] == (
        "AAPL: 2 of legacy's bars are the previous close, without volume; candidate has no such "
        f"bar ({days[40]} to {days[41]})"
    )
    assert real.evidence["says"] == (
        "AAPL: 3 of legacy's bars are the previous close, without volume, where candidate has a "
        f"real bar ({days[60]} to {days[62]})"
    )


@pytest.mark.parametrize("alone", [False, True])
def test_a_whole_row_carried_forward(alone: bool) -> None:
    whole = hourly()
    faulty = _filled(whole, range(30, 33), None, "row")
    good = whole.drop(index=range(30, 33)) if alone else whole
    (found,) = incidents(*compared(good, faulty))
    assert (found.cause, found.rows, found.evidence["carried"]) == ("filled_bar", 3, "row")
    assert found.evidence["side"] == "candidate"


def test_after_the_end_of_a_series() -> None:
    whole = real_bars(["AAPL", "IBM"])
    last = whole[whole["symbol"] == "IBM"].index[-5:]
    faulty = _filled(whole, range(last[0], last[-1] + 1), 0.0, "close")
    (found,) = incidents(*compared(faulty, whole.drop(index=last)))
    assert (found.cause, found.rows) == ("filled_bar", 5)


def test_days_without_a_session_are_off_calendar() -> None:
    good = real_bars(["IBM"])
    friday = good[good["timestamp"] == pd.Timestamp("2005-01-14", tz="America/New_York")]
    saturday = friday.assign(timestamp=friday["timestamp"] + pd.Timedelta(days=1), volume=0.0)
    for price in PRICES:
        saturday[price] = saturday["close"]
    (found,) = incidents(*compared(pd.concat([good, saturday]), good))
    assert found.cause == "off_calendar"


@pytest.mark.parametrize(
    "edit",
    [
        {"volume": 0.0},
        {"close": 1.0, "volume": 0.0},
        dict.fromkeys(PRICES, 71.23) | {"volume": 0.0},  # flat, but not at the previous close
    ],
)
def test_other_edits_are_no_fill(edit: dict[str, float]) -> None:
    good = real_bars(["IBM"])
    faulty = good.copy()
    for name, value in edit.items():
        faulty.loc[50, name] = value
    assert "filled_bar" not in by_cause(incidents(*compared(faulty, good)))


def test_a_series_without_volumes_has_no_fills() -> None:
    good = real_bars(["IBM"]).assign(volume=0.0)
    faulty = _filled(good, range(30, 31), 0.0, "close")
    assert by_cause(incidents(*compared(faulty, good.drop(index=30)))) == {"missing_session": 1}
