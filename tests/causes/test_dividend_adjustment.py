"""Dividends that one side's prices are adjusted for."""

from __future__ import annotations

from dataclasses import fields as members
from datetime import date

import pandas as pd
import pytest

from parity.causes import Rows, Rule, Series
from parity.causes.rules.dividend_adjustment import RULE
from parity.demo.market import history
from parity.model.verdict import Side
from tests.causes.toy import Known, compared, fields, incidents, rows_of
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

    # Of 10.3 % of the close before: another series has to tell of it too.
    assert only(explained(legacy, bars, faulty)).cause == "unexplained"
    rows = rows_of(legacy, ["IBM", "MSFT"], fields(), "timestamp")
    others = [Series("adjusted", dict.fromkeys(Side, rows))]
    found = only(explained(legacy, bars, faulty, other_series=others))

    assert (found.cause, found.scope.symbols) == ("dividend_adjustment", ("MSFT",))
    assert found.rows == int((mine & bars["timestamp"].lt("2004-11-15T00:00-05:00")).sum())
    assert found.evidence["ex_date"] == "2004-11-15"
    assert found.evidence["dividend"] == 3.08
    assert found.evidence["factor"] == pytest.approx(step, abs=2e-7)
    assert found.evidence["adjusted_side"] == found.evidence["side"] == faulty
    assert f"{other(faulty)}'s are not" in found.evidence["says"]


@pytest.mark.parametrize("dividend", [0.05, 0.18, 1.0, 8.5])
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


@pytest.mark.parametrize("factor", [1.9173, 1.31, 0.97, 0.93])
@pytest.mark.parametrize("first", [1, 30])
def test_rows_amid_history_are_no_dividend(factor: float, first: int) -> None:
    bars = real_bars(["AAPL", "IBM"])
    places = bars.index[bars["symbol"] == "IBM"][first : first + 3]
    legacy = bars.copy()
    legacy.loc[places, PRICES] = (bars.loc[places, PRICES] * factor).round(4)
    rows = rows_of(legacy, ["AAPL", "IBM"], fields(), "timestamp")
    for others in ([], [Series("adjusted", dict.fromkeys(Side, rows))]):
        found = only(explained(legacy, bars, other_series=others))
        assert (found.cause, found.rows) == ("unexplained", 3)


def test_rows_whose_volume_alone_differs_do_not_reach_back() -> None:
    bars = real_bars(["IBM"])
    legacy = bars.copy()
    legacy.loc[:9, "volume"] += 1
    legacy.loc[10:14, PRICES] = (bars.loc[10:14, PRICES] * 0.97).round(4)
    assert {one.cause for one in explained(legacy, bars)} == {"unexplained"}


@pytest.mark.parametrize("factor", [1.9173, 1.31, 0.76, 0.88])
def test_from_the_start_a_large_step_needs_another_series(factor: float) -> None:
    bars = real_bars(["IBM"])
    legacy = bars.copy()
    legacy.loc[:19, PRICES] = (bars.loc[:19, PRICES] * factor).round(4)
    assert only(explained(legacy, bars)).cause == "unexplained"
    adjusted_side = bars if factor > 1 else legacy
    rows = rows_of(adjusted_side, ["IBM"], fields(), "timestamp")
    unmoved = rows_of(bars, ["IBM"], fields(), "timestamp")
    stays = [Series("raw", dict.fromkeys(Side, unmoved))]
    if factor < 1:
        assert only(explained(legacy, bars, other_series=stays)).cause == "unexplained"
        steps = [Series("adjusted", dict.fromkeys(Side, rows))]
        assert only(explained(legacy, bars, other_series=steps)).cause == "dividend_adjustment"


def test_one_doubtful_step_makes_the_others_doubtful() -> None:
    bars = real_bars(["IBM"])
    for steps in ([0.98, 0.7137], [0.7137, 0.98], [0.97, 1.0937]):
        pairs = zip(["2004-11-08", "2005-02-08"], steps, strict=True)
        found = explained(adjusted(bars, *pairs), bars)
        assert {one.cause for one in found} == {"unexplained"}, steps


def at_midnight_utc(bars: Frame) -> Frame:
    days = bars["timestamp"].dt.tz_localize(None)
    return bars.assign(timestamp=days.dt.tz_localize("UTC"))


def test_daily_rows_stamped_midnight_utc_have_their_own_date() -> None:
    bars = real_bars(["IBM"])
    legacy = adjusted(bars, ("2004-11-08", 0.98))
    found = only(explained(at_midnight_utc(legacy), at_midnight_utc(bars)))
    assert (found.cause, found.evidence["ex_date"]) == ("dividend_adjustment", "2004-11-08")


class TooMany(Known):
    """A context whose datasets are too large to read."""

    def own(self, side: Side) -> Rows | None:
        del side
        return None


@pytest.mark.parametrize("utc", [False, True])
def test_where_rows_were_not_read_sessions_tell_that_it_reaches_back(utc: bool) -> None:
    bars = real_bars(["IBM"])
    amid = bars.copy()
    amid.loc[10:40, PRICES] = (bars.loc[10:40, PRICES] * 0.97).round(4)
    rules: list[Rule] = [RULE]
    causes = []
    for legacy in (adjusted(bars, ("2004-11-08", 0.98)), amid):
        pair = (at_midnight_utc(legacy), at_midnight_utc(bars)) if utc else (legacy, bars)
        differences, context = compared(*pair)
        large = TooMany(**{one.name: getattr(context, one.name) for one in members(context)})
        found = only(incidents(differences, large, rules))
        causes.append((found.cause, found.evidence.get("ex_date")))
    assert causes == [("dividend_adjustment", "2004-11-08"), ("unexplained", None)]


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
