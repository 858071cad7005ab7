"""Bars labelled one bar off."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from parity.model.verdict import Side
from tests.causes.moved import by_cause, edited, hourly, sides, stepped
from tests.causes.toy import NEW_YORK, compared, incidents, real_bars


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("bars", [1, -1])
def test_hourly_bars_one_hour_off(side: Side, bars: int) -> None:
    good = hourly()
    faulty = good.assign(timestamp=good["timestamp"] + pd.Timedelta(hours=bars))
    differences, context = compared(*sides(side, faulty, good))
    found = incidents(differences, context)
    assert by_cause(found) == {"label_shift": len(differences)}
    for one in found:
        assert (one.evidence["bars"], one.evidence["interval"]) == (bars, "1 h")
        assert one.evidence["side"] == side.value
        assert one.proved


@pytest.mark.parametrize("side", list(Side))
def test_labels_by_the_end_stop_at_the_close(side: Side) -> None:
    good = hourly()
    local = good["timestamp"].dt.tz_convert(NEW_YORK)
    close = local.dt.normalize() + pd.Timedelta(hours=16)
    end = np.minimum(local + pd.Timedelta(hours=1), close)  # the bar of 15:30 ends at 16:00
    faulty = good.assign(timestamp=end.dt.tz_convert("UTC"))
    differences, context = compared(*sides(side, faulty, good))
    found = incidents(differences, context)
    assert by_cause(found) == {"label_shift": len(differences)}
    assert {(one.evidence["bars"], one.evidence["side"]) for one in found} == {(1, side.value)}


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("bars", [1, -1])
@pytest.mark.parametrize("days", [(0, 200), (50, 150), (120, 200), (10, 14)])
def test_daily_bars_one_session_off(side: Side, bars: int, days: tuple[int, int]) -> None:
    good = real_bars(["AAPL", "IBM"], last=date(2005, 4, 29))
    faulty = stepped(good, bars, *days)
    differences, context = compared(*sides(side, faulty, good))
    found = incidents(differences, context)
    assert by_cause(found) == {"label_shift": len(differences)}
    for one in found:
        # Which of two series of sessions is the one that moved nobody can tell: legacy is named.
        assert one.evidence["bars"] == (bars if side is Side.LEGACY else -bars)
        assert one.evidence["interval"] == "1 session"


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("bars", [1, -1])
@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_daily_bars_one_calendar_day_off(side: Side, bars: int, zone: str) -> None:
    good = real_bars(["AAPL", "IBM"], last=date(2005, 4, 29))
    days = good["timestamp"].dt.tz_localize(None)
    good = good.assign(timestamp=days.dt.tz_localize(zone))
    faulty = good.assign(timestamp=(days + pd.Timedelta(days=bars)).dt.tz_localize(zone))
    differences, context = compared(*sides(side, faulty, good))
    found = incidents(differences, context)
    assert by_cause(found) == {"label_shift": len(differences)}
    for one in found:
        # Rows on Saturdays or Sundays say who moved.
        assert (one.evidence["bars"], one.evidence["side"]) == (bars, side.value)
        assert one.evidence["interval"] == "1 day"


def test_since_a_day() -> None:
    good = hourly()
    late = good["timestamp"] >= pd.Timestamp("2005-04-07", tz="UTC")
    moved = good["timestamp"] + pd.Timedelta(hours=1)
    faulty = good.assign(timestamp=good["timestamp"].where(~late, moved))
    differences, context = compared(good, faulty)
    found = incidents(differences, context)
    assert by_cause(found) == {"label_shift": len(differences)}
    assert {one.evidence["from"] for one in found} == {"2005-04-07"}


def test_the_newest_row_has_no_place_yet() -> None:
    good = real_bars(["AAPL", "IBM"])
    faulty = stepped(good, 1, 0, 1000)
    differences, context = compared(faulty, good)
    # Candidate's first bar stands alone, its last is where legacy has the one before.
    found = incidents(differences, context)
    assert by_cause(found) == {"label_shift": len(differences)}


@pytest.mark.parametrize("rows", [1, 2])
def test_few_rows_are_no_shift(rows: int) -> None:
    good = hourly()
    faulty = edited(good, range(6, 6 + rows), "timestamp", lambda one: one + pd.Timedelta(hours=1))
    faulty = faulty.drop_duplicates(["symbol", "timestamp"], keep="last")
    assert "label_shift" not in by_cause(incidents(*compared(faulty, good)))
