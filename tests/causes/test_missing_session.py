"""Sessions that a side lacks."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from parity.model.suite import Kind
from parity.model.verdict import Side
from tests.causes.moved import by_cause, hourly, sides
from tests.causes.toy import NEW_YORK, compared, dataset, incidents, real_bars


def _on(frame: pd.DataFrame, *days: str) -> pd.Series:
    local = frame["timestamp"].dt.tz_convert(NEW_YORK).dt.date
    there: pd.Series = local.isin([date.fromisoformat(day) for day in days])
    return there


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("kind", [Kind.BARS, Kind.INDICATORS])
def test_a_day_of_all_symbols_is_one_incident(side: Side, kind: Kind) -> None:
    good = real_bars(["AAPL", "IBM", "MSFT"])
    faulty = good[~_on(good, "2005-01-18")]

    (found,) = incidents(*compared(*sides(side, faulty, good), of=dataset(kind)))

    assert (found.cause, found.rows, found.proved) == ("missing_session", 3, True)
    assert found.evidence["day"] == "2005-01-18"
    assert found.evidence["whole_side"] is True
    assert found.evidence["says"] == f"{side.value} has no row at all on 2005-01-18; " + (
        f"{'candidate' if side is Side.LEGACY else 'legacy'} has 3"
    )


def test_a_day_of_one_symbol_says_which() -> None:
    good = real_bars(["AAPL", "IBM"])
    faulty = good[~(_on(good, "2005-01-18") & (good["symbol"] == "IBM"))]
    (found,) = incidents(*compared(faulty, good))
    assert (found.cause, found.rows) == ("missing_session", 1)
    assert found.evidence["says"] == "legacy has no row of IBM on 2005-01-18; candidate has 1"
    assert found.evidence["whole_side"] is False


def test_each_day_is_its_own_incident() -> None:
    good = real_bars(["AAPL", "IBM"])
    found = incidents(*compared(good[~_on(good, "2005-01-18", "2005-01-19", "2004-11-01")], good))
    assert by_cause(found) == {"missing_session": 6}
    assert {one.evidence["day"] for one in found} == {"2005-01-18", "2005-01-19", "2004-11-01"}


def test_inside_the_day_all_bars_must_be_missing() -> None:
    good = hourly()
    (found,) = incidents(*compared(good, good[~_on(good, "2005-04-05")]))
    # Seven hourly bars a day, two symbols.
    assert (found.cause, found.rows, found.evidence["side"]) == ("missing_session", 14, "candidate")

    part = good.drop(index=good.index[_on(good, "2005-04-05")][:3])
    (found,) = incidents(*compared(good, part))
    assert (found.cause, found.rows) == ("unexplained", 3)


def test_daily_bars_stamped_midnight_utc_name_their_own_day() -> None:
    good = real_bars(["AAPL", "IBM"])
    days = good["timestamp"].dt.tz_localize(None)
    good = good.assign(timestamp=days.dt.tz_localize("UTC"))
    # A Monday: in New York the stamp is still Sunday.
    (found,) = incidents(*compared(good[days.dt.date != date(2005, 1, 24)], good))
    assert (found.cause, found.rows, found.evidence["day"]) == ("missing_session", 2, "2005-01-24")
    assert found.evidence["whole_side"] is True


def test_dates() -> None:
    good = real_bars(["AAPL", "IBM"])
    good = good.assign(date=good["timestamp"].dt.date).drop(columns="timestamp")
    (found,) = incidents(
        *compared(
            good[good["date"] != date(2005, 1, 18)], good, of=dataset(Kind.INDICATORS, "date")
        )
    )
    assert (found.cause, found.rows, found.evidence["day"]) == ("missing_session", 2, "2005-01-18")


def test_the_first_and_the_last_day_are_no_missing_session() -> None:
    good = real_bars(["AAPL"])
    found = incidents(*compared(good.iloc[1:-1], good))
    assert by_cause(found) == {"late_edge": 2}
