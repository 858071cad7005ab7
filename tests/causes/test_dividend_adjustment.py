"""Dividends that one side's prices are adjusted for."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from parity.causes import Rule, Series
from parity.causes.rules.dividend_adjustment import RULE
from parity.demo.market import history
from parity.model.verdict import Side
from tests.causes.toy import compared, fields, incidents, rows_of
from tests.causes.values_toy import PRICES, Frame, explained, only, other, real_bars

FIRST, LAST = date(2004, 9, 1), date(2005, 2, 25)


def adjusted(bars: Frame, *steps: tuple[str, float]) -> Frame:
    """Bars adjusted by a factor before each day."""
    out, factor = bars.copy(), pd.Series(1.0, bars.index)
    for day, step in steps:
        factor[bars["timestamp"] < pd.Timestamp(day, tz="America/New_York")] *= step
    out[PRICES] = out[PRICES].mul(factor, axis=0).round(4)
    return out


@pytest.mark.parametrize("faulty", ["legacy", "candidate"])
def test_the_real_special_dividend_of_2004(faulty: str) -> None:
    bars = real_bars(["MSFT", "IBM"], FIRST, LAST)
    ex = date(2004, 11, 15)
    before = [bar for bar in history("MSFT").bars if bar.session < ex][-1]
    step = 1 - 3.08 / before.close
    mine = bars["symbol"].eq("MSFT")
    legacy: Frame = pd.concat([adjusted(bars[mine], (str(ex), step)), bars[~mine]])

    found = only(explained(legacy, bars, faulty))

    assert (found.cause, found.scope.symbols) == ("dividend_adjustment", ("MSFT",))
    assert found.rows == int((mine & bars["timestamp"].lt("2004-11-15T00:00-05:00")).sum())
    assert found.evidence["ex_date"] == "2004-11-15"
    assert found.evidence["dividend"] == 3.08
    assert found.evidence["factor"] == pytest.approx(step, abs=2e-7)
    assert found.evidence["adjusted_side"] == found.evidence["side"] == faulty
    assert f"{other(faulty)}'s are not" in found.evidence["says"]


@pytest.mark.parametrize("dividend", [0.05, 0.18, 1.0, 9.5])
def test_weak_to_strong(dividend: float) -> None:
    bars = real_bars(["IBM"])
    day = bars["timestamp"].iloc[40]
    close = float(bars["close"].iloc[39])
    found = only(explained(adjusted(bars, (str(day.date()), 1 - dividend / close)), bars))
    assert (found.cause, found.rows) == ("dividend_adjustment", 40)
    assert found.evidence["ex_date"] == str(day.date())
    assert found.evidence["dividend"] == pytest.approx(dividend, abs=2e-3)


def test_before_several_ex_dates_factors_multiply() -> None:
    bars = real_bars(["IBM"])
    found = explained(adjusted(bars, ("2004-11-08", 0.998), ("2005-02-08", 0.997)), bars)
    by_date = {one.evidence["ex_date"]: one for one in found}
    assert set(by_date) == {"2004-11-08", "2005-02-08"}
    assert by_date["2004-11-08"].evidence["factor"] == pytest.approx(0.998 * 0.997, abs=1e-6)
    assert by_date["2005-02-08"].evidence["factor"] == pytest.approx(0.997, abs=1e-6)
    close = float(bars.loc[bars["timestamp"] < "2004-11-08T00:00-05:00", "close"].iloc[-1])
    assert by_date["2004-11-08"].evidence["dividend"] == pytest.approx(0.002 * close, abs=1e-3)


def test_no_run_no_dividend() -> None:
    bars = real_bars(["IBM"])
    whole = bars.copy()
    whole[PRICES] = (whole[PRICES] * 0.93).round(4)  # e.g. another currency: there is no ex-date
    assert only(explained(whole, bars)).cause == "unexplained"

    two = bars.copy()
    two.loc[10:11, PRICES] = (two.loc[10:11, PRICES] * 0.93).round(4)
    assert only(explained(two, bars)).cause == "unexplained"

    scattered = bars.copy()
    scattered.loc[[10, 20, 30, 40], PRICES] = (bars.loc[[10, 20, 30, 40], PRICES] * 0.93).round(4)
    assert only(explained(scattered, bars)).cause == "unexplained"

    changing = bars.copy()
    factors = pd.Series([0.93, 0.94, 0.95, 0.96, 0.97])
    changing.loc[10:14, PRICES] = bars.loc[10:14, PRICES].mul(factors.to_numpy(), axis=0).round(4)
    assert only(explained(changing, bars)).cause == "unexplained"


def test_volume_that_moves_as_well_is_no_dividend() -> None:
    bars = real_bars(["IBM"])
    legacy = adjusted(bars, ("2004-11-08", 0.9137))
    legacy.loc[legacy["close"] != bars["close"], "volume"] *= 1.25
    assert only(explained(legacy, bars)).cause == "unexplained"


def test_edited_rows_inside_a_run_stay_unexplained_and_do_not_end_it() -> None:
    bars = real_bars(["IBM"])
    legacy = adjusted(bars, ("2004-11-08", 0.98))
    legacy.loc[8, "close"] *= 1.9173
    legacy.loc[15, PRICES] = legacy.loc[15, PRICES].mul([1.1, 1.2, 0.9, 1.05]).round(4)
    unproved, paid = explained(legacy, bars)
    assert (paid.cause, paid.evidence["ex_date"]) == ("dividend_adjustment", "2004-11-08")
    assert (unproved.cause, unproved.rows) == ("unexplained", 2)


@pytest.mark.parametrize(("day", "names"), [("2004-11-08", ["adjusted"]), ("2004-12-08", None)])
def test_another_series_that_steps_there_corroborates(day: str, names: list[str] | None) -> None:
    bars = real_bars(["IBM"])
    rows = rows_of(adjusted(bars, (day, 0.98)), ["IBM"], fields(), "timestamp")
    series = Series("adjusted", dict.fromkeys(Side, rows))
    rules: list[Rule] = [RULE]
    legacy = adjusted(bars, ("2004-11-08", 0.98))
    found = only(incidents(*compared(legacy, bars, other_series=[series]), rules))
    assert found.evidence.get("corroborated_by") == names
