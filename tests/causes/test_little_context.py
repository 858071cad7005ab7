"""The rules about keys and rows where little is known beside the discrepancies."""

from __future__ import annotations

from dataclasses import fields as members
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from parity.causes import Rows, Values
from parity.causes.board import Index
from parity.causes.rule import Rule
from parity.causes.rules import (
    duplicate_key,
    filled_bar,
    label_shift,
    late_edge,
    missing_session,
    missing_symbol,
    off_calendar,
    session_date,
    timezone_shift,
)
from parity.model.suite import Kind
from parity.model.verdict import Side
from tests.causes.moved import by_cause, hourly, reread, stepped
from tests.causes.toy import Known, compared, dataset, incidents, real_bars

MODULES = (duplicate_key, filled_bar, label_shift, late_edge, missing_session, missing_symbol,
           off_calendar, session_date, timezone_shift)  # fmt: skip
RULES: list[Rule] = [module.RULE for module in MODULES]


class TooMany(Known):
    """A context whose datasets are too large to read."""

    def own(self, side: Side) -> Rows | None:
        del side
        return None


def _too_many(context: Known) -> Known:
    return TooMany(**{one.name: getattr(context, one.name) for one in members(context)})


def test_without_a_calendar_clocks_still_tell() -> None:
    good = hourly()
    faulty = good.assign(timestamp=reread(good["timestamp"], "America/New_York", "UTC"))
    differences, context = compared(faulty, good)
    found = incidents(differences, replace(context, calendar=None), RULES)
    assert by_cause(found) == {"timezone_shift": len(differences)}


def test_without_a_calendar_daily_labels_move_by_days() -> None:
    good = real_bars(["AAPL", "IBM"])
    later = good["timestamp"].dt.tz_localize(None) + pd.Timedelta(days=1)
    faulty = good.assign(timestamp=later.dt.tz_localize("America/New_York"))
    differences, context = compared(faulty, good)
    found = incidents(differences, replace(context, calendar=None), RULES)
    assert by_cause(found) == {"label_shift": len(differences)}


def test_without_a_calendar_no_session_is_missing() -> None:
    good = real_bars(["AAPL", "IBM"])
    differences, context = compared(good.drop(index=[30, 31]), good)
    found = incidents(differences, replace(context, calendar=None), RULES)
    assert by_cause(found) == {"unexplained": 2}


@pytest.mark.parametrize("dated", [True, False])
def test_without_the_rows_only_dates_tell_of_missing_sessions(dated: bool) -> None:
    good = real_bars(["AAPL", "IBM"])
    if dated:
        good = good.assign(timestamp=good["timestamp"].dt.date)
    differences, context = compared(good.drop(index=[30, 31]), good)
    found = incidents(differences, _too_many(context), RULES)
    assert by_cause(found) == {"missing_session" if dated else "unexplained": 2}


def test_without_the_rows_nothing_moves() -> None:
    good = real_bars(["AAPL", "IBM"])
    differences, context = compared(stepped(good, 1, 0, 1000), good)
    found = incidents(differences, _too_many(context), RULES)
    assert by_cause(found) == {"unexplained": len(differences)}


def test_times_of_all_ages_are_found() -> None:
    """Years 1 and 9999 in hundreds of series: more moments than a machine's integer counts."""
    code = np.repeat(np.arange(300), 2)
    time = np.tile([-62_135_596_800_000_000, 253_402_214_400_000_000], 300)
    rows = Rows(code, time, Values(np.zeros((600, 0)), np.zeros((600, 0), dtype=bool), {}))
    index = Index(rows)
    assert index.find(code, time).tolist() == list(range(600))
    assert (index.find(code, time + 1) == -1).all()
    assert index.find(np.array([300]), time[:1]).tolist() == [-1]


def test_one_side_is_empty() -> None:
    good = real_bars(["AAPL", "IBM"])
    differences, context = compared(good.iloc[:0], good)
    assert by_cause(incidents(differences, context, RULES)) == {"missing_symbol": len(good)}


def test_a_table_knows_duplicates_only() -> None:
    good = real_bars(["IBM"])
    legacy = pd.concat([good, good.iloc[[3]]]).drop(index=[9])
    differences, context = compared(legacy, good, of=dataset(Kind.TABLE))
    found = incidents(differences, context, RULES)
    assert by_cause(found) == {"duplicate_key": 3, "unexplained": 1}
