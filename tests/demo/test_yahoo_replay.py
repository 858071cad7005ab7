"""Yahoo's chart API, replayed: asked with yfinance, through its session seam."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo

import httpx
import pandas as pd
import pytest
import yfinance as yf
from curl_cffi import requests as curl
from curl_cffi.requests.exceptions import RequestException
from yfinance.data import YfData
from yfinance.exceptions import YFRateLimitError

from parity.demo.faults import Fault, FaultKind, Vendor
from parity.demo.server import ReplayServer

NEW_YORK = ZoneInfo("America/New_York")


class LoopbackSession(curl.Session[curl.Response]):
    """Sends what is meant for Yahoo's hosts to the replay server."""

    def __init__(self, base_url: str) -> None:
        super().__init__(impersonate="chrome", trust_env=False)
        self._base = urlsplit(base_url)

    def request(self, method: Any, url: str, *args: Any, **options: Any) -> Any:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.hostname.endswith("yahoo.com")
        moved = urlunsplit((self._base.scheme, self._base.netloc, *parts[2:]))
        return super().request(method, moved, *args, **options)


@pytest.fixture(scope="module", autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    yf.set_tz_cache_location(str(tmp_path_factory.mktemp("yfinance")))


@pytest.fixture
def session(replay: ReplayServer) -> Iterator[LoopbackSession]:
    # yfinance remembers answers for the life of the process, failures too.
    YfData.cache_get.cache_clear()
    # As yfinance comes: the flows, perhaps in the same process, have unhidden them.
    hidden = yf.config.debug.hide_exceptions
    yf.config.debug.hide_exceptions = True
    with LoopbackSession(replay.http_url) as opened:
        yield opened
    yf.config.debug.hide_exceptions = hidden
    YfData.cache_get.cache_clear()


def history(
    session: LoopbackSession, symbol: str, start: str, end: str, **options: Any
) -> pd.DataFrame:
    YfData.cache_get.cache_clear()
    options.setdefault("auto_adjust", False)
    frame = yf.Ticker(symbol, session=session).history(start=start, end=end, **options)
    assert isinstance(frame, pd.DataFrame)
    return frame


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


def chart(replay: ReplayServer, symbol: str, **query: str) -> httpx.Response:
    url = f"{replay.http_url}/v8/finance/chart/{symbol}"
    return httpx.get(url, params=query, trust_env=False)


def test_before_the_split_prices_are_as_they_were_traded(session: LoopbackSession) -> None:
    frame = history(session, "AAPL", "2005-02-24", "2005-03-05")

    assert list(frame.index) == [pd.Timestamp("2005-02-24", tz=NEW_YORK.key),
                                 pd.Timestamp("2005-02-25", tz=NEW_YORK.key)]  # fmt: skip
    assert list(frame["Close"]) == [88.93, 88.99]
    assert list(frame["Volume"]) == [27_125_500, 16_348_400]
    assert list(frame["Stock Splits"]) == [0.0, 0.0]


def test_from_the_split_on_history_is_halved_and_the_split_is_an_event(
    session: LoopbackSession, replay: ReplayServer
) -> None:
    replay.set_as_of(at("2005-02-28T20:00"))

    frame = history(session, "AAPL", "2005-02-24", "2005-03-05")

    assert list(frame["Close"]) == [44.465, 44.495, 44.86]
    assert list(frame["Volume"]) == [54_251_000, 32_696_800, 11_635_900]
    assert list(frame["Stock Splits"]) == [0.0, 0.0, 2.0]


def test_a_dividend_is_an_event_and_adjusts_adj_close_only(
    session: LoopbackSession, replay: ReplayServer
) -> None:
    replay.set_as_of(at("2004-11-15T20:00"))

    frame = history(session, "MSFT", "2004-11-12", "2004-11-17")

    assert list(frame["Close"]) == [29.97, 27.39]
    assert list(frame["Dividends"]) == [0.0, 3.08]
    # close / (close + dividend) of the ex-date
    assert list(frame["Adj Close"]) == pytest.approx([29.97 * 27.39 / 30.47, 27.39])


def test_auto_adjust_scales_all_prices(session: LoopbackSession, replay: ReplayServer) -> None:
    replay.set_as_of(at("2004-11-15T20:00"))

    frame = history(session, "MSFT", "2004-11-12", "2004-11-17", auto_adjust=True)

    factor = 27.39 / 30.47
    assert frame["Close"].iloc[0] == pytest.approx(29.97 * factor)
    assert frame["Open"].iloc[0] == pytest.approx(30.16 * factor)


def test_hourly_bars_respect_an_early_close(session: LoopbackSession) -> None:
    frame = history(session, "MSFT", "2004-11-26", "2004-11-27", interval="1h")

    index = pd.DatetimeIndex(frame.index)
    assert [stamp.time() for stamp in index] == [time(hour, 30) for hour in (9, 10, 11, 12)]
    assert str(index.tz) == "America/New_York"
    daily = history(session, "MSFT", "2004-11-26", "2004-11-27")
    assert frame["Open"].iloc[0] == daily["Open"].iloc[0] == 26.57
    assert frame["High"].max() == daily["High"].iloc[0] == 26.82
    assert frame["Volume"].sum() == daily["Volume"].iloc[0]


def test_hourly_answers_are_marked_synthetic_and_have_no_adjusted_close(
    replay: ReplayServer,
) -> None:
    hourly = chart(replay, "AAPL", range="5d", interval="1h")
    daily = chart(replay, "AAPL", range="5d", interval="1d")

    assert hourly.headers["X-Replay-Synthetic"] == "true"
    assert hourly.json()["chart"]["result"][0]["meta"]["replaySynthetic"] is True
    assert "adjclose" not in hourly.json()["chart"]["result"][0]["indicators"]
    assert len(hourly.json()["chart"]["result"][0]["timestamp"]) == 35
    assert "X-Replay-Synthetic" not in daily.headers
    assert daily.json()["chart"]["result"][0]["meta"]["replaySynthetic"] is False
    assert len(daily.json()["chart"]["result"][0]["timestamp"]) == 5


def test_the_running_session_is_partial(session: LoopbackSession, replay: ReplayServer) -> None:
    replay.set_as_of(at("2005-02-28T12:00"))

    daily = history(session, "AAPL", "2005-02-28", "2005-03-01")
    hourly = history(session, "AAPL", "2005-02-28", "2005-03-01", interval="1h")

    assert daily["Open"].iloc[0] == 44.68
    assert 0 < daily["Volume"].iloc[0] < 11_635_900
    assert len(hourly) == 3
    assert hourly["Close"].iloc[-1] == daily["Close"].iloc[0]
    assert hourly["Volume"].sum() == daily["Volume"].iloc[0]


def test_hours_before_and_after_come_when_asked_for(session: LoopbackSession) -> None:
    ticker = yf.Ticker("AAPL", session=session)
    ticker.history(start="2005-02-24", end="2005-02-26")

    periods = ticker.get_history_metadata()["tradingPeriods"]

    assert list(periods.columns) == [
        "pre_start", "pre_end", "start", "end", "post_start", "post_end"
    ]  # fmt: skip
    assert list(periods["end"].dt.hour) == [16] * 5


@pytest.mark.parametrize(
    ("span", "sessions"), [("1d", 1), ("5d", 5), ("1mo", 22), ("ytd", 38), ("max", 1254)]
)
def test_ranges_end_at_the_moment(replay: ReplayServer, span: str, sessions: int) -> None:
    # One month goes back to 01-26: 4 sessions of January and 18 of February (Presidents' Day off).
    # This year: 20 + 18. All: 212 (from March 2000) + 248 + 252 + 252 + 252 + 38.
    result = chart(replay, "AAPL", range=span, interval="1d").json()["chart"]["result"][0]

    assert len(result["timestamp"]) == sessions
    assert result["timestamp"][-1] == int(at("2005-02-25T09:30").timestamp())


def test_an_unknown_symbol_is_not_found(session: LoopbackSession, replay: ReplayServer) -> None:
    assert history(session, "ENRN", "2005-02-24", "2005-02-26").empty

    answer = chart(replay, "ENRN")
    assert answer.status_code == 404
    error = answer.json()["chart"]["error"]
    assert error["description"] == "No data found, symbol may be delisted"


def test_a_symbol_is_not_found_before_its_first_session(replay: ReplayServer) -> None:
    replay.set_as_of(at("2004-08-18T20:00"))

    assert chart(replay, "GOOG").status_code == 404


def test_a_range_without_bars_is_empty(session: LoopbackSession, replay: ReplayServer) -> None:
    assert history(session, "AAPL", "2005-02-26", "2005-02-28").empty

    start, end = (str(int(at(day).timestamp())) for day in ("2005-02-26", "2005-02-28"))
    result = chart(replay, "AAPL", period1=start, period2=end).json()["chart"]["result"][0]
    assert "timestamp" not in result
    assert result["indicators"]["quote"] == [{}]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"interval": "1m"}, 422),
        ({"range": "3d"}, 422),
        ({"period1": "soon"}, 400),
        ({"period1": "9" * 400}, 400),
        ({"period1": "20", "period2": "10"}, 400),
        ({"period1": "1000000000", "interval": "1h"}, 422),
        ({"crumb": "stale"}, 401),
    ],
)
def test_a_request_that_yahoo_refuses_is_refused(
    replay: ReplayServer, query: dict[str, str], status: int
) -> None:
    answer = chart(replay, "AAPL", **query)

    assert answer.status_code == status
    assert answer.json()["chart"]["result"] is None
    assert answer.json()["chart"]["error"]["description"]


def test_hourly_bars_reach_back_730_days(replay: ReplayServer) -> None:
    # 730 days before 2005-02-25 is 2003-02-26.
    inside = str(int(at("2003-02-26T00:00").timestamp()))
    outside = str(int(at("2003-02-25T23:59").timestamp()))

    answer = chart(replay, "AAPL", period1=inside, interval="1h")

    first = answer.json()["chart"]["result"][0]["timestamp"][0]
    assert first == int(at("2003-02-26T09:30").timestamp())
    assert chart(replay, "AAPL", period1=outside, interval="1h").status_code == 422


def test_a_passing_error_is_retried_by_yfinance(
    session: LoopbackSession, replay: ReplayServer
) -> None:
    history(session, "AAPL", "2005-02-24", "2005-02-26")  # the time zone is known from here on
    replay.inject(Fault(FaultKind.STATUS, Vendor.YAHOO, symbol="AAPL", times=1, status=500))

    assert len(history(session, "AAPL", "2005-02-24", "2005-02-26")) == 2
    charts = [entry for entry in replay.requests() if entry.symbol == "AAPL"]
    assert [entry.status for entry in charts][-2:] == [500, 200]


def test_a_lasting_rate_limit_raises_and_spares_other_symbols(
    session: LoopbackSession, replay: ReplayServer
) -> None:
    history(session, "AAPL", "2005-02-24", "2005-02-26")
    replay.inject(Fault(FaultKind.STATUS, Vendor.YAHOO, symbol="AAPL", status=429))

    with pytest.raises(YFRateLimitError):
        history(session, "AAPL", "2005-02-24", "2005-02-26")
    assert len(history(session, "IBM", "2005-02-24", "2005-02-26")) == 2


@pytest.mark.parametrize("kind", [FaultKind.MALFORMED, FaultKind.DROP])
def test_a_broken_answer_leaves_yfinance_empty_handed(
    session: LoopbackSession, replay: ReplayServer, kind: FaultKind
) -> None:
    history(session, "AAPL", "2005-02-24", "2005-02-26")
    replay.inject(Fault(kind, Vendor.YAHOO, symbol="AAPL"))

    assert history(session, "AAPL", "2005-02-24", "2005-02-26").empty
    assert replay.requests()[-1].fault is kind
    with pytest.raises((RequestException, ValueError)):
        json.loads(session.get("https://query2.finance.yahoo.com/v8/finance/chart/AAPL").text)


def test_nulls_come_through_as_nan(session: LoopbackSession, replay: ReplayServer) -> None:
    history(session, "AAPL", "2005-02-24", "2005-02-26")
    replay.inject(Fault(FaultKind.NULLS, Vendor.YAHOO, symbol="AAPL", times=1))

    frame = history(session, "AAPL", "2005-02-24", "2005-02-26")

    assert list(frame["Close"].isna()) == [False, True]
    assert list(frame["Open"]) == [88.48, 89.62]
    assert list(history(session, "AAPL", "2005-02-24", "2005-02-26")["Close"]) == [88.93, 88.99]


def test_a_truncated_answer_keeps_the_older_half(
    session: LoopbackSession, replay: ReplayServer
) -> None:
    history(session, "AAPL", "2005-02-22", "2005-02-26")
    replay.inject(Fault(FaultKind.TRUNCATED_PAGE, Vendor.YAHOO, symbol="AAPL", times=1))

    frame = history(session, "AAPL", "2005-02-22", "2005-02-26")

    assert [stamp.day for stamp in pd.DatetimeIndex(frame.index)] == [22, 23]


def test_the_log_tells_the_story_without_the_crumb(replay: ReplayServer, tmp_path: Path) -> None:
    with httpx.Client(base_url=replay.http_url, trust_env=False) as client:
        assert client.get("/").status_code == 404
        assert "A3" in client.cookies
        crumb = client.get("/v1/test/getcrumb").text
        query = {"range": "1d", "crumb": crumb}
        assert client.get("/v8/finance/chart/AAPL", params=query).status_code == 200
        assert client.get("/somewhere/else").status_code == 404

    told = [(entry.vendor, entry.path, entry.symbol, entry.status) for entry in replay.requests()]
    assert told == [
        (Vendor.YAHOO, "/", None, 404),
        (Vendor.YAHOO, "/v1/test/getcrumb", None, 200),
        (Vendor.YAHOO, "/v8/finance/chart/AAPL", "AAPL", 200),
        (None, "/somewhere/else", None, 404),
    ]
    assert crumb not in repr(replay.requests())
