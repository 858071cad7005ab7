"""Bars that were taken before their session was over."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from parity.demo.market import daily_bars
from tests.causes.toy import NEW_YORK
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
