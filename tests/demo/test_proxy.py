"""The way in for unmodified scripts: CONNECT proxy, TLS under Yahoo's names, environment."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from contextlib import closing
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import httpx
import pytest

from parity.demo.faults import Fault, FaultKind, Vendor
from parity.demo.server import ReplayServer
from parity.model.errors import UsageError

AS_OF = datetime(2005, 2, 25, 20, 0, tzinfo=ZoneInfo("America/New_York"))

# As cron would run it: yfinance as it comes, nothing of the replay in sight.
SCRIPT = """
import json
import yfinance as yf

ticker = yf.Ticker("AAPL")
daily = ticker.history(start="2005-02-24", end="2005-03-05", auto_adjust=False)
hourly = yf.Ticker("MSFT").history(start="2004-11-26", end="2004-11-27", interval="1h")
loaded = yf.download("IBM", start="2005-02-24", end="2005-03-05", progress=False)
print(json.dumps({
    "closes": list(daily["Close"]),
    "hours": [str(stamp) for stamp in hourly.index],
    "download": list(loaded["Close"]["IBM"]),
}))
"""


def dial(url: str) -> socket.socket:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return socket.create_connection((parts.hostname, parts.port), timeout=10)


def first_line(connection: socket.socket, request: str) -> str:
    connection.sendall(request.encode())
    return connection.recv(4096).split(b"\r\n")[0].decode()


def through_proxy(replay: ReplayServer, url: str) -> httpx.Response:
    trust = ssl.create_default_context(cafile=str(replay.ca_bundle))
    with httpx.Client(proxy=replay.proxy_url, verify=trust, trust_env=False) as client:
        return client.get(url)


@pytest.mark.slow
def test_an_unmodified_script_reaches_the_replay_and_nothing_else(replay: ReplayServer) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT],
        env={**os.environ, **replay.environment()},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed["closes"] == [88.93, 88.99]
    assert [hour[11:16] for hour in printed["hours"]] == ["09:30", "10:30", "11:30", "12:30"]
    assert printed["download"] == [92.64, 92.8]
    hosts = {entry.host for entry in replay.requests()}
    assert hosts == {"fc.yahoo.com", "query1.finance.yahoo.com", "query2.finance.yahoo.com"}
    cache = Path(replay.environment()["XDG_CACHE_HOME"])
    assert (cache / "py-yfinance").is_dir()


def test_a_request_through_the_proxy_keeps_its_host_name(replay: ReplayServer) -> None:
    answer = through_proxy(replay, "https://query2.finance.yahoo.com/v8/finance/chart/AAPL")

    quote = answer.json()["chart"]["result"][0]["indicators"]["quote"][0]
    assert quote["close"] == [88.99]
    assert [entry.host for entry in replay.requests()] == ["query2.finance.yahoo.com"]


def test_yahoos_cookie_is_for_all_of_its_hosts(replay: ReplayServer) -> None:
    cookie = through_proxy(replay, "https://fc.yahoo.com/").headers["set-cookie"]

    assert cookie.startswith("A3=")
    assert "Domain=.yahoo.com" in cookie
    assert "Max-Age=" in cookie  # yfinance reads when it expires


def test_a_client_that_does_not_trust_the_authority_is_not_served(replay: ReplayServer) -> None:
    with (
        httpx.Client(proxy=replay.proxy_url, trust_env=False) as client,
        pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        client.get("https://query2.finance.yahoo.com/v8/finance/chart/AAPL")
    assert replay.requests() == []


@pytest.mark.parametrize(
    "authority",
    [
        "example.com:443",
        "api.polygon.io:443",
        "notyahoo.com:443",
        "yahoo.com.example.com:443",
        "query2.finance.yahoo.com:80",
        "query2.finance.yahoo.com",
        "127.0.0.1:443",
    ],
)
def test_other_hosts_and_ports_are_refused(replay: ReplayServer, authority: str) -> None:
    with dial(replay.proxy_url) as connection:
        line = first_line(connection, f"CONNECT {authority} HTTP/1.1\r\n\r\n")

    assert line == "HTTP/1.1 403 Forbidden"


@pytest.mark.parametrize("request_line", ["GET http://example.com/ HTTP/1.1", "hello"])
def test_anything_but_connect_is_refused(replay: ReplayServer, request_line: str) -> None:
    with dial(replay.proxy_url) as connection:
        line = first_line(connection, f"{request_line}\r\n\r\n")

    assert line == "HTTP/1.1 405 Method Not Allowed"


def test_a_client_that_leaves_or_babbles_does_no_harm(replay: ReplayServer) -> None:
    dial(replay.proxy_url).close()
    with dial(replay.proxy_url) as connection:
        connection.sendall(b"x" * 100_000)
        with closing(dial(replay.proxy_url)) as other:
            other.sendall(b"CONNECT query2.finance.yahoo.com:443 HTTP/1.1\r\n\r\nno TLS")

    answer = through_proxy(replay, "https://query2.finance.yahoo.com/v8/finance/chart/AAPL")
    assert answer.status_code == 200


def test_a_dropped_connection_has_no_answer(replay: ReplayServer) -> None:
    replay.inject(Fault(FaultKind.DROP, Vendor.YAHOO, times=1))

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        through_proxy(replay, "https://query2.finance.yahoo.com/v8/finance/chart/AAPL")
    assert [(entry.status, entry.fault) for entry in replay.requests()] == [(None, FaultKind.DROP)]


def test_the_end_closes_open_tunnels_and_ports(tmp_path: Path) -> None:
    with ReplayServer(as_of=AS_OF, work_dir=tmp_path) as replay:
        urls = (replay.http_url, replay.proxy_url)
        idle = dial(replay.http_url)
        tunnel = dial(replay.proxy_url)
        line = first_line(tunnel, "CONNECT query2.finance.yahoo.com:443 HTTP/1.1\r\n\r\n")
        assert line == "HTTP/1.1 200 Connection established"

    with idle, tunnel:
        assert tunnel.recv(1) == b""
        assert idle.recv(1) == b""
    assert "vendor-replay" not in {thread.name for thread in threading.enumerate()}
    for url in urls:
        with pytest.raises(ConnectionRefusedError):
            dial(url)


def test_two_servers_do_not_share_a_moment_a_key_or_a_fault(tmp_path: Path) -> None:
    later = AS_OF.replace(month=3, day=1)
    with (
        ReplayServer(as_of=AS_OF, work_dir=tmp_path / "one") as one,
        ReplayServer(as_of=later, work_dir=tmp_path / "two") as two,
    ):
        one.inject(Fault(FaultKind.STATUS, Vendor.YAHOO, status=503))
        path = "/v8/finance/chart/AAPL"
        first = httpx.get(one.http_url + path, trust_env=False)
        second = httpx.get(two.http_url + path, trust_env=False)

        assert (first.status_code, second.status_code) == (503, 200)
        assert second.headers["X-Replay-As-Of"] == later.isoformat()
        assert one.polygon_key != two.polygon_key
        assert (one.as_of, two.as_of) == (AS_OF, later)


def test_the_environment_leads_a_job_here(replay: ReplayServer) -> None:
    environment = replay.environment()

    assert environment["HTTPS_PROXY"] == environment["https_proxy"] == replay.proxy_url
    assert environment["YAHOO_BASE_URL"] == environment["POLYGON_BASE_URL"] == replay.http_url
    assert environment["POLYGON_API_KEY"] == replay.polygon_key
    assert "127.0.0.1" in environment["NO_PROXY"]
    bundles = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
    assert {environment[name] for name in bundles} == {str(replay.ca_bundle)}


def test_the_private_key_is_for_its_owner_only(replay: ReplayServer) -> None:
    holders = [
        path for path in replay.ca_bundle.parent.glob("*.pem") if "PRIVATE KEY" in path.read_text()
    ]

    assert [path.stat().st_mode & 0o077 for path in holders] == [0]
    assert replay.ca_bundle not in holders


def test_a_moment_without_a_time_zone_is_refused(replay: ReplayServer, tmp_path: Path) -> None:
    naive = datetime(2005, 2, 25)  # noqa: DTZ001 - the point of the test

    with pytest.raises(UsageError, match="time zone"):
        replay.set_as_of(naive)
    with pytest.raises(UsageError, match="time zone"):
        ReplayServer(as_of=naive, work_dir=tmp_path)
    assert replay.as_of == AS_OF
