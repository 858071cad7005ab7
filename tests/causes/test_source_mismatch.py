"""Rows with another series' values."""

from __future__ import annotations

import pandas as pd
import pytest

from parity.causes import Series
from parity.model.verdict import Side
from tests.causes.toy import fields, rows_of
from tests.causes.values_toy import PRICES, Frame, explained, only, real_bars

SYMBOLS = ["AAPL", "IBM"]


def vendor(bars: Frame) -> Frame:
    """Another vendor's bars: a few cents and some volume off, differently every day."""
    out = bars.copy()
    step = pd.Series(range(len(bars)), bars.index)
    out["close"] = (out["close"] + 0.01 * (1 + step % 7)).round(4)
    out["volume"] += 100 * (1 + step % 5)
    return out


def series(frame: Frame, name: str = "yahoo_bars") -> Series:
    return Series(name, dict.fromkeys(Side, rows_of(frame, SYMBOLS, fields(), "timestamp")))


@pytest.mark.parametrize("faulty", ["legacy", "candidate"])
@pytest.mark.parametrize("rows", [[3], [3, 4, 5], list(range(20, 60))])
def test_rows_of_the_other_vendor(faulty: str, rows: list[int]) -> None:
    bars = real_bars(SYMBOLS)
    theirs = vendor(bars)
    legacy = bars.copy()
    legacy.loc[rows] = theirs.loc[rows]
    found = only(explained(legacy, bars, faulty, other_series=[series(theirs)]))
    assert (found.cause, found.rows, found.scope.symbols) == (
        "source_mismatch", len(rows), ("AAPL",),
    )  # fmt: skip
    assert (found.evidence["series"], found.evidence["side"]) == ("yahoo_bars", faulty)


def test_history_from_its_beginning_may_be_alike_for_another_reason() -> None:
    bars = real_bars(SYMBOLS)
    theirs = vendor(bars)
    legacy = bars.copy()
    mine = (bars["symbol"] == "AAPL") & (bars.index < 100)
    legacy.loc[mine] = theirs.loc[mine]
    found = only(explained(legacy, bars, other_series=[series(theirs)]))
    assert (found.cause, found.rows) == ("unexplained", int(mine.sum()))


def test_where_the_series_agree_equality_says_nothing() -> None:
    bars = real_bars(SYMBOLS)
    candidate = bars.copy()
    candidate.loc[9, "close"] *= 1.9173  # legacy's row equals the other vendor's, as all rows do
    found = only(explained(bars, candidate, other_series=[series(bars)]))
    assert found.cause == "unexplained"


def test_where_the_series_agree_around_the_row_either() -> None:
    bars = real_bars(SYMBOLS)
    theirs = vendor(bars)
    theirs.loc[5:12] = bars.loc[5:12]
    candidate = bars.copy()
    candidate.loc[[9], PRICES] *= [1.01, 1.02, 1.03, 1.04]
    found = only(explained(bars, candidate, other_series=[series(theirs)]))
    assert found.cause == "unexplained"


def test_a_whole_symbol_that_one_side_rounded_is_no_other_series() -> None:
    bars = real_bars(["IBM"])
    candidate = bars.copy()
    candidate[PRICES] = candidate[PRICES].round(0)
    theirs = Series("raw", dict.fromkeys(Side, rows_of(bars, ["IBM"], fields(), "timestamp")))
    found = only(explained(bars, candidate, other_series=[theirs]))
    assert found.cause == "rounding"


def test_one_column_of_the_other_series_is_not_its_row() -> None:
    bars = real_bars(SYMBOLS)
    theirs = vendor(bars)
    legacy = bars.copy()
    legacy.loc[9, "close"] = theirs.loc[9, "close"]
    found = only(explained(legacy, bars, other_series=[series(theirs)]))
    assert found.cause == "unexplained"
