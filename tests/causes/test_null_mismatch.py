"""NULL on one side, a value on the other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from parity.causes import Values
from parity.model.suite import Kind
from parity.model.verdict import Side
from tests.causes.toy import compared, dataset, fields, incidents
from tests.causes.values_toy import PRICES, Frame, explained, only, other, real_bars


@pytest.mark.parametrize("faulty", ["legacy", "candidate"])
@pytest.mark.parametrize("columns", [["close"], ["volume"], [*PRICES, "volume"]])
@pytest.mark.parametrize("rows", [1, 17])
def test_any_columns_on_either_side(faulty: str, columns: list[str], rows: int) -> None:
    bars = real_bars(["AAPL", "IBM"])
    legacy = bars.copy()
    legacy.loc[: rows - 1, columns] = np.nan
    found = only(explained(legacy, bars, faulty))
    assert (found.cause, found.rows, found.scope.symbols) == ("null_mismatch", rows, ("AAPL",))
    assert found.evidence["columns"] == columns
    assert (found.evidence["null_side"], found.evidence["nan"]) == (faulty, False)
    assert found.evidence["undo"] == f"put {other(faulty)}'s value in"
    assert found.evidence["examples"][0]["undone"] == found.evidence["examples"][0][other(faulty)]


def test_symbols_columns_and_sides_are_incidents_of_their_own() -> None:
    bars = real_bars(["AAPL", "IBM"])
    legacy, candidate = bars.copy(), bars.copy()
    legacy.loc[[0, 1], "close"] = np.nan
    legacy.loc[[3], "open"] = np.nan
    legacy.loc[len(bars) - 1, "close"] = np.nan
    candidate.loc[5, "close"] = np.nan
    legacy.loc[7, "open"] = candidate.loc[7, "low"] = np.nan
    found = explained(legacy, candidate)
    assert {one.cause for one in found} == {"null_mismatch"}
    told = sorted(
        (one.evidence["null_side"], ",".join(one.evidence["columns"]), one.scope.symbols, one.rows)
        for one in found
    )
    assert told == [
        ("candidate", "close", ("AAPL",), 1),
        ("legacy", "close", ("AAPL",), 2),
        ("legacy", "close", ("IBM",), 1),
        ("legacy", "open", ("AAPL",), 1),
        ("legacy+candidate", "open,low", ("AAPL",), 1),
    ]


def test_nan_is_told_apart() -> None:
    bars = real_bars(["IBM"])
    legacy = bars.copy()
    legacy.loc[3, "close"] = np.nan
    found, context = compared(legacy, bars)
    values = found.values[Side.LEGACY]
    found.values[Side.LEGACY].null[:] = False  # NaN is a value that is no number
    assert isinstance(values, Values)
    told = only(incidents(found, context))
    assert (told.cause, told.evidence["nan"]) == ("null_mismatch", True)
    assert "is NaN where candidate has a value" in told.evidence["says"]


def test_another_difference_in_the_row_is_not_hidden() -> None:
    bars = real_bars(["IBM"])
    legacy = bars.copy()
    legacy.loc[3, "close"] = np.nan
    legacy.loc[3, "open"] *= 1.9173
    assert only(explained(legacy, bars)).cause == "unexplained"


def test_zero_is_no_null_and_texts_may_be_null() -> None:
    frame: Frame = pd.DataFrame(
        {"symbol": ["A", "B", "C"], "date": pd.date_range("2005-01-03", periods=3).date}
    )
    legacy = frame.assign(name=["x", None, "z"], n=[0.0, 1.0, 2.0])
    candidate = frame.assign(name=["x", "y", "z"], n=[np.nan, 1.0, 2.0])
    wanted = fields(["name", "n"], types={"name": "text"})
    found = explained(legacy, candidate, of=dataset(Kind.TABLE, "date"), wanted=wanted)
    assert {(one.cause, one.evidence["null_side"]) for one in found} == {
        ("null_mismatch", "legacy"), ("null_mismatch", "candidate"),
    }  # fmt: skip
    zero = legacy.assign(name=candidate["name"]), candidate.assign(n=[7.0, 1.0, 2.0])
    assert only(explained(*zero, of=dataset(Kind.TABLE, "date"), wanted=wanted)).cause == (
        "unexplained"
    )
