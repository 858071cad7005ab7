"""Rows at times when the exchange was closed."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from parity.model.suite import Kind
from parity.model.verdict import Side
from tests.causes.moved import by_cause, hourly, sides
from tests.causes.toy import NEW_YORK, compared, dataset, incidents, real_bars


def _added(good: pd.DataFrame, moments: list[str]) -> pd.DataFrame:
    """A frame with more rows of IBM, whose values no other row has."""
    more = good[good["symbol"] == "IBM"].iloc[: len(moments)].copy()
    stamps = [pd.Timestamp(one, tz=NEW_YORK).tz_convert(good["timestamp"].dt.tz) for one in moments]
    more["timestamp"] = stamps
    more[["open", "high", "low", "close"]] *= 1.0471
    return pd.concat([good, more], ignore_index=True)


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("kind", [Kind.BARS, Kind.INDICATORS])
@pytest.mark.parametrize(
    "days",
    [["2005-01-15"], ["2005-01-15", "2005-01-16", "2005-01-17"], ["2004-11-25"]],
    ids=["a Saturday", "a long weekend", "Thanksgiving"],
)
def test_days_that_are_no_session(side: Side, kind: Kind, days: list[str]) -> None:
    good = real_bars(["AAPL", "IBM"])
    (found,) = incidents(*compared(*sides(side, _added(good, days), good), of=dataset(kind)))
    assert (found.cause, found.rows, found.scope.symbols) == ("off_calendar", len(days), ("IBM",))
    assert (found.evidence["reason"], found.evidence["side"]) == ("no session", side.value)


def test_daily_bars_stamped_midnight_are_never_outside_the_hours() -> None:
    good = real_bars(["AAPL", "IBM"])
    for zone in ("UTC", "America/New_York"):
        frame = good.assign(timestamp=good["timestamp"].dt.tz_localize(None).dt.tz_localize(zone))
        found = incidents(*compared(frame.drop(index=[30, 200]), frame))
        assert by_cause(found) == {"missing_session": 2}


@pytest.mark.parametrize(
    ("moment", "cause"),
    [
        ("2005-04-05 16:00", "off_calendar"),
        ("2005-04-05 19:30", "off_calendar"),
        ("2005-04-05 08:45", "off_calendar"),
        ("2005-04-05 09:00", "unexplained"),  # the clock hour of the opening
        ("2005-04-05 15:45", "unexplained"),
        ("2005-04-09 12:30", "off_calendar"),  # a Saturday
    ],
)
def test_bars_outside_the_hours(moment: str, cause: str) -> None:
    good = hourly()
    (found,) = incidents(*compared(good, _added(good, [moment])))
    assert (found.cause, found.rows) == (cause, 1)


def test_the_early_close_of_the_day_counts() -> None:
    good = hourly(first=date(2004, 11, 22), last=date(2004, 12, 3))
    # 2004-11-26 closed at 13:00.
    (found,) = incidents(*compared(_added(good, ["2004-11-26 13:30"]), good))
    assert (found.cause, found.evidence["reason"]) == ("off_calendar", "outside hours")


def test_a_missing_bar_of_extended_hours_is_not_off_calendar() -> None:
    good = hourly()
    evening = good[good["timestamp"].dt.tz_convert(NEW_YORK).dt.hour == 15].copy()
    evening["timestamp"] += pd.Timedelta(hours=1)
    evening[["open", "high", "low", "close"]] *= 1.01
    both = pd.concat([good, evening], ignore_index=True)
    found = incidents(*compared(both.drop(index=both.index[-5]), both))
    assert by_cause(found) == {"unexplained": 1}
