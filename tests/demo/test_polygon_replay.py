"""Polygon's aggregates, replayed: asked with the vendor's own client."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from polygon import RESTClient
from polygon.exceptions import BadResponse
from urllib3.exceptions import MaxRetryError

from parity.demo.faults import Fault, FaultKind, Vendor
from parity.demo.server import ReplayServer
from parity.model.errors import UsageError

NEW_YORK = ZoneInfo("America/New_York")
FRIDAY = 1109307600000  # 2005-02-25 00:00 in New York, 05:00 UTC
FEBRUARY_CLOSES = [84.63, 88.41, 90.13, 87.81, 86.81, 85.29, 88.23, 88.93, 88.99]  # 14th to 25th

Connect = Callable[[str], RESTClient]


@pytest.fixture
def connect(replay: ReplayServer) -> Iterator[Connect]:
    clients: list[RESTClient] = []

    def with_key(key: str) -> RESTClient:
        clients.append(RESTClient(key, base=replay.http_url))
        return clients[-1]

    yield with_key
    for client in clients:
        client.client.clear()


@pytest.fixture
def client(replay: ReplayServer, connect: Connect) -> RESTClient:
    return connect(replay.polygon_key)


def closes(client: RESTClient, **options: Any) -> list[float]:
    bars = client.list_aggs("AAPL", 1, "day", "2005-02-14", "2005-02-28", **options)
    return [bar.close for bar in bars]


def raw(client: RESTClient, **options: Any) -> dict[str, Any]:
    answer = client.get_aggs("AAPL", 1, "day", "2005-02-14", "2005-02-28", raw=True, **options)
    body: dict[str, Any] = json.loads(answer.data)
    return body


def test_daily_bars_are_raw_and_stamped_at_midnight_in_new_york(client: RESTClient) -> None:
    bar = client.get_aggs("AAPL", 1, "day", "2005-02-25", "2005-02-25")[0]

    assert (bar.timestamp, bar.open, bar.high, bar.low) == (FRIDAY, 89.62, 89.91, 88.19)
    assert (bar.close, bar.volume) == (88.99, 16_348_400)
    assert (bar.vwap, bar.transactions) == (None, None)  # the sample has neither


def test_adjusted_means_splits_and_only_from_their_date_on(
    client: RESTClient, replay: ReplayServer
) -> None:
    assert closes(client)[-1] == 88.99
    replay.set_as_of(datetime(2005, 2, 28, 20, 0, tzinfo=NEW_YORK))

    assert closes(client)[-2:] == [44.495, 44.86]
    assert closes(client, adjusted=False)[-2:] == [88.99, 44.86]
    friday = client.get_aggs("AAPL", 1, "day", "2005-02-25", "2005-02-25")[0]
    assert friday.volume == 32_696_800


def test_dividends_do_not_adjust(client: RESTClient) -> None:
    # MSFT went ex 3.08 on 2004-11-15; the close of 2004-11-12 stays 29.97.
    bar = client.get_aggs("MSFT", 1, "day", "2004-11-12", "2004-11-12")[0]

    assert bar.close == 29.97


def test_pages_join_to_the_whole(client: RESTClient, replay: ReplayServer) -> None:
    assert closes(client, limit=4) == FEBRUARY_CLOSES

    asked = [entry for entry in replay.requests() if entry.vendor is Vendor.POLYGON]
    assert [dict(entry.query).keys() for entry in asked] == [{"limit"}, {"cursor"}, {"cursor"}]


def test_pages_join_backwards_and_keep_their_options(
    client: RESTClient, replay: ReplayServer
) -> None:
    replay.set_as_of(datetime(2005, 2, 28, 8, 0, tzinfo=NEW_YORK))

    assert closes(client, limit=2, sort="desc", adjusted=False) == FEBRUARY_CLOSES[::-1]


def test_a_page_says_what_it_holds(client: RESTClient) -> None:
    first, last = raw(client, limit=4), raw(client, limit=9)

    assert (first["queryCount"], first["resultsCount"], first["count"]) == (4, 4, 4)
    assert first["next_url"].startswith("http://127.0.0.1:")
    assert (last["status"], last["adjusted"], last["resultsCount"]) == ("OK", True, 9)
    assert "next_url" not in last


def test_no_bars_is_a_count_of_zero_without_results(client: RESTClient) -> None:
    answer = client.get_aggs("ENRN", 1, "day", "2005-02-14", "2005-02-28", raw=True)
    body = json.loads(answer.data)

    assert (body["status"], body["resultsCount"]) == ("OK", 0)
    assert "results" not in body
    assert client.get_aggs("AAPL", 1, "day", "2005-02-26", "2005-03-31") == []


def test_a_range_in_milliseconds_includes_both_ends(client: RESTClient) -> None:
    assert len(client.get_aggs("AAPL", 1, "day", FRIDAY, FRIDAY)) == 1
    assert client.get_aggs("AAPL", 1, "day", FRIDAY + 1, FRIDAY + 2) == []


def test_hourly_bars_are_on_the_clock_hour_and_marked_synthetic(client: RESTClient) -> None:
    bars = client.get_aggs("AAPL", 1, "hour", "2005-02-25", "2005-02-25")
    answer = client.get_aggs("AAPL", 1, "hour", "2005-02-25", "2005-02-25", raw=True)
    daily = client.get_aggs("AAPL", 1, "day", "2005-02-25", "2005-02-25", raw=True)

    starts = [datetime.fromtimestamp(bar.timestamp / 1000, NEW_YORK) for bar in bars]
    assert [(start.hour, start.minute) for start in starts] == [(h, 0) for h in range(9, 16)]
    assert (bars[0].open, bars[-1].close) == (89.62, 88.99)
    assert sum(bar.volume for bar in bars) == 16_348_400
    assert answer.headers["X-Replay-Synthetic"] == "true"
    assert "X-Replay-Synthetic" not in daily.headers


def test_a_wrong_key_is_refused_and_not_repeated(connect: Connect, replay: ReplayServer) -> None:
    with pytest.raises(BadResponse) as refused:
        connect("not-the-key").get_aggs("AAPL", 1, "day", "2005-02-14", "2005-02-28")

    assert "Unknown API Key" in str(refused.value)
    assert "not-the-key" not in str(refused.value)
    assert [entry.status for entry in replay.requests()] == [401]


def test_the_log_holds_no_key(client: RESTClient, replay: ReplayServer) -> None:
    url = f"{replay.http_url}/v2/aggs/ticker/AAPL/range/1/day/2005-02-14/2005-02-28"
    httpx.get(url, params={"apiKey": replay.polygon_key, "limit": "2"}, trust_env=False)
    closes(client)

    assert len(replay.requests()) == 2
    assert replay.polygon_key not in repr(replay.requests())
    assert replay.requests()[0].query == (("limit", "2"),)


@pytest.mark.parametrize(
    ("span", "start", "options", "says"),
    [
        ("minute", "2005-02-14", {}, "1 day and 1 hour only"),
        ("day", "yesterday", {}, "YYYY-MM-DD"),
        ("day", "2005-03-14", {}, "'to' is before 'from'"),
        ("day", "2005-02-14", {"limit": 50_001}, "1 to 50000"),
        ("day", "2005-02-14", {"sort": "up"}, "asc, desc"),
        ("day", "2005-02-14", {"params": {"cursor": "%%%"}}, "cursor"),
    ],
)
def test_a_malformed_request_is_refused(
    client: RESTClient, span: str, start: str, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(BadResponse, match=says):
        client.get_aggs("AAPL", 1, span, start, "2005-02-28", **options)


@pytest.mark.parametrize("kind", [FaultKind.DROP, FaultKind.STATUS])
def test_the_client_gets_over_a_passing_fault(
    client: RESTClient, replay: ReplayServer, kind: FaultKind
) -> None:
    replay.inject(Fault(kind, Vendor.POLYGON, symbol="AAPL", times=1, status=503))

    assert closes(client) == FEBRUARY_CLOSES
    seen = [(entry.status, entry.fault) for entry in replay.requests()]
    assert seen == [(None if kind is FaultKind.DROP else 503, kind), (200, None)]


def test_a_lasting_fault_hits_its_symbol_until_it_is_cleared(
    client: RESTClient, replay: ReplayServer
) -> None:
    replay.inject(Fault(FaultKind.STATUS, Vendor.POLYGON, symbol="AAPL", status=429))

    with pytest.raises(MaxRetryError):
        closes(client)
    assert len(client.get_aggs("IBM", 1, "day", "2005-02-25", "2005-02-25")) == 1
    replay.clear_faults()
    assert closes(client) == FEBRUARY_CLOSES


def test_a_malformed_second_page_ends_the_list_early(
    client: RESTClient, replay: ReplayServer
) -> None:
    replay.inject(Fault(FaultKind.MALFORMED, Vendor.POLYGON, page=2))

    # The client's silent trap, which a loader must see by the counts.
    assert closes(client, limit=4) == FEBRUARY_CLOSES[:4]


def test_a_truncated_page_keeps_the_counts_of_the_whole(
    client: RESTClient, replay: ReplayServer
) -> None:
    replay.inject(Fault(FaultKind.TRUNCATED_PAGE, Vendor.POLYGON))

    body = raw(client, limit=8)

    assert [bar["c"] for bar in body["results"]] == FEBRUARY_CLOSES[:4]
    assert body["resultsCount"] == 8
    assert "next_url" not in body


def test_nulls_take_the_close_of_the_last_bar(client: RESTClient, replay: ReplayServer) -> None:
    replay.inject(Fault(FaultKind.NULLS, Vendor.POLYGON, times=1))

    assert closes(client) == [*FEBRUARY_CLOSES[:-1], None]
    assert closes(client) == FEBRUARY_CLOSES


def test_a_delay_outlasts_a_patience_and_does_not_hold_up_the_end(replay: ReplayServer) -> None:
    replay.inject(Fault(FaultKind.DELAY, Vendor.POLYGON, seconds=600))
    url = f"{replay.http_url}/v2/aggs/ticker/AAPL/range/1/day/2005-02-14/2005-02-28"
    key = {"Authorization": f"Bearer {replay.polygon_key}"}

    with pytest.raises(httpx.ReadTimeout):
        httpx.get(url, headers=key, timeout=0.2, trust_env=False)


def test_impossible_faults_are_refused() -> None:
    for wrong in ({"times": 0}, {"page": 0}, {"status": 200}, {"seconds": -1.0}):
        with pytest.raises(UsageError):
            Fault(FaultKind.STATUS, Vendor.POLYGON, **wrong)
