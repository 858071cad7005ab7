"""Ratios of small integers, and those of rows."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from parity.causes.ratios import RATIONALS, price_ratios
from tests.causes.toy import compared
from tests.causes.values_toy import real_bars

ALL = sorted(
    {Fraction(p, q) for p in range(1, 21) for q in range(1, 21) if p > q}
    | {Fraction(n) for n in range(2, 101)}
    | {Fraction(n + 1, n) for n in range(20, 26)}
)


def test_all_ratios_once_in_their_order() -> None:
    got = [Fraction(int(p), int(q)) for p, q in zip(RATIONALS.p, RATIONALS.q, strict=True)]
    assert got == ALL


@given(st.floats(1.0, 150.0))
def test_the_nearest(value: float) -> None:
    place = int(RATIONALS.nearest(np.array([value]))[0])
    distances = [abs(np.log(float(one)) - np.log(value)) for one in ALL]
    assert distances[place] == min(distances)


def test_a_rows_ratio_is_the_median_of_its_prices() -> None:
    bars = real_bars(["IBM"])
    legacy = bars.copy()
    legacy.loc[3, ["open", "high", "low"]] *= 2
    legacy.loc[4, ["high", "low"]] = None
    legacy.loc[4, ["open"]] *= 3
    found, _ = compared(legacy, bars)
    ratios = price_ratios(found, np.arange(2))
    assert np.round(ratios.row, 9).tolist() == [2.0, 1.0]
    assert ratios.alike(np.array([2.0, 3.0])).tolist() == [True, True]
    assert ratios.alike(np.array([1.0, 2.0])).tolist() == [False, False]
