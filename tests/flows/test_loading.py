"""Loading and calculating against a replayed vendor and a real database, without Prefect."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from parity.demo.faults import Fault, FaultKind, Vendor
from prefect_flows.calculating import calculate
from prefect_flows.errors import LastingError, PassingError
from prefect_flows.loading import load_polygon, load_yahoo
from prefect_flows.settings import Settings
from prefect_flows.work.outcome import Outcome, Status
from tests.flows.conftest import at

if TYPE_CHECKING:
    from parity.demo.server import ReplayServer

Rows = Callable[..., list[tuple[object, ...]]]
EVE, SPLIT_NIGHT = at("2005-02-25"), at("2005-02-28")


def yahoo(settings: Settings, as_of: datetime, *, days: int = 30, symbol: str = "AAPL") -> Outcome:
    return load_yahoo(symbol, interval="1d", days_back=days, as_of=as_of, settings=settings)


def polygon(settings: Settings, as_of: datetime, *, days: int = 90, again: bool = False) -> Outcome:
    return load_polygon(
        "AAPL", days_back=days, incremental=not again, as_of=as_of, settings=settings
    )


def indicators(
    settings: Settings, as_of: datetime, *, restated: bool = False, symbol: str = "AAPL"
) -> Outcome:
    (outcome,) = calculate(
        [symbol],
        days_back=300,
        as_of=as_of,
        restated=frozenset([symbol] if restated else ()),
        settings=settings,
    )
    return outcome


def close(rows: Rows, source: str, day: str) -> Decimal:
    (found,) = rows(
        "SELECT close FROM prefect.market_data WHERE symbol = 'AAPL' AND data_source = %s"
        " AND (timestamp AT TIME ZONE 'America/New_York') = %s::date",
        source,
        day,
    )
    assert isinstance(found[0], Decimal)
    return found[0]


def test_raw_and_adjusted_bars_are_stored_at_midnight_in_new_york(
    settings: Settings, rows: Rows
) -> None:
    outcome = yahoo(settings, EVE)

    # 26 January to 25 February 2005 has 22 sessions (21 February is Presidents' Day).
    assert (outcome.status, outcome.rows, outcome.message) == (Status.OK, 2 * 22, "")
    assert close(rows, "yahoo", "2005-02-25") == Decimal("88.99")
    assert rows(
        "SELECT count(*) FROM prefect.market_data WHERE extract(hour FROM timestamp) <> 5"
        " AND extract(hour FROM timestamp AT TIME ZONE 'America/New_York') <> 0"
    ) == [(0,)]


def test_nothing_newer_than_as_of_is_stored(
    settings: Settings, replay: ReplayServer, rows: Rows
) -> None:
    replay.set_as_of(SPLIT_NIGHT)

    yahoo(settings, EVE)
    polygon(settings, EVE)

    newest = (
        "SELECT max((timestamp AT TIME ZONE 'America/New_York')::date) FROM prefect.market_data"
    )
    assert rows(newest) == [(date(2005, 2, 25),)]


def test_a_dividend_lowers_adjusted_prices_only(
    settings: Settings, replay: ReplayServer, rows: Rows
) -> None:
    # MSFT paid 3.08 on 2004-11-15, closing at 27.39. The sample data adjusts by the ex-day's
    # close: what came before is divided by 1 + 3.08/27.39.
    replay.set_as_of(at("2004-11-16"))

    yahoo(settings, at("2004-11-16"), symbol="MSFT")

    (raw,), (adjusted,) = rows(
        "SELECT close FROM prefect.market_data WHERE symbol = 'MSFT'"
        " AND (timestamp AT TIME ZONE 'America/New_York') = '2004-11-12'"
        " ORDER BY data_source"
    )
    assert isinstance(raw, Decimal)
    assert isinstance(adjusted, Decimal)
    assert raw == Decimal("29.97")
    assert float(adjusted) == pytest.approx(29.97 / (1 + 3.08 / 27.39), abs=1e-4)


def test_after_a_split_the_whole_stored_history_is_fetched_again(
    settings: Settings, replay: ReplayServer, rows: Rows
) -> None:
    yahoo(settings, EVE, days=200)
    polygon(settings, EVE, days=200)
    before = {source: close(rows, source, "2004-09-01") for source in ("yahoo", "polygon")}
    replay.set_as_of(SPLIT_NIGHT)

    loaded, loaded_too = yahoo(settings, SPLIT_NIGHT), polygon(settings, SPLIT_NIGHT)

    assert loaded.restated
    assert loaded_too.restated
    for source in ("yahoo", "polygon"):
        assert close(rows, source, "2004-09-01") == before[source] / 2
        assert close(rows, source, "2005-02-25") == Decimal("44.4950")
    messages = rows("SELECT message FROM prefect.load_runs ORDER BY id DESC LIMIT 2")
    assert messages == [
        ("restated: polygon from 2004-08-09",),
        ("restated: yahoo, yahoo_adjusted from 2004-08-09",),
    ]


def test_after_a_split_every_stored_indicator_is_on_the_new_scale(
    settings: Settings, replay: ReplayServer, rows: Rows
) -> None:
    averages = "SELECT date, sma_20 FROM prefect.technical_indicators ORDER BY date"
    replay.set_as_of(at("2005-02-24"))
    yahoo(settings, at("2005-02-24"), days=400)
    indicators(settings, at("2005-02-24"))
    replay.set_as_of(EVE)
    yahoo(settings, EVE)
    indicators(settings, EVE)
    before = rows(averages)
    replay.set_as_of(SPLIT_NIGHT)
    loaded = yahoo(settings, SPLIT_NIGHT)

    outcome = indicators(settings, SPLIT_NIGHT, restated=loaded.restated)

    after = rows(averages)
    assert outcome.rows == 3
    assert [day for day, _ in after] == [date(2005, 2, d) for d in (24, 25, 28)]
    for (_, old), (_, new) in zip(before, after, strict=False):
        assert isinstance(old, float)
        assert new == pytest.approx(old / 2, rel=1e-5)
    assert rows("SELECT date FROM prefect.technical_indicators_latest") == [(date(2005, 2, 28),)]


def test_a_second_run_of_the_same_night_changes_nothing(settings: Settings, rows: Rows) -> None:
    everything = (
        "SELECT m.*, m.xmin::text FROM prefect.market_data m ORDER BY 1, 2, 3",
        "SELECT i.*, i.xmin::text FROM prefect.technical_indicators i",
        "SELECT i.*, i.xmin::text FROM prefect.technical_indicators_latest i",
    )
    for _ in range(2):
        yahoo(settings, EVE)
        polygon(settings, EVE)
        indicators(settings, EVE)
        first = [rows(query) for query in everything]
    again = yahoo(settings, EVE), polygon(settings, EVE), indicators(settings, EVE)

    assert [rows(query) for query in everything] == first
    assert not any(outcome.restated for outcome in again)


def test_missed_nights_leave_no_gap(settings: Settings, replay: ReplayServer, rows: Rows) -> None:
    replay.set_as_of(at("2005-01-14"))
    yahoo(settings, at("2005-01-14"))
    replay.set_as_of(EVE)

    yahoo(settings, EVE, days=3)

    # Sessions after Friday 14 January up to 25 February: 28 (17 January and 21 February closed).
    assert rows(
        "SELECT count(*) FROM prefect.market_data"
        " WHERE data_source = 'yahoo' AND timestamp > '2005-01-14 12:00+00'"
    ) == [(28,)]


def test_only_the_newest_session_is_calculated_at_first_and_then_what_is_new(
    settings: Settings, replay: ReplayServer, rows: Rows
) -> None:
    replay.set_as_of(at("2005-02-23"))
    yahoo(settings, at("2005-02-23"), days=60)
    first = indicators(settings, at("2005-02-23"))
    replay.set_as_of(EVE)
    yahoo(settings, EVE)

    second = indicators(settings, EVE)
    before = rows("SELECT xmin::text, * FROM prefect.technical_indicators ORDER BY date")
    third = indicators(settings, EVE)

    # The last stored session is calculated again each time, and left alone where it is right.
    assert (first.rows, second.rows, third.rows) == (1, 3, 1)
    assert rows("SELECT xmin::text, * FROM prefect.technical_indicators ORDER BY date") == before
    # 60 days hold fewer than 50 sessions: NULL, and the account names the indicator.
    assert rows("SELECT sma_50, sma_200 FROM prefect.technical_indicators_latest") == [(None, None)]
    assert first.message == "2005-02-23; too few rows for sma_50, sma_200, ema_50"


def test_a_row_comes_out_the_same_whenever_it_is_calculated(
    settings: Settings, replay: ReplayServer, rows: Rows
) -> None:
    for evening in (at("2005-02-23"), at("2005-02-24"), EVE):
        replay.set_as_of(evening)
        yahoo(settings, evening, days=400)
        indicators(settings, evening)
    nightly = rows("SELECT * FROM prefect.technical_indicators ORDER BY date")
    indicators(settings, EVE, restated=True)
    assert rows("SELECT * FROM prefect.technical_indicators ORDER BY date") == nightly
    assert len(nightly) == 3


def test_indicators_of_a_running_session_are_mended_after_its_close(
    settings: Settings, replay: ReplayServer, rows: Rows
) -> None:
    for hour in (13, 20):
        replay.set_as_of(at("2005-02-25", hour))
        yahoo(settings, at("2005-02-25", hour), days=60)
        indicators(settings, at("2005-02-25", hour))
    (volume,) = rows("SELECT volume FROM prefect.market_data WHERE data_source = 'yahoo_adjusted'"
                     " ORDER BY timestamp DESC LIMIT 1")  # fmt: skip
    assert rows("SELECT date::text, current_volume FROM prefect.technical_indicators") == [
        ("2005-02-25", *volume)
    ]


def test_hourly_bars_are_folded_into_days_for_the_indicators(
    settings: Settings, rows: Rows
) -> None:
    loaded = load_yahoo("AAPL", interval="1h", days_back=7, as_of=EVE, settings=settings)

    outcome = indicators(settings, EVE)

    # Five sessions (Monday was a holiday) of seven bars, raw and adjusted.
    assert (loaded.status, loaded.rows) == (Status.OK, 5 * 7 * 2)
    assert outcome.rows == 1
    assert outcome.message == "2005-02-25; too few rows for sma_20, sma_50, sma_200 and 16 more"
    (volume,) = rows("SELECT current_volume FROM prefect.technical_indicators")
    assert (
        volume
        == rows(
            "SELECT sum(volume)::bigint FROM prefect.market_data"
            " WHERE data_source = 'yahoo_adjusted'"
            " AND (timestamp AT TIME ZONE 'America/New_York')::date = '2005-02-25'"
        )[0]
    )


@pytest.mark.parametrize(
    ("kind", "status", "reason"),
    [
        (FaultKind.STATUS, 500, "HTTP 500"),
        (FaultKind.STATUS, 429, "HTTP 429"),
        (FaultKind.DROP, 500, "Error"),
        (FaultKind.MALFORMED, 500, "unreadable answer"),
        (FaultKind.NULLS, 500, "lacks a price"),
    ],
)
def test_a_fault_at_yahoo_is_an_exception_and_passes_when_asked_again(
    settings: Settings, replay: ReplayServer, kind: FaultKind, status: int, reason: str
) -> None:
    replay.inject(Fault(kind, Vendor.YAHOO, symbol="AAPL", status=status))
    with pytest.raises(PassingError, match=reason):
        yahoo(settings, EVE)
    replay.clear_faults()

    # yfinance would give the cached failure again.
    assert yahoo(settings, EVE).status is Status.OK


@pytest.mark.parametrize(
    "fault",
    [
        Fault(FaultKind.STATUS, Vendor.POLYGON, status=500),
        Fault(FaultKind.STATUS, Vendor.POLYGON, status=429),
        Fault(FaultKind.DROP, Vendor.POLYGON),
        Fault(FaultKind.MALFORMED, Vendor.POLYGON),
        Fault(FaultKind.TRUNCATED_PAGE, Vendor.POLYGON),
        Fault(FaultKind.NULLS, Vendor.POLYGON),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
def test_a_fault_at_polygon_is_an_exception_and_nothing_is_stored(
    settings: Settings, replay: ReplayServer, rows: Rows, fault: Fault
) -> None:
    replay.inject(fault)

    with pytest.raises(PassingError):
        polygon(settings, EVE)

    assert rows("SELECT count(*) FROM prefect.market_data") == [(0,)]


def test_a_hung_polygon_is_given_up(settings: Settings, replay: ReplayServer) -> None:
    replay.inject(Fault(FaultKind.DELAY, Vendor.POLYGON, seconds=30))
    hasty = Settings(
        database_url=settings.database_url,
        polygon_base_url=settings.polygon_base_url,
        polygon_api_key=settings.polygon_api_key,
        http_timeout_seconds=0.2,
    )

    with pytest.raises(PassingError, match="imed out"):
        polygon(hasty, EVE)


def test_a_refused_key_lasts(settings: Settings) -> None:
    stranger = Settings(
        database_url=settings.database_url,
        polygon_base_url=settings.polygon_base_url,
        polygon_api_key="wrong",
    )

    with pytest.raises(LastingError, match="refused"):
        polygon(stranger, EVE)


def test_an_unknown_symbol_lasts(settings: Settings) -> None:
    with pytest.raises(LastingError, match="NOPE: "):
        yahoo(settings, EVE, symbol="NOPE")


def test_an_answer_that_ends_before_what_is_stored_is_refused(
    settings: Settings, replay: ReplayServer
) -> None:
    yahoo(settings, EVE)
    replay.inject(Fault(FaultKind.TRUNCATED_PAGE, Vendor.YAHOO, symbol="AAPL"))

    with pytest.raises(PassingError, match="ends on 2005-02-09, though 2005-02-25 was traded"):
        yahoo(settings, EVE)


def test_no_bars_on_a_weekend_are_empty_but_none_in_a_week_are_a_fault(
    settings: Settings, replay: ReplayServer, rows: Rows
) -> None:
    sunday = at("2005-02-27")
    replay.set_as_of(sunday)

    outcome = polygon(settings, sunday, days=1)

    assert (outcome.status, outcome.rows) == (Status.EMPTY, 0)
    assert rows("SELECT status, message FROM prefect.load_runs") == [
        ("empty", "no bars from 2005-02-26 to 2005-02-27")
    ]
    before_it_was_listed = at("2004-07-01")
    replay.set_as_of(before_it_was_listed)
    with pytest.raises(PassingError, match=r"no bars in \d+ days"):
        load_polygon(
            "GOOG", days_back=30, incremental=True, as_of=before_it_was_listed, settings=settings
        )
