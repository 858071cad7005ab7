"""The market as of a moment: adjustments, the running session, and hourly bars."""

from __future__ import annotations

import csv
import gzip
from datetime import date, datetime, time, timedelta
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.demo.bars import EXCHANGE_TZ, Bar
from parity.demo.hourly import clock_hour_bars, hourly_bars, running_bar
from parity.demo.market import (
    SYMBOLS,
    adjusted_close,
    daily_bars,
    dividends_as_of,
    history,
    intraday_bars,
    is_listed,
    session_hours,
    splits_as_of,
)
from parity.model.errors import UsageError


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=EXCHANGE_TZ)


END = at("2013-03-01T20:00")

any_day = st.sampled_from(SYMBOLS).flatmap(
    lambda symbol: st.sampled_from(history(symbol).bars).map(lambda day: (symbol, day))
)


def bar_of(symbol: str, session: str, as_of: datetime, *, split_adjusted: bool = True) -> Bar:
    bars = daily_bars(symbol, as_of, split_adjusted=split_adjusted)
    (found,) = [bar for bar in bars if bar.session == date.fromisoformat(session)]
    return found


def joined(bars: tuple[Bar, ...]) -> tuple[float, float, float, float, int]:
    return (
        bars[0].open,
        max(bar.high for bar in bars),
        min(bar.low for bar in bars),
        bars[-1].close,
        sum(bar.volume for bar in bars),
    )


@pytest.mark.parametrize(
    ("as_of", "prices", "volume"),
    [
        ("2005-02-25T20:00", (89.62, 89.91, 88.19, 88.99), 16_348_400),
        ("2005-02-27T23:59:59", (89.62, 89.91, 88.19, 88.99), 16_348_400),
        ("2005-02-28T00:00", (44.81, 44.955, 44.095, 44.495), 32_696_800),
        ("2005-02-28T20:00", (44.81, 44.955, 44.095, 44.495), 32_696_800),
    ],
)
def test_a_split_adjusts_history_from_midnight_of_its_date(
    as_of: str, prices: tuple[float, ...], volume: int
) -> None:
    bar = bar_of("AAPL", "2005-02-25", at(as_of))

    assert (bar.open, bar.high, bar.low, bar.close) == prices
    assert bar.volume == volume


def test_two_splits_multiply_and_raw_bars_stay_raw() -> None:
    # 2000-03-01: close 130.31, volume 9,616,100; two 2:1 splits since.
    adjusted = bar_of("AAPL", "2000-03-01", END)
    raw = bar_of("AAPL", "2000-03-01", END, split_adjusted=False)

    assert (adjusted.close, adjusted.volume) == (130.31 / 4, 38_464_400)
    assert (raw.close, raw.volume) == (130.31, 9_616_100)


def test_the_day_of_the_split_is_not_adjusted_by_it() -> None:
    assert bar_of("AAPL", "2005-02-28", at("2005-02-28T20:00")).close == 44.86


def test_a_dividend_adjusts_earlier_closes_from_its_date_on() -> None:
    # MSFT went ex 3.08 on 2004-11-15 (close 27.39); its close of 2004-11-12 was 29.97.
    friday = bar_of("MSFT", "2004-11-12", at("2004-11-14T23:59"))

    assert friday.close == 29.97
    assert adjusted_close("MSFT", friday, at("2004-11-14T23:59")) == 29.97
    expected = 29.97 * 27.39 / (27.39 + 3.08)
    assert adjusted_close("MSFT", friday, at("2004-11-15T00:00")) == pytest.approx(expected)


def test_the_dividends_are_those_that_were_paid() -> None:
    paid = {symbol: dividends_as_of(symbol, END) for symbol in SYMBOLS}

    assert {symbol: len(of) for symbol, of in paid.items()} == {
        "AAPL": 3,
        "GOOG": 0,
        "IBM": 52,
        "MSFT": 37,
    }
    assert [(of.ex_date.isoformat(), of.amount) for of in paid["AAPL"]] == [
        ("2012-08-09", 2.65),
        ("2012-11-07", 2.65),
        ("2013-02-07", 2.65),
    ]
    assert [of.amount for of in paid["MSFT"] if of.ex_date == date(2004, 11, 15)] == [3.08]


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_as_of_the_end_all_closes_are_the_data_sets_own_adjusted_closes(symbol: str) -> None:
    packed = files("bokeh_sampledata").joinpath("_data", "stocks.csv.gz").read_bytes()
    rows = csv.DictReader(gzip.decompress(packed).decode().splitlines())
    theirs = [row for row in rows if row["Ticker"] == symbol]
    # Their base is later than their last row (the 7:1 split of 2014, for one): compare ratios.
    base = float(theirs[-1]["Adj Close"]) / float(theirs[-1]["Close"])

    ours = [adjusted_close(symbol, bar, END) for bar in daily_bars(symbol, END)]

    assert ours == pytest.approx([float(row["Adj Close"]) / base for row in theirs], rel=1e-11)


@settings(max_examples=40, deadline=None)
@given(
    symbol=st.sampled_from(SYMBOLS),
    minutes=st.integers(0, 14 * 365 * 24 * 60),
)
def test_nothing_of_the_future_is_shown(symbol: str, minutes: int) -> None:
    moment = at("2000-01-01T00:00") + timedelta(minutes=minutes)
    today = moment.date()

    bars = daily_bars(symbol, moment)

    assert all(bar.start < moment and bar.end <= max(moment, bar.start) for bar in bars)
    begun = [bar.session for bar in history(symbol).bars if bar.start < moment]
    assert [bar.session for bar in bars] == begun
    assert all(split.ex_date <= today for split in splits_as_of(symbol, moment))
    assert all(paid.ex_date <= today for paid in dividends_as_of(symbol, moment))


@settings(max_examples=200, deadline=None)
@given(picked=any_day)
def test_hourly_bars_add_up_to_their_day(picked: tuple[str, Bar]) -> None:
    symbol, day = picked
    hours = session_hours()[day.session]
    whole = (day.open, day.high, day.low, day.close, day.volume)

    bars = hourly_bars(symbol, day, hours, END)

    assert joined(bars) == whole
    assert joined(clock_hour_bars(symbol, day, hours, END)) == whole
    assert all(bar.low <= min(bar.open, bar.close) for bar in bars)
    assert all(bar.high >= max(bar.open, bar.close) for bar in bars)
    assert all(bar.volume > 0 for bar in bars)


@settings(max_examples=100, deadline=None)
@given(picked=any_day, shares=st.tuples(st.floats(0.001, 1), st.floats(0.001, 1)))
def test_the_running_session_grows_and_is_the_sum_of_its_hours(
    picked: tuple[str, Bar], shares: tuple[float, float]
) -> None:
    symbol, day = picked
    hours = session_hours()[day.session]
    length = hours.close - hours.open
    earlier, later = sorted(hours.open + length * share for share in shares)

    before = running_bar(symbol, day, hours, earlier)
    after = running_bar(symbol, day, hours, later)

    assert before is not None
    assert after is not None
    assert day.low <= after.low <= before.low <= before.high <= after.high <= day.high
    assert before.volume <= after.volume <= day.volume
    assert joined(hourly_bars(symbol, day, hours, later)) == joined((after,))


def test_a_session_is_absent_until_its_open_partial_until_its_close_then_whole() -> None:
    def last(moment: str) -> Bar:
        return daily_bars("AAPL", at(f"2005-02-28T{moment}"))[-1]

    assert last("09:30").session == date(2005, 2, 25)
    noon = last("12:00")
    assert (noon.session, noon.open) == (date(2005, 2, 28), 44.68)
    assert 0 < noon.volume < 11_635_900
    assert last("15:59:59").volume < 11_635_900
    whole = last("16:00")
    assert (whole.high, whole.low, whole.close, whole.volume) == (45.14, 43.96, 44.86, 11_635_900)


def test_an_early_close_ends_the_session_at_one() -> None:
    # The day after Thanksgiving.
    running = daily_bars("MSFT", at("2004-11-26T12:59"))[-1]
    whole = daily_bars("MSFT", at("2004-11-26T13:00"))[-1]

    assert running.session == whole.session == date(2004, 11, 26)
    assert running.volume < 24_398_700
    assert (whole.open, whole.high, whole.low, whole.close) == (26.57, 26.82, 26.55, 26.60)
    assert whole.volume == 24_398_700
    bars = intraday_bars("MSFT", at("2004-11-28T00:00"), since=date(2004, 11, 26))
    assert [bar.start.time() for bar in bars] == [time(hour, 30) for hour in (9, 10, 11, 12)]
    assert bars[-1].end.time() == time(13, 0)


def test_a_whole_session_has_seven_hourly_bars_the_last_of_half_an_hour() -> None:
    bars = intraday_bars("IBM", at("2005-02-25T16:00"), since=date(2005, 2, 25))

    assert [bar.start.time() for bar in bars] == [time(hour, 30) for hour in range(9, 16)]
    assert bars[-1].end - bars[-1].start == timedelta(minutes=30)


def test_clock_hours_start_on_the_hour() -> None:
    bars = intraday_bars("IBM", at("2005-02-25T12:15"), since=date(2005, 2, 25), clock_hours=True)

    assert [bar.start.time() for bar in bars] == [time(hour) for hour in (9, 10, 11, 12)]
    assert bars[-1].end == at("2005-02-25T12:15")


def test_hourly_bars_before_a_split_are_adjusted_with_their_day() -> None:
    bars = intraday_bars("AAPL", at("2005-02-28T08:00"), since=date(2005, 2, 25))

    assert joined(bars) == (44.81, 44.955, 44.095, 44.495, 32_696_800)


def test_a_symbol_is_listed_from_its_first_session() -> None:
    assert not is_listed("GOOG", at("2004-08-19T09:30"))
    assert is_listed("GOOG", at("2004-08-19T09:31"))
    assert not is_listed("ENRN", at("2004-08-19T09:31"))


def test_a_moment_without_a_time_zone_and_an_unknown_symbol_are_refused() -> None:
    with pytest.raises(UsageError, match="time zone"):
        daily_bars("AAPL", datetime(2005, 2, 28))  # noqa: DTZ001 - the point of the test
    with pytest.raises(UsageError, match="ENRN"):
        daily_bars("ENRN", at("2005-02-28T00:00"))
