"""Recomputed indicators against pandas and TA-Lib on the very stretches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.causes.dailybars import Daily, daily_bars
from parity.causes.drift import drift
from parity.causes.frame import Ints
from parity.causes.recompute import Recomputed
from parity.causes.variants import Family, Indicator, Variant, parse
from tests.causes.indicators_toy import NAMES, Ways, days_of, pandas_way, talib_way
from tests.causes.toy import BARS, NEW_YORK, fields, real_bars, rows_of

SYMBOLS = ("AAPL", "GOOG", "IBM")
PLACES = {name: place for place, name in enumerate(BARS)}
FEWEST = 3


@cache
def _frame() -> pd.DataFrame:
    return real_bars(SYMBOLS, date(2003, 9, 1), date(2005, 2, 28))


def _daily(frame: pd.DataFrame) -> Daily:
    return daily_bars(rows_of(frame, SYMBOLS, fields(), "timestamp"), PLACES, NEW_YORK)


def _stretches(bars: Daily, count: int) -> tuple[Ints, Ints]:
    """Random ones of all lengths, each within a series; some are too short for anything."""
    random = np.random.default_rng(3)
    last = random.integers(0, len(bars), count)
    start = bars.start(bars.code[last])
    lengths = np.where(np.arange(count) % 2, 210, 0) + random.integers(FEWEST, 60, count)
    return np.maximum(last - lengths + 1, start), last


def _variant(what: Indicator, key: str) -> Variant:
    return next(one for one in what.variants if one.key == key)


def _indicator(name: str) -> Indicator:
    found = parse(name, {})
    assert found is not None
    return found


PANDAS = {
    "plain": Ways(),
    "population": Ways(),
    "sample": Ways(ddof=1),
    "simple": Ways(),
    "log": Ways(change="log"),
}
CASES = [
    *(("ema_12", key) for key in ("sma_seed", "first_seed", "wilder_first")),
    *(("ema_50", key) for key in ("sma_seed", "first_seed", "wilder_first")),
    *(("rsi_14", key) for key in ("first_seed", "rolling", "span")),
    *(
        (f"macd_{part}", key)
        for part in ("line", "signal", "histogram")
        for key in ("first_seed", "sma_seed")
    ),
    *((f"sma_{n}", "plain") for n in (20, 50, 200)),
    ("bb_middle", "plain"),
    *(
        (f"bb_{part}", key)
        for part in ("upper", "lower", "position", "width")
        for key in ("population", "sample")
    ),
    *((f"price_change_{n}d", key) for n in (1, 5, 30) for key in ("simple", "log")),
    ("avg_volume_20", "plain"),
    ("current_volume", "plain"),
]
SEEDS = {"sma_seed": "sma", "first_seed": "first", "wilder_first": "wilder"}


def _ways(name: str, key: str) -> Ways:
    if name.startswith("ema"):
        return Ways(ema=SEEDS[key])
    if name.startswith("macd"):
        return Ways(macd=SEEDS[key])
    if name.startswith("rsi"):
        return Ways(rsi="first" if key == "first_seed" else key)
    return PANDAS[key]


@cache
def _wanted(way: Callable[[pd.DataFrame], Any] | Ways, start: int, end: int) -> dict[str, Any]:
    bars = _frame().iloc[start : end + 1]
    return pandas_way(bars, way) if isinstance(way, Ways) else dict(way(bars))


def _assert_same(
    name: str, key: str, way: Callable[[pd.DataFrame], Any] | Ways, count: int = 25
) -> None:
    bars = _daily(_frame())
    first, last = _stretches(bars, count)
    what = _indicator(name)
    found = Recomputed(bars).values(what, _variant(what, key), first, last)
    wanted = [
        float(_wanted(way, start, end)[name])
        for start, end in zip(first.tolist(), last.tolist(), strict=True)
    ]
    assert np.isfinite(wanted).sum() >= FEWEST
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("name", "key"), CASES)
def test_as_pandas_computes(name: str, key: str) -> None:
    _assert_same(name, key, _ways(name, key))


@pytest.mark.parametrize("returns", ["simple", "log"])
@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("year", [1, 252, 260, 365])
def test_volatility_as_pandas_computes(returns: str, ddof: int, year: int) -> None:
    ways = Ways(returns=returns, volatility_ddof=ddof, year=year)
    key = f"{returns}_ddof{ddof}_{year}"
    _assert_same("volatility_20", key, ways, 8)


@pytest.mark.parametrize("name", NAMES)
def test_the_usual_way_is_ta_libs(name: str) -> None:
    usual = _indicator(name).variants[0]
    _assert_same(name, usual.key, talib_way)


def test_wilders_factor_seeded_with_a_simple_average() -> None:
    # TA-Lib's EMA of 2n - 1 has Wilder's factor; here its seed is the mean of n.
    frame = _frame()
    bars = _daily(frame)
    first, last = _stretches(bars, 30)
    what = _indicator("ema_12")
    found = Recomputed(bars).values(what, _variant(what, "wilder"), first, last)
    for value, start, end in zip(found, first.tolist(), last.tolist(), strict=True):
        close = bars.close[start : end + 1]
        if len(close) < 12:
            assert np.isnan(value)
            continue
        wanted = close[:12].mean()
        for price in close[12:]:
            wanted += (price - wanted) / 12
        assert value == pytest.approx(wanted, rel=1e-12)


def test_a_price_that_never_moves() -> None:
    days = np.arange(60, dtype=np.int64)
    zeros = np.zeros(60, dtype=np.int64)
    bars = Daily(zeros, days, np.full(60, 25.0), np.full(60, 100.0))
    rsi, last = _indicator("rsi_14"), np.array([59])
    values = [Recomputed(bars).values(rsi, how, np.array([0]), last)[0] for how in rsi.variants]
    assert values[0] == talib.RSI(bars.close, 14)[-1] == 0
    assert np.isnan(values[1:]).all()
    position = _indicator("bb_position")
    assert np.isnan(Recomputed(bars).values(position, position.variants[0], last - 59, last)[0])


def test_a_price_that_stops_moving_leaves_no_residue() -> None:
    close = np.r_[np.linspace(20, 90, 40), np.full(40, 25.0)]
    bars = Daily(np.zeros(80, dtype=np.int64), np.arange(80), close, np.full(80, 1.0))
    rsi = _indicator("rsi_14")
    found = Recomputed(bars).values(rsi, rsi.variants[0], np.array([45]), np.array([79]))
    assert found[0] == talib.RSI(close[45:], 14)[-1]


def test_a_missing_volume_reaches_twenty_rows_only() -> None:
    frame = _frame().copy()
    frame.loc[100, "volume"] = np.nan
    bars = _daily(frame)
    what = _indicator("avg_volume_20")
    last = np.arange(90, 130)
    found = Recomputed(bars).values(what, what.variants[0], np.zeros(40, dtype=np.int64), last)
    assert np.flatnonzero(np.isnan(found)).tolist() == list(range(10, 30))


def test_no_bar_no_value() -> None:
    data = Recomputed(_daily(_frame()))
    what = _indicator("current_volume")
    assert np.isnan(data.values(what, what.variants[0], np.array([0]), np.array([-1]))[0])
    empty = Recomputed(_daily(_frame().iloc[:0]))
    assert np.isnan(empty.values(what, what.variants[0], np.array([0]), np.array([0]))[0])


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_bars_before_the_stretch_and_after_the_row_do_not_count(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(NAMES))
    what = _indicator(name)
    how = data.draw(st.sampled_from(what.variants))
    bars = _daily(real_bars(["IBM"], date(2004, 1, 2), date(2005, 2, 25)))
    last = data.draw(st.integers(5, len(bars) - 2))
    first = data.draw(st.integers(1, last))
    close, volume = bars.close.copy(), bars.volume.copy()
    close[:first] *= data.draw(st.floats(0.5, 2))
    close[last + 1 :] *= data.draw(st.floats(0.5, 2))
    volume[:first] += 1
    other = bars.valued(close, volume)
    one, two = (
        Recomputed(part).values(what, how, np.array([first]), np.array([last]))
        for part in (bars, other)
    )
    np.testing.assert_allclose(one, two, rtol=1e-9, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(NAMES), st.floats(0.01, 100))
def test_other_units_of_price(name: str, scale: float) -> None:
    what = _indicator(name)
    bars = _daily(real_bars(["IBM"], date(2004, 1, 2), date(2005, 2, 25)))
    first, last = np.zeros(3, dtype=np.int64), np.array([30, 150, len(bars) - 1])
    for how in what.variants:
        one = Recomputed(bars).values(what, how, first, last)
        two = Recomputed(replace(bars, close=bars.close * scale)).values(what, how, first, last)
        in_price = what.unit == "price"
        np.testing.assert_allclose(two, one * scale if in_price else one, rtol=1e-7, atol=1e-7)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(NAMES), st.sampled_from([0.0001, 0.01]), st.integers(0, 1000))
def test_no_indicator_moves_further_than_its_drift(name: str, digit: float, seed: int) -> None:
    what = _indicator(name)
    bars = _daily(real_bars(["IBM"], date(2004, 1, 2), date(2005, 2, 25)))
    moved = bars.close + np.random.default_rng(seed).uniform(-digit, digit, len(bars))
    first, last = np.zeros(200, dtype=np.int64), np.arange(len(bars) - 200, len(bars))
    one, two = (
        Recomputed(part).values(what, what.variants[0], first, last)
        for part in (bars, bars.valued(moved, bars.volume))
    )
    bound = drift(what, Recomputed(bars), last, np.full(200, digit))
    apart = np.nan_to_num(np.abs(one - two))
    assert (apart <= bound + 1e-9).all()


def test_hours_become_exchange_days() -> None:
    # 2004-11-26 closes at 13:00; the last bar of a day starts after midnight UTC.
    start = datetime(2004, 11, 26, 14, 30, tzinfo=UTC)
    stamps = [start + timedelta(hours=hour) for hour in (0, 3, 10)]
    stamps += [datetime(2004, 11, 29, 15, 30, tzinfo=UTC)]
    frame = pd.DataFrame({
        "symbol": "IBM", "timestamp": stamps, "open": 1.0, "high": 1.0, "low": 1.0,
        "close": [10.0, 11.0, 12.0, 13.0], "volume": [5.0, np.nan, 7.0, np.nan],
    })  # fmt: skip
    bars = daily_bars(rows_of(frame, ["IBM"], fields(), "timestamp"), PLACES, NEW_YORK)
    days = [date(1970, 1, 1) + timedelta(days=int(day)) for day in bars.day]
    assert days == [date(2004, 11, 26), date(2004, 11, 29)]
    assert bars.close.tolist() == [12.0, 13.0]
    assert bars.volume[0] == 12.0
    assert np.isnan(bars.volume[1])


def test_a_daily_bar_wins_over_the_hours_of_its_day() -> None:
    stamps = [datetime(2004, 11, 26, 5, tzinfo=UTC), datetime(2004, 11, 26, 15, 30, tzinfo=UTC)]
    frame = pd.DataFrame({
        "symbol": "IBM", "timestamp": stamps, "open": 1.0, "high": 1.0, "low": 1.0,
        "close": [10.0, 11.0], "volume": [5.0, 6.0],
    })  # fmt: skip
    bars = daily_bars(rows_of(frame, ["IBM"], fields(), "timestamp"), PLACES, NEW_YORK)
    assert (bars.close.tolist(), bars.volume.tolist()) == ([10.0], [5.0])


def test_bars_stamped_midnight_utc_keep_their_date() -> None:
    frame = real_bars(["IBM"], date(2005, 2, 1), date(2005, 2, 10))
    days = list(days_of(frame))
    frame["timestamp"] = [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in days]
    bars = daily_bars(rows_of(frame, ["IBM"], fields(), "timestamp"), PLACES, NEW_YORK)
    assert [date(1970, 1, 1) + timedelta(days=int(day)) for day in bars.day] == days


@pytest.mark.parametrize(
    ("column", "formulas", "wanted"),
    [
        ("ema_26", {}, (Family.EMA, 26, "")),
        ("my_col", {"my_col": "rsi_14"}, (Family.RSI, 14, "")),
        ("bb_width", {}, (Family.BANDS, 20, "width")),
        ("price_change_30d", {}, (Family.CHANGE, 30, "")),
        ("MACD_Signal", {}, (Family.MACD, 0, "signal")),
        ("ema_1", {}, None),
        ("ema_0", {}, None),
        ("adx_14", {}, None),
        ("ema_26", {"ema_26": "something else"}, None),
    ],
)
def test_names(column: str, formulas: dict[str, str], wanted: Any) -> None:
    found = parse(column, formulas)
    assert (found and (found.family, found.length, found.part)) == wanted
