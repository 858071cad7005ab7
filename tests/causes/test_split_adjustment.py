"""Splits that one side's prices are adjusted for."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from parity.model.suite import Kind
from tests.causes.toy import dataset, fields
from tests.causes.values_toy import PRICES, Frame, explained, only, other, real_bars

SIDES = ["legacy", "candidate"]


def multiplied(bars: Frame, rows: object, p: int, q: int, *, volume: bool = True) -> Frame:
    """Bars as before a split of p:q, stored with four decimals and whole volumes."""
    out = bars.copy()
    out.loc[rows, PRICES] = (out.loc[rows, PRICES] * p / q).round(4)
    if volume:
        out.loc[rows, "volume"] = (out.loc[rows, "volume"] * q / p).round()
    return out


@pytest.mark.parametrize("faulty", SIDES)
def test_the_real_split_of_2005(faulty: str) -> None:
    as_of = date(2005, 3, 31)
    raw = real_bars(["AAPL", "IBM"], last=as_of, split_adjusted=False)
    adjusted = real_bars(["AAPL", "IBM"], last=as_of)

    found = only(explained(raw, adjusted, faulty))

    # 123 sessions from 2004-09-01 to the last before the ex-date.
    assert (found.cause, found.rows, found.scope.symbols) == ("split_adjustment", 123, ("AAPL",))
    assert found.evidence["says"] == (
        f"AAPL before 2005-02-28: {faulty}'s prices are 2:1 of {other(faulty)}'s, volume 1:2"
    )
    assert found.evidence["undo"] == f"divide {faulty}'s prices by 2, multiply its volume by 2"
    parameters = {key: found.evidence[key] for key in ("ratio", "agrees_from", "volume", "side")}
    assert parameters == {
        "ratio": "2:1", "agrees_from": "2005-02-28", "volume": "inverse", "side": faulty,
    }  # fmt: skip


def test_two_splits_are_two_incidents() -> None:
    raw = real_bars(["AAPL"], date(2000, 4, 3), date(2005, 3, 31), split_adjusted=False)
    adjusted = real_bars(["AAPL"], date(2000, 4, 3), date(2005, 3, 31))

    found = explained(raw, adjusted)

    assert {(one.evidence["ratio"], one.evidence["agrees_from"]) for one in found} == {
        ("4:1", "2000-06-21"),
        ("2:1", "2005-02-28"),
    }


@pytest.mark.parametrize(
    ("p", "q"), [(3, 2), (20, 19), (11, 10), (7, 5), (10, 1), (50, 1), (100, 1), (20, 3)]
)
@pytest.mark.parametrize("faulty", SIDES)
def test_any_ratio_either_way(p: int, q: int, faulty: str) -> None:
    bars = real_bars(["AAPL", "IBM"])
    first = bars["symbol"].eq("IBM") & bars["timestamp"].lt("2004-12-01T00:00-05:00")

    more = only(explained(multiplied(bars, first, p, q), bars, faulty))
    less = only(explained(multiplied(bars, first, q, p), bars, faulty))

    assert (more.cause, more.rows) == ("split_adjustment", int(first.sum()))
    assert (more.evidence["ratio"], more.evidence["side"]) == (f"{p}:{q}", faulty)
    assert more.evidence["agrees_from"] == "2004-12-01"
    # The larger prices are the multiple, on whichever side.
    assert (less.cause, less.rows) == ("split_adjustment", int(first.sum()))
    assert (less.evidence["ratio"], less.evidence["side"]) == (f"{p}:{q}", other(faulty))


def test_one_bar_is_enough_with_inverse_volume_and_no_ex_date_at_the_end() -> None:
    bars = real_bars(["IBM"])
    found = only(explained(multiplied(bars, [len(bars) - 1], 2, 1), bars))
    assert (found.cause, found.rows, found.evidence["agrees_from"]) == ("split_adjustment", 1, None)
    assert "from 2005-02-25 to 2005-02-25" in found.evidence["says"]


def test_equal_volume_needs_three_rows_and_a_ratio_far_from_one() -> None:
    bars = real_bars(["IBM"])
    three = only(explained(multiplied(bars, [4, 5, 6], 2, 1, volume=False), bars))
    assert (three.cause, three.rows, three.evidence["volume"]) == ("split_adjustment", 3, "equal")

    two = only(explained(multiplied(bars, [4, 5], 2, 1, volume=False), bars))
    ten = only(explained(multiplied(bars, [4, 5, 6], 10, 1, volume=False), bars))
    near = only(explained(multiplied(bars, [4, 5, 6], 11, 10, volume=False), bars))
    start = only(explained(multiplied(bars, range(7), 11, 10, volume=False), bars))
    assert (two.cause, ten.cause) == ("unexplained", "unit_scale")
    assert (near.cause, start.cause) == ("unexplained", "dividend_adjustment")


def test_daily_rows_stamped_midnight_utc_have_their_own_date() -> None:
    as_of = date(2005, 3, 31)
    raw = real_bars(["AAPL"], last=as_of, split_adjusted=False)
    adjusted = real_bars(["AAPL"], last=as_of)
    for bars in (raw, adjusted):
        bars["timestamp"] = bars["timestamp"].dt.tz_localize(None).dt.tz_localize("UTC")
    found = only(explained(raw, adjusted))
    assert (found.cause, found.evidence["agrees_from"]) == ("split_adjustment", "2005-02-28")


def test_prices_rounded_by_the_stored_type_still_match() -> None:
    bars = real_bars(["IBM"])
    other_side = bars.copy()
    other_side[PRICES] = (other_side[PRICES] / 3).round(2)
    other_side["volume"] = (other_side["volume"] * 3).round()
    kinds = dict.fromkeys(PRICES, "numeric(15,2)")
    found = only(explained(bars, other_side, wanted=fields(types=kinds)))
    assert (found.cause, found.rows, found.evidence["ratio"]) == (
        "split_adjustment", len(bars), "3:1",
    )  # fmt: skip


def test_a_row_that_is_edited_too_is_left_and_does_not_hide_the_rest() -> None:
    bars = real_bars(["IBM"])
    legacy = multiplied(bars, range(20), 2, 1)
    legacy.loc[7, "close"] *= 1.0371
    unproved, split = explained(legacy, bars)
    assert (split.cause, split.rows) == ("split_adjustment", 19)
    assert (unproved.cause, unproved.rows) == ("unexplained", 1)
    assert "split_adjustment comes nearest but leaves close" in unproved.evidence["why_not"]


@pytest.mark.parametrize(
    "names", [["close"], ["open", "close"], [*PRICES[:3], "volume"], ["volume"]]
)
def test_some_columns_alone_are_no_split(names: list[str]) -> None:
    bars = real_bars(["IBM"])
    legacy = bars.copy()
    factor = np.where(np.array(names) == "volume", 0.5, 2)
    legacy.loc[10:11, names] = (legacy.loc[10:11, names] * factor).round(4)
    assert only(explained(legacy, bars)).cause == "unexplained"


def test_bars_without_a_volume() -> None:
    bars = real_bars(["IBM"]).drop(columns="volume")
    legacy = bars.copy()
    legacy.loc[:9, PRICES] *= 2
    wanted = fields(PRICES)
    found = only(explained(legacy, bars, wanted=wanted, of=dataset(Kind.BARS)))
    assert (found.cause, found.rows, found.evidence["volume"]) == ("split_adjustment", 10, None)
