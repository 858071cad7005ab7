"""Columns in another unit."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from parity.model.suite import Kind
from tests.causes.toy import dataset, fields
from tests.causes.values_toy import PRICES, Frame, explained, only, other, real_bars


@pytest.mark.parametrize("power", [1, 2, 3, 4])
@pytest.mark.parametrize("faulty", ["legacy", "candidate"])
def test_volume_in_a_larger_unit(power: int, faulty: str) -> None:
    bars = real_bars(["AAPL", "IBM"])
    legacy = bars.copy()
    legacy["volume"] = (legacy["volume"] / 10**power).round()
    found = only(explained(legacy, bars, faulty))
    assert (found.cause, found.rows, found.scope.symbols) == (
        "unit_scale", len(bars), ("AAPL", "IBM"),
    )  # fmt: skip
    assert found.evidence["factor"] == 10.0**power
    assert found.evidence["columns"] == ["volume"]
    assert found.evidence["says"] == (
        f"AAPL, IBM: {other(faulty)}'s volume is {10**power:,} times {faulty}'s"
    )


@pytest.mark.parametrize("rows", [1, 2, 30])
def test_prices_in_cents_even_in_one_bar(rows: int) -> None:
    bars = real_bars(["IBM"])
    legacy = bars.copy()
    legacy.loc[: rows - 1, PRICES] *= 100
    found = only(explained(legacy, bars))
    assert (found.cause, found.rows, found.evidence["factor"]) == ("unit_scale", rows, 100.0)
    assert found.evidence["says"] == "IBM: legacy's prices are 100 times candidate's"


def test_one_column_needs_three_rows() -> None:
    bars = real_bars(["IBM"])
    legacy = bars.copy()
    legacy.loc[[3, 9], "close"] *= 10
    assert only(explained(legacy, bars)).cause == "unexplained"
    legacy.loc[[12], "close"] *= 10
    assert only(explained(legacy, bars)).cause == "unit_scale"


def test_a_row_a_symbol_is_supported_by_many_symbols() -> None:
    bars = pd.concat(
        [real_bars(["IBM"]).iloc[-2:].assign(symbol=f"S{number:02}") for number in range(12)],
        ignore_index=True,
    )
    bars["volume"] += [100 * number for number in range(len(bars))]
    legacy = bars.copy()
    legacy.loc[1::2, "volume"] /= 100
    assert (bars["volume"] % 100 == 0).all()
    found = only(explained(legacy, bars))
    assert (found.cause, found.rows) == ("unit_scale", 12)


def test_a_row_a_symbol_with_one_value_tells_nothing() -> None:
    bars = pd.concat(
        [real_bars(["IBM"]).iloc[-2:].assign(symbol=f"S{number:02}") for number in range(12)],
        ignore_index=True,
    )
    legacy = bars.copy()
    legacy.loc[1::2, "volume"] /= 100
    assert {one.cause for one in explained(legacy, bars)} == {"unexplained"}


def uniform(low: int, high: int, seed: int) -> Frame:
    return np.random.default_rng(seed).integers(low, high + 1, 153)


@pytest.mark.parametrize("faulty", ["legacy", "candidate"])
@pytest.mark.parametrize(
    ("legacy", "candidate"),
    [
        (None, 5),
        (None, 500),  # digits enough, one value
        (None, uniform(1, 11, 1)),
        (None, uniform(1, 999, 2)),
        (uniform(1, 120, 3), 1),
        (uniform(1, 120, 4), uniform(1, 120, 5)),
        (uniform(1, 9999, 6), uniform(1, 9999, 7)),
        (uniform(9_600, 10_400, 8), uniform(100, 104, 9)),
    ],
)
def test_numbers_that_tell_no_power(legacy: Frame, candidate: Frame, faulty: str) -> None:
    bars = real_bars(["IBM"], date(2004, 7, 21), date(2005, 2, 25))
    assert len(bars) == 153
    one = bars if legacy is None else bars.assign(volume=legacy)
    two = bars.assign(volume=candidate)
    found = explained(one, two, faulty)
    assert {incident.cause for incident in found} == {"unexplained"}


def test_small_numbers_follow_cells_that_tell() -> None:
    bars = real_bars(["IBM"])
    bars.loc[[20, 25], "volume"] = [3_200, 1_700]
    legacy = bars.copy()
    legacy["volume"] = (legacy["volume"] / 1000).round()
    found = only(explained(legacy, bars))
    assert (found.cause, found.rows, found.evidence["factor"]) == ("unit_scale", len(bars), 1000.0)


@pytest.mark.parametrize(("spoiled", "proved"), [(5, 25), (8, 0)])
def test_a_share_of_the_span(spoiled: int, proved: int) -> None:
    bars = real_bars(["IBM"])
    legacy = bars.copy()
    legacy.loc[10:39, "volume"] /= 100
    # Others within the span and far from it; those far from it do not count.
    legacy.loc[range(12, 12 + 2 * spoiled, 2), "volume"] *= 1.3
    legacy.loc[60:90, "volume"] *= 1.3
    found = explained(legacy, bars)
    assert sum(one.rows for one in found if one.cause == "unit_scale") == proved


def test_no_power_of_ten() -> None:
    bars = real_bars(["IBM"])
    legacy = bars.copy()
    legacy["volume"] *= 98
    assert only(explained(legacy, bars)).cause == "unexplained"


def rates() -> Frame:
    days = pd.date_range("2005-01-03", periods=40, freq="B").date
    rng = np.random.default_rng(7)
    return pd.DataFrame(
        {
            "symbol": "IBM",
            "date": days,
            "rsi": rng.uniform(20, 80, 40).round(2),
            "change": rng.normal(0, 2, 40).round(2),
        }
    )


@pytest.mark.parametrize("kind", [Kind.INDICATORS, Kind.TABLE])
def test_fractions_for_percent(kind: Kind) -> None:
    percent = rates()
    fraction = percent.copy()
    fraction[["rsi", "change"]] = (fraction[["rsi", "change"]] / 100).round(4)
    found = only(
        explained(fraction, percent, of=dataset(kind, "date"), wanted=fields(["rsi", "change"]))
    )
    assert (found.cause, found.rows, found.evidence["factor"]) == ("unit_scale", 40, 100.0)
    assert found.evidence["columns"] == ["rsi", "change"]


def test_in_indicators_most_of_a_columns_differing_rows_must_share_it() -> None:
    percent = rates()
    legacy = percent.copy()
    legacy.loc[:9, "rsi"] *= 100
    legacy.loc[10:14, "rsi"] *= 1.07  # five of fifteen have another cause
    found = only(
        explained(
            legacy, percent, of=dataset(Kind.INDICATORS, "date"), wanted=fields(["rsi", "change"])
        )
    )
    assert (found.cause, found.rows) == ("unexplained", 15)
