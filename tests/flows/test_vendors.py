"""What the vendors' modules let through, refuse, wait for and remark; against the replay server."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from parity.demo.faults import Fault, FaultKind, Vendor
from parity.demo.market import SYMBOLS, history
from parity.demo.server import ReplayServer
from prefect_flows.bars import NEW_YORK, Window
from prefect_flows.errors import LastingError, LimitError, PassingError
from prefect_flows.permit import Permit, nothing
from prefect_flows.vendors import polygon, yahoo
from prefect_flows.vendors.transport import Deadline, check_status

EVE = datetime(2005, 2, 25, 20, tzinfo=NEW_YORK)
MONTH, WEEK = Window.days(30, EVE), Window.days(7, EVE)


@pytest.fixture(scope="module")
def vendors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplayServer]:
    with ReplayServer(as_of=EVE, work_dir=tmp_path_factory.mktemp("replay")) as running:
        yield running


@pytest.fixture
def server(vendors: ReplayServer) -> ReplayServer:
    vendors.clear_faults()
    return vendors


def ask_yahoo(
    server: ReplayServer,
    interval: str = "1d",
    window: Window | None = None,
    *,
    permit: Permit = nothing,
    seconds: float = 120.0,
) -> yahoo.YahooBars:
    return yahoo.fetch(
        "AAPL",
        window or (MONTH if interval == "1d" else WEEK),
        interval,
        base_url=server.http_url,
        timeout_seconds=20,
        permit=permit,
        deadline_seconds=seconds,
    )


def ask_polygon(
    server: ReplayServer, *, permit: Permit = nothing, seconds: float = 120.0, key: str = ""
) -> polygon.PolygonBars:
    return polygon.fetch_daily(
        "AAPL",
        MONTH,
        base_url=server.http_url,
        api_key=key or server.polygon_key,
        timeout_seconds=20,
        permit=permit,
        deadline_seconds=seconds,
    )


def ny(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


def chart(times: Sequence[str], closes: Sequence[float | None], traded: str, **meta: Any) -> str:
    """Yahoo's answer, written by hand: every bar opens at 10, between 9 and 11."""
    stamps = [int(ny(moment).timestamp()) for moment in times]
    count = len(times)
    periods = {
        "2005-02-24": ("09:30", "16:00"), "2005-02-25": ("09:30", "16:00"),
        "2004-11-26": ("09:30", "13:00"),
    }  # fmt: skip
    regular = [
        [{"timezone": "EST", "gmtoffset": -18000,
          "start": ny(f"{day}T{begin}").timestamp(), "end": ny(f"{day}T{end}").timestamp()}]
        for day, (begin, end) in periods.items() if any(text.startswith(day) for text in times)
    ]  # fmt: skip
    quote = {
        "open": [10.0] * count, "high": [11.0] * count, "low": [9.0] * count,
        "close": list(closes), "volume": [100] * count,
    }  # fmt: skip
    told = {
        "symbol": "AAPL", "currency": "USD", "instrumentType": "EQUITY", "priceHint": 2,
        "exchangeTimezoneName": "America/New_York", "validRanges": [], "tradingPeriods": regular,
        "regularMarketTime": int(ny(traded).timestamp()), "timezone": "EST", "gmtoffset": -18000,
    }  # fmt: skip
    indicators: dict[str, Any] = {"quote": [quote], "adjclose": [{"adjclose": list(closes)}]}
    result = {"meta": told | meta, "timestamp": stamps, "indicators": indicators}
    return json.dumps({"chart": {"result": [result], "error": None}})


def say(server: ReplayServer, body: str) -> None:
    server.inject(Fault(FaultKind.BODY, Vendor.YAHOO, body=body))


def test_yahoos_running_quote_stands_for_its_day(server: ReplayServer) -> None:
    times = ["2005-02-24T09:30", "2005-02-25T09:30", "2005-02-25T16:00:02"]
    say(server, chart(times, [10, 10, 10.5], "2005-02-25T16:00:02"))

    bars = ask_yahoo(server, window=Window.days(1, EVE)).raw

    assert [(b.timestamp, b.close) for b in bars] == [
        (ny("2005-02-24"), Decimal(10)), (ny("2005-02-25"), Decimal("10.5")),
    ]  # fmt: skip


@pytest.mark.parametrize("quote", ["2005-02-25T15:41:07", "2005-02-25T16:00"])
def test_yahoos_running_quote_is_no_hourly_bar(server: ReplayServer, quote: str) -> None:
    times = ["2005-02-25T14:30", "2005-02-25T15:30", quote]
    say(server, chart(times, [10, 10, 10.5], quote))

    bars = ask_yahoo(server, "1h", Window.days(0, EVE)).raw

    assert [b.timestamp for b in bars] == [ny("2005-02-25T14:30"), ny("2005-02-25T15:30")]


def test_hours_after_an_early_close_are_no_bars(server: ReplayServer) -> None:
    times = [f"2004-11-26T{hour}:30" for hour in ("09", "10", "11", "12", "13", "14")]
    say(server, chart(times, [10] * 6, "2004-11-26T13:00"))
    window = Window.days(0, ny("2004-11-26T20:00"))

    answer = ask_yahoo(server, "1h", window)

    assert [b.timestamp.hour for b in answer.raw] == [9, 10, 11, 12]
    assert answer.note == ""


@pytest.mark.parametrize(
    ("meta", "error", "reason"),
    [
        ({"symbol": "MSFT"}, PassingError, "about 'MSFT'"),
        ({"dataGranularity": "1wk"}, PassingError, "bars of 1wk, not of 1d"),
        ({"exchangeTimezoneName": "Europe/London"}, LastingError, "times are of Europe/London"),
    ],
)
def test_an_answer_to_another_question_is_refused(
    server: ReplayServer, meta: dict[str, Any], error: type[Exception], reason: str
) -> None:
    say(server, chart(["2005-02-25T09:30"], [10], "2005-02-25T16:00", **meta))

    with pytest.raises(error, match=reason):
        ask_yahoo(server, window=Window.days(0, EVE))


def test_a_daily_answer_without_adjusted_closes_is_refused(server: ReplayServer) -> None:
    # yfinance would take the unadjusted ones.
    body = json.loads(chart(["2005-02-25T09:30"], [10], "2005-02-25T16:00"))
    del body["chart"]["result"][0]["indicators"]["adjclose"]
    say(server, json.dumps(body))

    with pytest.raises(PassingError, match="unreadable answer: KeyError 'adjclose'"):
        ask_yahoo(server, window=Window.days(0, EVE))


@pytest.mark.parametrize(
    ("code", "error"), [("Not Found", LastingError), ("Internal Server Error", PassingError)]
)
def test_an_error_in_a_good_answer_lasts_where_yahoo_knows_nothing(
    server: ReplayServer, code: str, error: type[Exception]
) -> None:
    refusal = {"code": code, "description": "in\nits words"}
    say(server, json.dumps({"chart": {"result": None, "error": refusal}}))

    with pytest.raises(error, match=f"AAPL: {code}: in its words$"):
        ask_yahoo(server)


def test_a_session_without_a_bar_is_named(server: ReplayServer) -> None:
    say(server, chart(["2005-02-22T09:30", "2005-02-25T09:30"], [10, 10], "2005-02-25T16:00"))

    answer = ask_yahoo(server, window=Window.days(3, EVE))

    assert len(answer.raw) == 2
    assert answer.note == "no bar for 2005-02-23, 2005-02-24"


def test_what_lies_past_the_end_is_refused_unless_it_is_the_quote(server: ReplayServer) -> None:
    noon = Window.days(1, ny("2005-02-25T12:00"))
    times = ["2005-02-24T09:30", "2005-02-25T09:30", "2005-02-28T09:30", "2005-03-01T09:30"]
    say(server, chart(times, [10] * 4, "2005-03-01T16:00"))

    with pytest.raises(PassingError, match="2005-02-28 09:30 lies after the end, 2005-02-25 12:00"):
        ask_yahoo(server, window=noon)


def test_each_request_for_bars_waits_for_its_permit(server: ReplayServer) -> None:
    permits: list[str] = []
    before = len(server.requests())
    server.inject(Fault(FaultKind.NULLS, Vendor.POLYGON, page=9, page_size=8))

    ask_yahoo(server, permit=lambda: permits.append("yahoo"))
    ask_polygon(server, permit=lambda: permits.append("polygon"))

    asked = [entry.vendor for entry in server.requests()[before:] if entry.symbol == "AAPL"]
    assert permits == ["yahoo", *["polygon"] * 3] == asked  # 22 bars in pages of eight


def test_a_wait_for_a_permit_does_not_count() -> None:
    moments = iter([0.0, 10.0, 500.0, 500.0, 521.0])  # begun, permit wanted, given, then asked
    deadline = Deadline("AAPL", 30, clock=lambda: next(moments))

    deadline.wait_for(nothing)

    assert deadline.limit(60) == 20
    with pytest.raises(PassingError, match="timed out: not complete after 30 s"):
        deadline.limit(60)


def test_a_permit_that_is_refused_is_nobodys_answer(server: ReplayServer) -> None:
    def refuse() -> None:
        raise LimitError("no slot")

    for ask in (ask_yahoo, ask_polygon):
        with pytest.raises(LimitError, match=r"^no slot$"):
            ask(server, permit=refuse)


def test_a_vendor_that_is_slow_on_each_page_is_given_up(server: ReplayServer) -> None:
    # Each page would be in time, and all of them together are not.
    server.inject(Fault(FaultKind.DELAY, Vendor.POLYGON, page_size=2, seconds=0.2))
    with pytest.raises(PassingError, match=r"[Tt]imed out"):
        ask_polygon(server, seconds=0.5)
    server.inject(Fault(FaultKind.DRIP, Vendor.YAHOO, seconds=0.05))
    with pytest.raises(PassingError, match="timed out"):
        ask_yahoo(server, seconds=0.5)


def test_one_symbols_fault_costs_no_other_that_is_fetched_beside_it(server: ReplayServer) -> None:
    server.inject(Fault(FaultKind.STATUS, Vendor.YAHOO, symbol="IBM", status=429))

    def closes(symbol: str) -> list[Decimal] | str:
        try:
            answer = yahoo.fetch(symbol, WEEK, "1d", base_url=server.http_url, timeout_seconds=20)
        except PassingError as error:
            return error.reason
        return [bar.close for bar in answer.raw]

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(closes, SYMBOLS * 4))

    expected = {
        symbol: [Decimal(str(day.close)) for day in history(symbol).bars
                 if date(2005, 2, 18) <= day.session <= EVE.date()]
        for symbol in SYMBOLS
    }  # fmt: skip
    assert found == [
        "HTTP 429 injected by the replay" if symbol == "IBM" else expected[symbol]
        for symbol in SYMBOLS * 4
    ]


def test_a_page_that_is_no_text_is_not_the_end_of_the_list(server: ReplayServer) -> None:
    # The vendor's client would log it and return what it had.
    server.inject(Fault(FaultKind.BODY, Vendor.POLYGON, page=2, page_size=8, body=b'"\xe9"'))

    with pytest.raises(PassingError, match="unreadable answer: "):
        ask_polygon(server)


def test_a_key_stands_in_no_error(server: ReplayServer) -> None:
    with pytest.raises(LastingError, match="refused: HTTP 401 Unknown API Key") as refused:
        ask_polygon(server, key="a-secret-key")

    cause: BaseException | None = refused.value
    while cause is not None:
        assert "a-secret-key" not in repr(cause)
        cause = cause.__cause__ or cause.__context__


def test_prices_that_are_not_adjusted_for_splits_are_refused(server: ReplayServer) -> None:
    body = {"ticker": "AAPL", "status": "OK", "adjusted": False, "resultsCount": 0}
    server.inject(Fault(FaultKind.BODY, Vendor.POLYGON, body=json.dumps(body)))

    with pytest.raises(PassingError, match="not adjusted for splits"):
        ask_polygon(server)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("30", 30.0),
        (" 0 ", 0.0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0.0),
        ("soon", None),
        ("-5", None),
    ],
)
def test_retry_after_in_both_forms(header: str | None, seconds: float | None) -> None:
    with pytest.raises(PassingError) as caught:
        check_status("AAPL", 503, retry_after=header)

    assert caught.value.retry_after == seconds


@pytest.mark.parametrize("status", [204, 301, 400, 401, 402, 403, 404, 410, 451])
def test_a_refusal_lasts(status: int) -> None:
    with pytest.raises(LastingError, match=f"refused: HTTP {status}"):
        check_status("AAPL", status)


def test_errors_come_home_from_another_process() -> None:
    passing = pickle.loads(pickle.dumps(PassingError("AAPL", "HTTP 429", 30.0)))
    lasting = pickle.loads(pickle.dumps(LastingError("", "no such symbol")))

    assert (passing.symbol, passing.reason, passing.retry_after) == ("AAPL", "HTTP 429", 30.0)
    assert (str(passing), str(lasting)) == ("AAPL: HTTP 429", "no such symbol")
