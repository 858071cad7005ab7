"""What must hold for bars before they are stored, whoever sent them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from parity.demo.market import SYMBOLS, history
from prefect_flows.bars import NEW_YORK, Bar, Window
from prefect_flows.errors import PassingError
from prefect_flows.vendors.validation import check_bars, check_not_empty, note_missing
from tests.flows.test_vendors import ny

EVE = datetime(2005, 2, 25, 20, tzinfo=NEW_YORK)
MONTH, WEEK = Window.days(30, EVE), Window.days(7, EVE)


def bar(moment: str, *, low: str = "9", high: str = "11", close: str = "10") -> Bar:
    opening, volume = Decimal(10), 100
    return Bar(ny(moment), opening, Decimal(high), Decimal(low), Decimal(close), volume)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_real_bars_pass(symbol: str) -> None:
    real = history(symbol).bars
    bars = [
        Bar(
            timestamp=ny(day.session.isoformat()),
            open=Decimal(str(day.open)),
            high=Decimal(str(day.high)),
            low=Decimal(str(day.low)),
            close=Decimal(str(day.close)),
            volume=day.volume,
        )
        for day in real
    ]
    window = Window(bars[0].timestamp, bars[-1].timestamp + timedelta(days=1))

    check_bars(symbol, bars, window, daily=True)
    assert note_missing([day.session for day in real], window) == ""


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (bar("2005-02-24", close="11.0003"), "has close 11.0003 outside of low 9 and high 11"),
        (bar("2005-02-24", low="10.0003"), "has open 10 outside of low 10.0003 and high 11"),
        (bar("2005-02-24", low="0"), "has low 0"),
        (replace(bar("2005-02-24"), volume=-1), "has volume -1"),
        (bar("2005-02-24T05:00"), "does not stand at midnight in New York"),
        (bar("2005-02-21"), "lies on a day without a session"),
        (bar("2005-02-28"), "lies after the end of what was asked for, 2005-02-25 20:00"),
        (bar("2005-02-18"), "comes twice"),
        (bar("2005-02-17"), "comes after 2005-02-18"),
    ],
)
def test_the_first_wrong_bar_is_named(wrong: Bar, reason: str) -> None:
    with pytest.raises(PassingError, match=f"AAPL: the bar of 2005-02-.* {reason}$"):
        check_bars("AAPL", [bar("2005-02-18"), wrong], MONTH, daily=True)


def test_a_vendor_may_round_by_two_units_of_the_last_place_or_a_hundred_thousandth() -> None:
    dear = replace(
        bar("2005-02-24"), high=Decimal("100001"), low=Decimal("99999"), open=Decimal("100002")
    )

    check_bars("AAPL", [bar("2005-02-22", close="11.0002")], MONTH, daily=True)
    check_bars("AAPL", [replace(dear, close=Decimal(100000))], MONTH, daily=True)


@pytest.mark.parametrize("moment", ["2005-02-25T09:00", "2005-02-25T16:30", "2005-02-25T08:30"])
def test_an_hourly_bar_begins_on_an_hour_of_the_session(moment: str) -> None:
    check_bars("AAPL", [bar("2005-02-25T15:30")], WEEK, daily=False)

    with pytest.raises(PassingError, match=r"hour of the session \(09:30 to 16:00\)"):
        check_bars("AAPL", [bar(moment)], WEEK, daily=False)


def test_days_that_the_calendar_does_not_know_are_taken_as_they_are() -> None:
    old = Window(ny("1962-01-01"), ny("1962-01-08"))

    check_bars("IBM", [bar("1962-01-06")], old, daily=True)
    check_not_empty("IBM", old)
    assert note_missing([date(1962, 1, 2)], old) == ""


def test_an_empty_answer_is_right_where_no_session_is_over() -> None:
    check_not_empty("AAPL", Window(ny("2005-02-19"), ny("2005-02-22T15:59")))

    with pytest.raises(PassingError, match="no bars in 4 days, though 2005-02-22 had a session"):
        check_not_empty("AAPL", Window(ny("2005-02-19"), ny("2005-02-22T16:00")))


def test_many_missing_sessions_are_counted() -> None:
    said = note_missing([date(2005, 2, 14)], MONTH)

    # The 15th to the 25th without the weekend and Presidents' Day: eight.
    assert said == "no bar for 2005-02-15, 2005-02-16, 2005-02-17 and 5 more"
