"""Timestamps read by another zone's clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.causes.days import localized, offsets
from parity.model.verdict import Side
from tests.causes.moved import by_cause, edited, hourly, reordered, reread, sides
from tests.causes.toy import NEW_YORK, compared, incidents, real_bars

OLD, NEW = (datetime(year, 1, 1, tzinfo=UTC).replace(tzinfo=None) for year in (1990, 2030))
OVER_DST = "-5 h, -4 h from 2005-04-03"


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("clock_hours", [False, True])
def test_new_york_clock_as_utc_over_the_change_of_clocks(side: Side, clock_hours: bool) -> None:
    good = hourly(clock_hours=clock_hours)
    faulty = good.assign(timestamp=reread(good["timestamp"], "America/New_York", "UTC"))
    differences, context = compared(*sides(side, faulty, good))

    found = incidents(differences, context)

    assert {one.scope.symbols for one in found} == {("AAPL",), ("IBM",)}
    for one in found:
        assert (one.cause, one.proved, one.rows) == ("timezone_shift", True, len(differences) // 2)
        assert one.evidence["offset"] == OVER_DST
        assert one.evidence["zones"] == {"clock": "America/New_York", "read_as": "UTC"}
        assert one.evidence["side"] == side.value
        assert "to" not in one.evidence
        assert one.evidence["from"] == "2005-03-21"


@pytest.mark.parametrize(
    ("of", "as_if", "offset"),
    [
        ("UTC", "America/Chicago", "+6 h, +5 h from 2005-04-03"),
        ("Europe/Berlin", "America/New_York", "+6 h, +7 h from 2005-03-27, +6 h from 2005-04-03"),
        ("Asia/Tokyo", "America/New_York", "+14 h, +13 h from 2005-04-03"),
        (
            "America/Los_Angeles",
            "Europe/Berlin",
            "-9 h, -10 h from 2005-03-27, -9 h from 2005-04-03",
        ),
    ],
)
def test_pairs_of_zones(of: str, as_if: str, offset: str) -> None:
    good = hourly()
    faulty = good.assign(timestamp=reread(good["timestamp"], of, as_if))
    differences, context = compared(good, faulty)
    found = incidents(differences, context)
    assert by_cause(found) == {"timezone_shift": len(differences)}
    assert {one.evidence["offset"] for one in found} == {offset}
    assert {tuple(one.evidence["zones"].values()) for one in found} == {(of, as_if)}


@pytest.mark.parametrize("minutes", [-840, -300, -45, 15, 120, 330, 840])
def test_constant_offsets_are_no_zones(minutes: int) -> None:
    good = hourly()
    faulty = good.assign(timestamp=good["timestamp"] + pd.Timedelta(minutes=minutes))
    differences, context = compared(faulty, good)
    found = incidents(differences, context)
    assert by_cause(found) == {"timezone_shift": len(differences)}
    hours, rest = divmod(abs(minutes), 60)
    text = " ".join(([f"{hours} h"] if hours else []) + ([f"{rest} min"] if rest else []))
    assert {one.evidence["offset"] for one in found} == {("-" if minutes < 0 else "+") + text}
    assert all("zones" not in one.evidence for one in found)


@pytest.mark.parametrize("side", list(Side))
def test_daily_bars_stamped_midnight_utc(side: Side) -> None:
    good = real_bars(["AAPL", "IBM"], last=date(2005, 4, 29))
    faulty = good.assign(timestamp=reread(good["timestamp"], "America/New_York", "UTC"))
    differences, context = compared(*sides(side, faulty, good))
    found = incidents(differences, context)
    assert by_cause(found) == {"timezone_shift": len(differences)}
    for one in found:
        assert one.evidence["offset"] == "-4 h, -5 h from 2004-10-31, -4 h from 2005-04-03"
        assert one.evidence["side"] == side.value


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("day", ["2005-03-30", "2005-04-07", "2005-04-14"])
def test_since_a_day(side: Side, day: str) -> None:
    good = hourly()
    late = good["timestamp"] >= pd.Timestamp(day, tz="UTC")
    moved = reread(good["timestamp"], "America/New_York", "UTC")
    faulty = good.assign(timestamp=good["timestamp"].where(~late, moved))
    differences, context = compared(*sides(side, faulty, good))
    found = incidents(differences, context)
    assert by_cause(found) == {"timezone_shift": len(differences)}
    for one in found:
        assert (one.evidence["from"], one.evidence["side"]) == (day, side.value)
        assert f"from {day} on" in one.evidence["says"]
        assert one.evidence["zones"]["read_as"] == "UTC"


def test_some_days_only() -> None:
    good = hourly()
    start, end = (pd.Timestamp(day, tz="UTC") for day in ("2005-03-30", "2005-04-01"))
    moved = good["timestamp"] + pd.Timedelta(hours=2)
    inside = (good["timestamp"] >= start) & (good["timestamp"] < end)
    faulty = good.assign(timestamp=good["timestamp"].where(~inside, moved))
    differences, context = compared(faulty, good)
    found = incidents(differences, context)
    assert by_cause(found) == {"timezone_shift": len(differences)}
    assert {(one.evidence["from"], one.evidence["to"]) for one in found} == {
        ("2005-03-30", "2005-03-31")
    }


def test_rows_that_run_beyond_what_a_side_keeps() -> None:
    good = hourly()
    faulty = good.assign(timestamp=good["timestamp"] + pd.Timedelta(hours=5))
    last = good["timestamp"].max()  # later rows are not settled yet
    differences, context = compared(faulty[faulty["timestamp"] <= last], good)
    # Legacy's last two rows are the day's first two bars; the three bars of noon are where it has
    # no row, and whether it will have them nobody knows. Later bars sit where it has those two.
    assert by_cause(incidents(differences, context)) == {
        "timezone_shift": len(differences) - 6,
        "unexplained": 6,
    }


def test_an_edited_value_among_moved_rows_stays_unexplained() -> None:
    good = hourly()
    faulty = good.assign(timestamp=reread(good["timestamp"], "America/New_York", "UTC"))
    faulty = edited(faulty, [20], "close", lambda one: one * 1.9173)
    differences, context = compared(faulty, good)
    found = incidents(differences, context)
    # The edited row sits on one key, and the row that it should be on another.
    assert by_cause(found) == {"timezone_shift": len(differences) - 2, "unexplained": 2}


def _minute(frame: pd.DataFrame) -> pd.DataFrame:
    return edited(frame, [30], "timestamp", lambda one: one + pd.Timedelta(minutes=17))


def _two(frame: pd.DataFrame) -> pd.DataFrame:
    return edited(frame, [30, 60], "timestamp", lambda one: one + pd.Timedelta(minutes=30))


def _swapped(frame: pd.DataFrame) -> pd.DataFrame:
    return reordered(frame, [50, 51], [51, 50])


def _mixed(frame: pd.DataFrame) -> pd.DataFrame:
    return reordered(frame, range(50, 55), [54, 50, 53, 51, 52])


def _elsewhere(frame: pd.DataFrame) -> pd.DataFrame:
    more = frame.loc[[60]].assign(close=1.0)
    more["timestamp"] += pd.Timedelta(minutes=31)
    return pd.concat([frame.drop(index=40), more], ignore_index=True)


@pytest.mark.parametrize("edit", [_minute, _two, _swapped, _mixed, _elsewhere])
@pytest.mark.parametrize("bars", [hourly, real_bars])
@pytest.mark.parametrize("side", list(Side))
def test_unrelated_edits_are_no_shift(
    edit: Callable[[pd.DataFrame], pd.DataFrame], bars: Callable[[], pd.DataFrame], side: Side
) -> None:
    good = bars()
    faulty = edit(good)
    causes = by_cause(incidents(*compared(*sides(side, faulty, good))))
    assert set(causes) <= {"unexplained", "missing_session"}


def test_a_dead_series_tells_nothing() -> None:
    """Rows that are all alike pair under any move: what is left is that some are missing."""
    good = hourly(["AAPL"]).assign(open=5.0, high=5.0, low=5.0, close=5.0, volume=100.0)
    causes = by_cause(incidents(*compared(good.iloc[:-10], good.iloc[12:])))
    assert causes == {"late_edge": 22}


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(["America/New_York", "Europe/London", "Asia/Tokyo", "UTC", "Asia/Kolkata"]),
    st.lists(st.datetimes(OLD, NEW), min_size=1, max_size=20),
)
def test_clocks_as_the_standard_library_reads_them(zone: str, moments: list[datetime]) -> None:
    start = datetime(1970, 1, 1, tzinfo=UTC)
    time = np.array(
        [(one.replace(tzinfo=UTC) - start) // timedelta(microseconds=1) for one in moments]
    )
    ahead = offsets(ZoneInfo(zone), time)
    for one, found in zip(moments, ahead.tolist(), strict=True):
        local = one.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
        assert timedelta(microseconds=found) == local.utcoffset()
    back = localized(ZoneInfo(zone), time + ahead)
    # In the hour that the clock reads twice either reading will do.
    same = np.abs(back - time)
    assert set(same.tolist()) <= {0, 3_600_000_000}
    assert (offsets(ZoneInfo(zone), back) + back == time + ahead).all()


def test_an_hour_that_the_clock_reads_twice_does_not_fail() -> None:
    good = hourly(["AAPL"], date(2004, 10, 25), date(2004, 11, 5))
    night = pd.date_range("2004-10-31 03:00", "2004-10-31 09:00", freq="30min", tz="UTC")
    more = good.iloc[: len(night)].assign(timestamp=night, volume=np.arange(len(night)) + 1.0)
    good = pd.concat([good, more], ignore_index=True).sort_values("timestamp")
    local = good["timestamp"].dt.tz_convert(NEW_YORK).dt.tz_localize(None).dt.tz_localize("UTC")
    faulty = good.assign(timestamp=local).drop_duplicates("timestamp")
    causes = by_cause(incidents(*compared(faulty, good)))
    assert causes["timezone_shift"] > 100
