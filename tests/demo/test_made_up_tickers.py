"""Tickers that there never were, for who needs thousands: only from a server that is told to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from parity.demo.faults import Fault, FaultKind, Vendor
from parity.demo.server import ReplayServer

AS_OF = datetime(2005, 2, 25, 20, 0, tzinfo=ZoneInfo("America/New_York"))
FEBRUARY_CLOSES = [88.23, 88.93, 88.99]  # AAPL, 23rd to 25th


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplayServer]:
    folder = tmp_path_factory.mktemp("replay")
    with ReplayServer(AS_OF, folder, made_up=True) as running:
        yield running


def yahoo(server: ReplayServer, symbol: str, **query: str) -> httpx.Response:
    url = f"{server.http_url}/v8/finance/chart/{symbol}"
    return httpx.get(url, params={"range": "5d", **query}, trust_env=False)


def polygon(server: ReplayServer, path: str, **query: str) -> dict[str, Any]:
    key = {"Authorization": f"Bearer {server.polygon_key}"}
    url = path if path.startswith("http") else f"{server.http_url}/v2/aggs/ticker/{path}"
    answer = httpx.get(url, headers=key, params=query or None, trust_env=False)
    body: dict[str, Any] = answer.json()
    return body


@pytest.mark.parametrize("interval", ["1d", "1h"])
def test_yahoo_has_the_bars_of_another_under_the_name_asked_for(
    many: ReplayServer, interval: str
) -> None:
    (asked,) = yahoo(many, "AAPL-0017", interval=interval).json()["chart"]["result"]
    (real,) = yahoo(many, "AAPL", interval=interval).json()["chart"]["result"]

    assert (asked["meta"].pop("symbol"), real["meta"].pop("symbol")) == ("AAPL-0017", "AAPL")
    assert asked == real
    if interval == "1d":
        assert asked["indicators"]["quote"][0]["close"][-3:] == FEBRUARY_CLOSES


def test_polygon_has_too_on_every_page(many: ReplayServer) -> None:
    first = polygon(many, "AAPL-0017/range/1/day/2005-02-23/2005-02-25", limit="2")
    second = polygon(many, first["next_url"])

    assert (first["ticker"], second["ticker"]) == ("AAPL-0017", "AAPL-0017")
    assert [bar["c"] for page in (first, second) for bar in page["results"]] == FEBRUARY_CLOSES


def test_a_fault_hits_the_name_that_was_asked_for(many: ReplayServer) -> None:
    many.inject(Fault(FaultKind.STATUS, Vendor.YAHOO, symbol="MSFT-2", status=503, times=1))

    assert [yahoo(many, name).status_code for name in ("MSFT", "MSFT-1", "MSFT-2", "MSFT-2")] == [
        200, 200, 503, 200,
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["ENRN-1", "AAPL-", "AAPL-A", "AAPL-1-1", "-1"])
def test_what_is_made_of_no_ticker_is_not_known(many: ReplayServer, name: str) -> None:
    assert yahoo(many, name).status_code == 404
    assert "results" not in polygon(many, f"{name}/range/1/day/2005-02-23/2005-02-25")


def test_a_server_that_is_not_told_to_knows_none(replay: ReplayServer) -> None:
    assert yahoo(replay, "AAPL-0017").status_code == 404
    assert "results" not in polygon(replay, "AAPL-0017/range/1/day/2005-02-23/2005-02-25")
