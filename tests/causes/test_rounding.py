"""Values rounded on one side. What is right is computed by the decimal module."""

from __future__ import annotations

import decimal as d
from datetime import date

import numpy as np
import pandas as pd
import pytest

from parity.model.suite import Kind
from tests.causes.toy import dataset, fields
from tests.causes.values_toy import PRICES, Frame, decimal, explained, only, other, real_bars

MODES = {
    "half-up": d.ROUND_HALF_UP,
    "half-even": d.ROUND_HALF_EVEN,
    "truncation": d.ROUND_DOWN,
    "floor": d.ROUND_FLOOR,
    "ceil": d.ROUND_CEILING,
}


def table(rows: int = 60) -> Frame:
    """Signed numbers of four decimals, ties at one to three decimals among them."""
    rng = np.random.default_rng(3)
    out = pd.DataFrame(
        {
            "symbol": "IBM",
            "date": pd.date_range("2005-01-03", periods=rows, freq="B").date,
            "x": rng.normal(0, 30, rows).round(4),
            "y": rng.uniform(1, 9, rows).round(4),
        }
    )
    out.loc[[0, 10, 20, 30], "x"] = [1.0625, -2.0625, 2.6875, -3.6875]
    out.loc[[5, 15, 25, 35], "x"] = [1.25, -2.25, 2.75, -3.75]
    return out


def explained_table(legacy: Frame, candidate: Frame, faulty: str, **types: str):  # type: ignore[no-untyped-def]
    return explained(
        legacy, candidate, faulty, of=dataset(Kind.TABLE, "date"),
        wanted=fields(["x", "y"], types=types),
    )  # fmt: skip


@pytest.mark.parametrize("mode", list(MODES))
@pytest.mark.parametrize("decimals", [1, 3])
@pytest.mark.parametrize("faulty", ["legacy", "candidate"])
def test_modes_are_told_apart(mode: str, decimals: int, faulty: str) -> None:
    fine = table()
    coarse = fine.assign(x=decimal(fine["x"], decimals, MODES[mode]))
    found = only(explained_table(coarse, fine, faulty))
    assert (found.cause, found.rows) == ("rounding", int((coarse["x"] != fine["x"]).sum()))
    assert (found.evidence["decimals"], found.evidence["mode"]) == (decimals, mode)
    assert (found.evidence["columns"], found.evidence["rounded_side"]) == (["x"], faulty)
    assert found.evidence["side"] == other(faulty)
    assert f"{faulty}'s x is {other(faulty)}'s rounded to" in found.evidence["says"]


def test_all_modes_that_fit_are_said() -> None:
    fine = table().drop(index=[0, 5, 10, 15, 20, 25, 30, 35])
    fine = fine[~(fine["y"] * 1000 % 10).round(6).isin([5.0])]
    near = only(explained_table(fine.assign(y=fine["y"].round(2)), fine, "legacy"))
    assert near.evidence["mode"] == "half-up or half-even"
    assert "half-up or half-even: no tie among the rows" in near.evidence["says"]
    down = only(explained_table(fine.assign(y=decimal(fine["y"], 2, d.ROUND_DOWN)), fine, "legacy"))
    assert down.evidence["mode"] == "truncation or floor"


def test_whole_numbers_and_the_stored_type() -> None:
    fine = table()
    whole = fine.assign(y=decimal(fine["y"], 0, d.ROUND_HALF_EVEN))
    plain = only(explained_table(whole, fine, "legacy"))
    assert plain.evidence["decimals"] == 0
    assert "stored_type" not in plain.evidence
    found, context_types = table(), {"y": ("numeric(15,2)", "numeric(15,4)")}
    typed = only(
        explained(
            found.assign(y=decimal(found["y"], 2, d.ROUND_HALF_UP)), found,
            of=dataset(Kind.TABLE, "date"), wanted=fields(["x", "y"], types=context_types),
        )
    )  # fmt: skip
    assert typed.evidence["stored_type"] == "numeric(15,2)"
    assert "as its type numeric(15,2) stores it" in typed.evidence["says"]


@pytest.mark.parametrize("printed", [True, False])
def test_single_precision(printed: bool) -> None:
    bars = real_bars(["AAPL", "IBM"])
    single = bars.copy()
    for name in PRICES:
        values = bars[name].to_numpy().astype(np.float32)
        # `real` prints as few digits as tell it; read as double precision it has them all.
        single[name] = [float(str(one)) for one in values] if printed else values.astype(float)
    noisy = bars.copy()
    noisy[PRICES] = bars[PRICES] * (1 + 1e-9)
    kinds = dict.fromkeys(PRICES, ("real" if printed else "double precision", "double precision"))
    found = only(explained(single, noisy, wanted=fields(types=kinds)))
    assert (found.cause, found.rows) == ("rounding", len(bars))
    assert (found.evidence["mode"], found.evidence["decimals"]) == ("float32", None)


def test_ties_of_binary_numbers_fall_either_way() -> None:
    bars = real_bars(["AAPL"], last=date(2005, 3, 31))  # halves of cents
    legacy = bars.copy()
    for name in PRICES:
        legacy[name] = [round(float(value), 2) for value in bars[name]]
    found = only(explained(legacy, bars))
    assert (found.cause, found.evidence["mode"]) == ("rounding", "nearest")


def test_several_columns_of_a_row_at_once_and_different_decimals() -> None:
    fine = table()
    both = fine.assign(x=fine["x"].round(2), y=fine["y"].round(1))
    found = explained_table(both, fine, "legacy")
    assert {one.cause for one in found} == {"rounding"}
    assert sum(one.rows for one in found) == int((both != fine).any(axis=1).sum())
    pair = next(one for one in found if one.evidence["columns"] == ["x", "y"])
    assert pair.evidence["decimals"] == {"x": 2, "y": 1}


def test_two_cells_by_chance_are_not_enough() -> None:
    fine = table()
    two = fine.copy()
    two.loc[[3, 8], "x"] = two.loc[[3, 8], "x"].round(2)
    assert only(explained_table(two, fine, "legacy")).cause == "unexplained"
    two.loc[[3, 8], "y"] = two.loc[[3, 8], "y"].round(2)
    assert only(explained_table(two, fine, "legacy")).cause == "unexplained"
    two.loc[[9], "x"] = two.loc[[9], "x"].round(2)
    three = explained_table(two, fine, "legacy")
    # Three rows of x are a rounding; of y it is two cells, so their rows stay.
    assert [(one.cause, one.rows) for one in three] == [("unexplained", 2)]


def test_digits_that_were_added_to_a_few_cells_are_no_rounding_of_the_other_side() -> None:
    bars = real_bars(["IBM"])  # two decimals
    edited = bars.copy()
    edited.loc[[3, 40, 80, 100], "close"] += [0.001, 0.002, 0.0007, 0.004]
    assert only(explained(bars, edited)).cause == "unexplained"


def test_a_few_cells_scattered_in_a_column_that_has_more_decimals() -> None:
    bars = real_bars(["IBM"])
    coarse = bars.copy()
    rows = bars.index[(bars["close"] * 10 % 1).round(6).between(0.01, 0.99)][[3, 40, 70, 90]]
    coarse.loc[rows, "close"] = decimal(bars.loc[rows, "close"], 1, d.ROUND_HALF_UP)
    found = only(explained(coarse, bars))
    assert (found.cause, found.rows, found.evidence["decimals"]) == ("rounding", 4, 1)


def test_noise_of_the_size_of_a_rounding_is_none() -> None:
    fine = table()
    rng = np.random.default_rng(5)
    noisy = fine.assign(x=(fine["x"] + rng.uniform(-0.005, 0.005, len(fine))).round(4))
    assert only(explained_table(noisy, fine, "legacy")).cause == "unexplained"


def test_one_row_a_symbol_in_a_table_without_time() -> None:
    fine = table(60).iloc[:30].assign(symbol=[f"S{number:02}" for number in range(30)])
    fine["y"] = np.random.default_rng(1).uniform(1, 9, 30).round(4)
    coarse = fine.assign(y=fine["y"].round(1))
    found = only(explained_table(coarse, fine, "legacy"))
    assert (found.cause, found.rows) == ("rounding", int((coarse["y"] != fine["y"]).sum()))


@pytest.mark.parametrize("offset", [0.0001, -0.0001, 0.0004, 0.003, 0.005, -0.005, 0.009])
@pytest.mark.parametrize("faulty", ["legacy", "candidate"])
def test_a_constant_offset_is_no_rounding(offset: float, faulty: str) -> None:
    bars = real_bars(["AAPL", "IBM"])
    for name in PRICES:
        bars[name] = bars[name].round(2)
    moved = bars.assign(close=(bars["close"] + offset).round(4))
    found = explained(bars, moved, faulty)
    assert {one.cause for one in found} == {"unexplained"}
    assert sum(one.rows for one in found) == 246


def test_a_constant_offset_by_symbol_and_column_is_no_rounding() -> None:
    bars = real_bars(["AAPL", "IBM"])
    moved = bars.copy()
    for name in PRICES:
        bars[name] = bars[name].round(2)
        for symbol in ("AAPL", "IBM"):
            offset = 0.0007 * (PRICES.index(name) + 1) + 0.0002 * (symbol == "IBM")
            mine = bars["symbol"] == symbol
            moved.loc[mine, name] = (bars.loc[mine, name] + offset).round(4)
    assert {one.cause for one in explained(bars, moved)} == {"unexplained"}


@pytest.mark.parametrize(("low", "high"), [(-0.0009, 0.0009), (0.0, 0.0009)])
def test_noise_far_below_the_last_decimal_is_no_rounding(low: float, high: float) -> None:
    bars = real_bars(["IBM"])
    noise = np.random.default_rng(4).uniform(low, high, len(bars)).round(4)
    moved = bars.assign(close=(bars["close"].round(2) + noise).round(4))
    assert {one.cause for one in explained(bars, moved)} == {"unexplained"}
