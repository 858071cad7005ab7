"""Bars that were taken before their session was over."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from parity.causes import Field
from parity.demo.market import daily_bars
from tests.causes.toy import BARS, NEW_YORK, fields
from tests.causes.values_toy import PRICES, Frame, explained, only, other, real_bars


def at(symbol: str, session: date, hour: int) -> dict[str, float]:
    """The running bar of a session at an hour, as the vendor replay serves it."""
    moment = datetime.combine(session, datetime.min.time(), NEW_YORK) + timedelta(hours=hour)
    bar = daily_bars(symbol, moment)[-1]
    assert bar.session == session
    values = {name: round(float(getattr(bar, name)), 4) for name in PRICES}
    return {**values, "volume": float(bar.volume)}


def unfinished(bars: Frame, rows: list[int], hour: int) -> Frame:
    out = bars.copy()
    for row in rows:
        session = bars.loc[row, "timestamp"].date()
        for name, value in at(bars.loc[row, "symbol"], session, hour).items():
            out.loc[row, name] = value
    return out


@pytest.mark.parametrize("faulty", ["legacy", "candidate"])
@pytest.mark.parametrize("hour", [10, 11, 12])
def test_the_last_bar_of_a_load(faulty: str, hour: int) -> None:
    bars = real_bars(["IBM"])
    last = len(bars) - 1
    legacy = unfinished(bars, [last], hour)
    found = only(explained(legacy, bars, faulty))
    assert (found.cause, found.rows, found.evidence["side"]) == ("partial_bar", 1, faulty)
    share = legacy.loc[last, "volume"] / bars.loc[last, "volume"]
    assert found.evidence["volume_share"] == pytest.approx(share, abs=1e-4)
    assert found.evidence["undo"] == f"complete {faulty}'s bar to {other(faulty)}'s"


def test_a_few_here_and_there_but_no_long_run() -> None:
    bars = real_bars(["IBM"])
    scattered = only(explained(unfinished(bars, [5, 6, 7, 30, 50, 51], 12), bars))
    assert (scattered.cause, scattered.rows) == ("partial_bar", 6)
    run = explained(unfinished(bars, [5, 6, 7, 8, 50], 12), bars)
    assert [(one.cause, one.rows) for one in run] == [("unexplained", 4), ("partial_bar", 1)]


@pytest.mark.parametrize(
    "change",
    [
        {"volume": 0.5},  # the price did not move
        {"close": 0.99},  # the volume did not
        {"volume": 0.99, "close": 0.999},
        {"volume": 0.5, "open": 1.001, "close": 0.999},
        {"volume": 0.5, "high": 1.01},
        {"volume": 0.5, "low": 0.99},
    ],
)
def test_what_is_none(change: dict[str, float]) -> None:
    bars = real_bars(["IBM"])
    legacy = bars.copy()
    for name, factor in change.items():
        legacy.loc[9, name] = round(legacy.loc[9, name] * factor, 4)
    assert only(explained(legacy, bars)).cause == "unexplained"


def test_columns_that_were_swapped_are_no_bar() -> None:
    bars = real_bars(["IBM"])
    legacy = bars.copy()
    legacy.loc[9, ["low", "volume"]] = bars.loc[9, ["volume", "low"]].to_numpy()
    assert only(explained(legacy, bars)).cause == "unexplained"


KINDS = {"trades": "bigint", "vwap": "numeric(15,4)", "exchange": "text"}


def wider(bars: Frame) -> tuple[Frame, tuple[Field, ...]]:
    """Bars with more columns than prices and volume."""
    more = bars.assign(trades=1010.0, vwap=95.5, exchange="NYSE")
    return more, fields([*BARS, *KINDS], types=KINDS)


@pytest.mark.parametrize("row", [9, -1])
@pytest.mark.parametrize(
    ("column", "value", "cause"),
    [
        ("trades", 999_999_999.0, "unexplained"),
        ("trades", 1011.0, "unexplained"),
        ("trades", 0.0, "unexplained"),
        ("trades", -5.0, "unexplained"),
        ("vwap", 95.4, "unexplained"),
        ("exchange", "ARCA", "unexplained"),
        ("trades", 1010.0, "partial_bar"),
        ("trades", 500.0, "partial_bar"),
    ],
)
def test_other_columns_are_equal_or_counts_so_far(
    row: int, column: str, value: object, cause: str
) -> None:
    bars, wanted = wider(real_bars(["IBM"]))
    place = bars.index[row]
    legacy = unfinished(bars, [place], 12)
    legacy.loc[place, column] = value
    assert only(explained(legacy, bars, wanted=wanted)).cause == cause


def test_a_bar_without_volume_is_none() -> None:
    bars = real_bars(["IBM"])
    legacy = unfinished(bars, [9], 12)
    legacy.loc[9, "volume"] = 0.0
    assert only(explained(legacy, bars)).cause == "unexplained"


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"volume": 0.98, "high": 0.999}, "partial_bar"),  # the range alone is smaller
        ({"volume": 0.985, "high": 0.999}, "unexplained"),
        ({"volume": 0.5}, "unexplained"),
        ({"volume": 0.5, "high": 1.0001}, "unexplained"),
    ],
)
def test_amid_history_a_bar_that_was_never_fetched_again(
    change: dict[str, float], cause: str
) -> None:
    bars = real_bars(["IBM"])
    # A session that went up and did not close at its high.
    bars.loc[9, [*PRICES, "volume"]] = [90.0, 92.0, 89.0, 91.0, 1_000_000.0]
    legacy = bars.copy()
    for name, factor in change.items():
        legacy.loc[9, name] = round(legacy.loc[9, name] * factor, 4)
    assert only(explained(legacy, bars)).cause == cause


def test_sessions_in_a_row_are_counted_by_their_own_date() -> None:
    bars = real_bars(["IBM"])
    # 2004-09-09, a Thursday, to 2004-09-14: by New York's clock midnight UTC is a day earlier.
    legacy = unfinished(bars, [5, 6, 7, 8], 12)
    for frame in (bars, legacy):
        frame["timestamp"] = frame["timestamp"].dt.tz_localize(None).dt.tz_localize("UTC")
    assert str(bars.loc[5, "timestamp"].date()) == "2004-09-09"
    found = only(explained(legacy, bars))
    assert (found.cause, found.rows) == ("unexplained", 4)
