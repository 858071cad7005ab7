"""What the faults do to an answer, as a client sees it that knows nothing of either vendor."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from parity.demo.faults import Fault, FaultKind, Vendor
from parity.demo.server import ReplayServer
from parity.model.errors import UsageError

NEW_YORK = ZoneInfo("America/New_York")
EVE = datetime(2005, 2, 25, 20, tzinfo=NEW_YORK)
DAYS = [14, 15, 16, 17, 18, 22, 23, 24, 25]  # sessions of February 2005 from the 14th on


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplayServer]:
    with ReplayServer(as_of=EVE, work_dir=tmp_path_factory.mktemp("replay")) as running:
        yield running


@pytest.fixture(autouse=True)
def no_faults(server: ReplayServer) -> None:
    server.clear_faults()


def ask(
    server: ReplayServer, vendor: Vendor, *, path: str = "", wait: float = 20
) -> httpx.Response:
    start, end = int(datetime(2005, 2, 14, tzinfo=NEW_YORK).timestamp()), int(EVE.timestamp())
    if vendor is Vendor.YAHOO:
        path = path or f"/v8/finance/chart/AAPL?period1={start}&period2={end}"
    path = path or "/v2/aggs/ticker/AAPL/range/1/day/2005-02-14/2005-02-25"
    key = {"Authorization": f"Bearer {server.polygon_key}"}
    return httpx.get(server.http_url + path, headers=key, timeout=wait, trust_env=False)


def bars(server: ReplayServer, vendor: Vendor) -> list[dict[str, Any]]:
    """The bars of an answer, as Polygon spells them; times in seconds, adjusted close as `a`."""
    body = ask(server, vendor).json()
    if vendor is Vendor.POLYGON:
        assert body["resultsCount"] == body["queryCount"] == len(body["results"])
        return [bar | {"t": bar["t"] / 1000} for bar in body["results"]]
    result = body["chart"]["result"][0]
    columns = {name[0]: values for name, values in result["indicators"]["quote"][0].items()}
    columns |= {"t": result["timestamp"], "a": result["indicators"]["adjclose"][0]["adjclose"]}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def days(found: list[dict[str, Any]]) -> list[int]:
    return [datetime.fromtimestamp(bar["t"], NEW_YORK).day for bar in found]


@pytest.mark.parametrize("vendor", Vendor)
def test_a_worthless_bar_is_the_one_that_was_asked_for(
    server: ReplayServer, vendor: Vendor
) -> None:
    good = bars(server, vendor)
    for kind, worth in ((FaultKind.NULL_BAR, None), (FaultKind.ZEROS, 0)):
        server.inject(Fault(kind, vendor, times=1, place=3))

        found = bars(server, vendor)

        assert found[3] == dict.fromkeys(good[3], worth) | {"t": good[3]["t"]}
        assert [*found[:3], *found[4:]] == [*good[:3], *good[4:]]


@pytest.mark.parametrize("vendor", Vendor)
def test_bars_in_the_middle_change_places_or_come_twice(
    server: ReplayServer, vendor: Vendor
) -> None:
    server.inject(Fault(FaultKind.OUT_OF_ORDER, vendor, times=1))
    assert days(bars(server, vendor)) == [14, 15, 16, 18, 17, 22, 23, 24, 25]

    server.inject(Fault(FaultKind.DUPLICATE, vendor, times=1))
    assert days(bars(server, vendor)) == [14, 15, 16, 17, 18, 18, 22, 23, 24, 25]


@pytest.mark.parametrize("vendor", Vendor)
@pytest.mark.parametrize("seconds", [3600.0, -3600.0])
def test_a_skewed_clock_moves_times_and_nothing_else(
    server: ReplayServer, vendor: Vendor, seconds: float
) -> None:
    good = bars(server, vendor)
    server.inject(Fault(FaultKind.CLOCK_SKEW, vendor, times=1, seconds=seconds))

    found = bars(server, vendor)

    assert found == [bar | {"t": bar["t"] + seconds} for bar in good]


@pytest.mark.parametrize("vendor", Vendor)
def test_a_body_is_sent_as_it_is(server: ReplayServer, vendor: Vendor) -> None:
    for body in (b"", b"{}", b"\xff"):
        server.inject(Fault(FaultKind.BODY, vendor, times=1, body=body))
        answer = ask(server, vendor)
        assert (answer.status_code, answer.content) == (200, body)


@pytest.mark.parametrize("vendor", Vendor)
def test_an_error_asks_to_wait_only_where_it_was_told_to(
    server: ReplayServer, vendor: Vendor
) -> None:
    server.inject(Fault(FaultKind.STATUS, vendor, times=1, status=429, retry_after="7"))
    server.inject(Fault(FaultKind.STATUS, vendor, times=1, status=429))

    headers = [ask(server, vendor).headers for _ in range(2)]

    assert [header.get("Retry-After") for header in headers] == ["7", None]


@pytest.mark.parametrize("vendor", Vendor)
def test_a_hang_gives_no_byte_and_a_drip_gives_some(server: ReplayServer, vendor: Vendor) -> None:
    server.inject(Fault(FaultKind.HANG, vendor, times=1))
    with pytest.raises(httpx.ReadTimeout):
        ask(server, vendor, wait=0.2)
    assert (server.requests()[-1].status, server.requests()[-1].fault) == (None, FaultKind.HANG)

    # Bytes come often enough for a client whose limit holds for each read.
    good = ask(server, vendor)
    server.inject(Fault(FaultKind.DRIP, vendor, times=1, seconds=0.0001))
    assert ask(server, vendor, wait=5).content == good.content


@pytest.mark.parametrize("vendor", Vendor)
def test_a_reset_comes_in_the_middle_of_the_body(server: ReplayServer, vendor: Vendor) -> None:
    server.inject(Fault(FaultKind.RESET, vendor, times=1))

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        ask(server, vendor)
    assert server.requests()[-1].status == 200


def test_pages_are_short_while_a_fault_wants_them_so(server: ReplayServer) -> None:
    server.inject(Fault(FaultKind.TRUNCATED_PAGE, Vendor.POLYGON, page=2, page_size=4, times=1))

    first = ask(server, Vendor.POLYGON).json()
    second = ask(
        server, Vendor.POLYGON, path=first["next_url"].removeprefix(server.http_url)
    ).json()

    assert (len(first["results"]), first["resultsCount"]) == (4, 4)
    assert (len(second["results"]), second["resultsCount"]) == (2, 4)
    assert days(bars(server, Vendor.POLYGON)) == DAYS


def test_impossible_faults_are_refused() -> None:
    for wrong in ({"page_size": 0}, {"seconds": -1.0}):
        with pytest.raises(UsageError):
            Fault(FaultKind.DRIP, Vendor.POLYGON, **wrong)


def test_a_server_that_stops_ends_a_hang(tmp_path: Any) -> None:
    with ReplayServer(as_of=EVE, work_dir=tmp_path) as own:
        own.inject(Fault(FaultKind.HANG, Vendor.POLYGON))
        with pytest.raises(httpx.ReadTimeout):
            ask(own, Vendor.POLYGON, wait=0.2)
