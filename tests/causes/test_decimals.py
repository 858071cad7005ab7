"""Decimals and rounding, against the decimal module."""

from __future__ import annotations

import decimal as d

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.causes.decimals import MOST, Mode, decimals_of, fitting, rounded, single

MODES = {
    Mode.HALF_UP: d.ROUND_HALF_UP,
    Mode.HALF_EVEN: d.ROUND_HALF_EVEN,
    Mode.NEAREST: d.ROUND_HALF_UP,
    Mode.TRUNCATION: d.ROUND_DOWN,
    Mode.FLOOR: d.ROUND_FLOOR,
    Mode.CEIL: d.ROUND_CEILING,
}
numbers = st.decimals(-1_000_000, 1_000_000, allow_nan=False, places=5)


@given(st.lists(numbers, min_size=1, max_size=20))
def test_decimals_are_those_of_the_text(values: list[d.Decimal]) -> None:
    expected = []
    for value in values:
        exponent = value.normalize().as_tuple().exponent
        assert isinstance(exponent, int)
        expected.append(max(0, -exponent))
    assert decimals_of(np.array([float(value) for value in values])).tolist() == expected


def test_decimals_of_odd_numbers() -> None:
    values = np.array([np.nan, np.inf, 0.0, 1e18, 1 / 3, 0.1 + 0.2, 44.495 * 2])
    assert decimals_of(values).tolist() == [0, 0, 0, 0, MOST + 1, 1, 2]
    assert decimals_of(np.array([1.23456]), 3).tolist() == [4]


@given(numbers, st.integers(0, 4), st.sampled_from(list(MODES)))
def test_rounding_is_that_of_the_printed_number(value: d.Decimal, places: int, mode: Mode) -> None:
    expected = value.quantize(d.Decimal(1).scaleb(-places), MODES[mode])
    got = rounded(np.array([float(value)]), places, mode)[0]
    assert got == pytest.approx(float(expected), abs=1e-9)
    fits = fitting(np.array([float(value)]), np.array([float(expected)]), places)
    assert fits[mode][0]


def test_a_tie_fits_either_neighbour_only_as_nearest() -> None:
    fine = np.array([1.005, 1.005, 1.005])
    fits = fitting(fine, np.array([1.0, 1.01, 1.02]), 2)
    assert fits[Mode.NEAREST].tolist() == [True, True, False]
    assert fits[Mode.HALF_UP].tolist() == [False, True, False]
    assert fits[Mode.HALF_EVEN].tolist() == [True, False, False]


def test_single_precision() -> None:
    assert single(np.array([0.5, 16_777_217.0])).tolist() == [0.5, 16_777_216.0]
