"""The vendor replay server: one background thread, three listeners on loopback.

Plain HTTP for clients that take a base URL (both vendors' paths on one port), TLS under Yahoo's
names, and a CONNECT proxy that leads unmodified scripts to the TLS listener. Ports are chosen by
the operating system. The certificates are made at each start and trusted only by who is told to.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import trustme
import uvicorn
from starlette.requests import Request
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from parity.demo.app import Replay, create_app
from parity.demo.faults import Fault, RequestLog
from parity.demo.market import session_hours
from parity.demo.proxy import ConnectProxy

__all__ = ["ReplayServer"]

_LOOPBACK = "127.0.0.1"
_TICK_SECONDS = 0.01
_GRACE_SECONDS = 1


class ReplayServer:
    """Replays both vendors as of a chosen moment; a context manager, entered once.

    `work_dir` receives the certificates and the clients' cache folder. The URLs are known from
    the moment the context is entered. With `made_up`, tickers such as `AAPL-0017` are answered
    with the data of AAPL, under the name that was asked for: where many symbols are wanted.
    """

    def __init__(self, as_of: datetime, work_dir: Path, *, made_up: bool = False) -> None:
        """Prepare a server.

        Raises:
            UsageError: `as_of` has no time zone.
        """
        self._replay = Replay(as_of, made_up=made_up)
        self._work_dir = work_dir.absolute()
        self._sockets = ExitStack()
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._stop: Callable[[], object] = lambda: None
        self._thread = threading.Thread(target=self._run, name="vendor-replay", daemon=True)

    def __enter__(self) -> Self:
        self._work_dir.mkdir(parents=True, exist_ok=True)
        self._write_certificates()
        session_hours()  # takes a second, once a process: not out of the first client's time
        self._http, self._tls, self._proxy = (self._listen() for _ in range(3))
        self._http_port, self._proxy_port = _port(self._http), _port(self._proxy)
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._shut()
            raise RuntimeError("the vendor replay server did not start") from self._failure
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._shut()
        if self._failure is not None and error is None:
            raise RuntimeError("the vendor replay server broke down") from self._failure

    @property
    def http_url(self) -> str:
        """The base URL of both vendors, without a trailing slash."""
        return f"http://{_LOOPBACK}:{self._http_port}"

    @property
    def proxy_url(self) -> str:
        """The CONNECT proxy to Yahoo's hosts; every other host is refused with 403."""
        return f"http://{_LOOPBACK}:{self._proxy_port}"

    @property
    def ca_bundle(self) -> Path:
        """PEM file of the authority that signs the certificate of Yahoo's hosts."""
        return self._work_dir / "replay-ca.pem"

    @property
    def polygon_key(self) -> str:
        """The only Polygon key that is accepted, drawn anew for each server."""
        return self._replay.polygon_key

    @property
    def as_of(self) -> datetime:
        """The moment that is replayed."""
        return self._replay.as_of

    def set_as_of(self, as_of: datetime) -> None:
        """Move to another moment, forward or back; requests from now on see it.

        Raises:
            UsageError: `as_of` has no time zone.
        """
        self._replay.as_of = as_of

    def inject(self, fault: Fault) -> None:
        """Add a fault; of several that fit a request, the first added is used."""
        self._replay.faults.add(fault)

    def clear_faults(self) -> None:
        """Forget every fault."""
        self._replay.faults.clear()

    def requests(self) -> list[RequestLog]:
        """Return what was asked so far, oldest first."""
        return self._replay.requests()

    def environment(self) -> dict[str, str]:
        """Return the variables a job needs to reach this server and nothing else.

        Proxy names come in both cases: curl prefers the lower one, which may be set outside.
        """
        bundle, no_proxy = str(self.ca_bundle), f"{_LOOPBACK},localhost"
        return {
            "HTTPS_PROXY": self.proxy_url,
            "https_proxy": self.proxy_url,
            "NO_PROXY": no_proxy,
            "no_proxy": no_proxy,
            "REQUESTS_CA_BUNDLE": bundle,
            "CURL_CA_BUNDLE": bundle,
            "SSL_CERT_FILE": bundle,
            "YAHOO_BASE_URL": self.http_url,
            "POLYGON_BASE_URL": self.http_url,
            "POLYGON_API_KEY": self.polygon_key,
            "XDG_CACHE_HOME": str(self._work_dir / "cache"),
        }

    @property
    def _certificate(self) -> Path:
        return self._work_dir / "replay-yahoo.pem"

    def _write_certificates(self) -> None:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.ca_bundle))
        leaf = authority.issue_cert("yahoo.com", "*.yahoo.com", "*.finance.yahoo.com")
        self._certificate.touch(mode=0o600)  # it holds the private key
        leaf.private_key_and_cert_chain_pem.write_to_path(str(self._certificate))

    def _shut(self) -> None:
        self._stop()
        self._thread.join()
        self._sockets.close()

    def _listen(self) -> socket.socket:
        listener = self._sockets.enter_context(socket.socket(proto=socket.IPPROTO_TCP))
        listener.bind((_LOOPBACK, 0))
        listener.listen(128)
        return listener

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as failure:  # noqa: BLE001 - raised again in the owner's thread
            self._failure = failure
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        loop, closing = asyncio.get_running_loop(), asyncio.Event()
        connections = _Connections()
        app = create_app(self._replay, closing, connections.drop)
        plain = uvicorn.Server(_config(app, connections, certificate=None))
        tls = uvicorn.Server(_config(app, connections, certificate=self._certificate))
        proxy = ConnectProxy(listener=self._proxy, target_port=_port(self._tls))
        async with asyncio.TaskGroup() as group:
            group.create_task(plain.serve(sockets=[self._http]))
            group.create_task(tls.serve(sockets=[self._tls]))
            while not (plain.started and tls.started):
                await asyncio.sleep(_TICK_SECONDS)
            await proxy.start()
            self._stop = lambda: loop.call_soon_threadsafe(closing.set)
            self._ready.set()
            await closing.wait()
            await proxy.stop()
            plain.should_exit = tls.should_exit = True


class _Connections:
    """The open connections by peer address, so that a fault can close one without an answer."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], asyncio.Transport] = {}

    def protocol(self) -> type[asyncio.Protocol]:
        """Return uvicorn's HTTP protocol, made to keep this register."""
        register = self._open

        class Registered(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                if self.client is not None:
                    register[self.client] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                if self.client is not None:
                    register.pop(self.client, None)
                super().connection_lost(exc)

        return Registered

    def drop(self, request: Request) -> None:
        """Close the connection of a request at once, without a byte."""
        if request.client is not None:
            self._open[request.client.host, request.client.port].abort()


def _config(app: ASGIApp, connections: _Connections, certificate: Path | None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=connections.protocol(),
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        ssl_certfile=None if certificate is None else str(certificate),
    )


def _port(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port
