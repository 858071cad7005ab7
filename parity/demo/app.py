"""The HTTP face of the replay: routes, keys, faults and the request log."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from parity.demo.faults import Fault, FaultBook, FaultKind, RequestLog, Vendor
from parity.demo.market import exchange_date, source_of
from parity.demo.polygon import aggregates, parse_request
from parity.demo.spoil import spoil_aggregates, spoil_chart
from parity.demo.transfer import UNANSWERED, Transfer
from parity.demo.yahoo import chart

__all__ = ["Replay", "create_app"]

# Fixed, not drawn: yfinance keeps cookie and crumb for the life of its process and on disk, longer
# than one replay server lives. Neither is a secret; the Polygon key is, and is drawn per server.
CRUMB = "replay-crumb"
COOKIE = "replay-cookie"
_SECRET_PARAMETERS = ("crumb", "apikey")


class Replay:
    """What the server and its owner share: the moment, the faults, the log; thread-safe.

    `made_up`: a ticker such as `AAPL-0017` is known, and has AAPL's data.
    """

    def __init__(self, as_of: datetime, *, made_up: bool = False) -> None:
        self._made_up = made_up
        self.polygon_key = secrets.token_hex(16)
        self.faults = FaultBook()
        self._lock = threading.Lock()
        self._requests: list[RequestLog] = []
        self._as_of = as_of
        self.as_of = as_of

    @property
    def as_of(self) -> datetime:
        """The moment that is replayed; aware."""
        return self._as_of

    @as_of.setter
    def as_of(self, moment: datetime) -> None:
        exchange_date(moment)  # refuses a moment without a time zone
        self._as_of = moment

    def source(self, symbol: str) -> str:
        """Return whose data a symbol is answered with."""
        return source_of(symbol) if self._made_up else symbol

    def log(self, entry: RequestLog) -> None:
        """Append one request to the log."""
        with self._lock:
            self._requests.append(entry)

    def requests(self) -> list[RequestLog]:
        """Return the log so far, oldest first."""
        with self._lock:
            return list(self._requests)


def create_app(
    replay: Replay, closing: asyncio.Event, drop: Callable[[Request], None]
) -> Starlette:
    """Build the application.

    `closing` cuts injected delays short when the server stops; `drop` closes the connection of a
    request without an answer.
    """
    handler = _Handler(replay, closing, drop)
    aggs = "/v2/aggs/ticker/{symbol}/range/{multiplier}/{span}/{start}/{end}"
    timeseries = "/ws/fundamentals-timeseries/v1/finance/timeseries"
    return Starlette(
        routes=[
            Route("/", handler.cookie),
            Route("/v1/test/getcrumb", handler.crumb),
            Route("/v8/finance/chart/{symbol}", handler.yahoo),
            Route(aggs, handler.polygon),
            Route("/v7/finance/quote", handler.no_quotes),
            Route("/v10/finance/quoteSummary/{symbol}", handler.no_summary),
            Route(f"{timeseries}/{{symbol}}", handler.no_timeseries),
            Route("/{path:path}", handler.unknown, methods=["GET", "POST"]),
        ]
    )


class _Handler:
    def __init__(
        self, replay: Replay, closing: asyncio.Event, drop: Callable[[Request], None]
    ) -> None:
        self._replay = replay
        self._transfer = Transfer(closing, drop)

    async def cookie(self, request: Request) -> Response:
        # The real fc.yahoo.com answers 404 too, and sets the cookie all the same.
        response = PlainTextResponse("Not Found", 404)
        host = request.url.hostname or ""
        domain = ".yahoo.com" if host.endswith("yahoo.com") else None
        response.set_cookie("A3", COOKIE, max_age=31_536_000, domain=domain)
        return self._done(request, response, Vendor.YAHOO)

    async def crumb(self, request: Request) -> Response:
        # Given without a cookie too: yfinance finds one on its disk, kept under Yahoo's name, and
        # a client that comes through the session seam talks to another name.
        return self._done(request, PlainTextResponse(CRUMB), Vendor.YAHOO)

    # yfinance looks for the time zone of a symbol here when the chart gave none. Nothing beyond
    # prices is replayed: as for a symbol that Yahoo does not know, there is nothing to find.

    async def no_quotes(self, request: Request) -> Response:
        body: dict[str, Any] = {"quoteResponse": {"result": [], "error": None}}
        return self._done(request, _json(body, 200), Vendor.YAHOO)

    async def no_summary(self, request: Request) -> Response:
        error = {"code": "Not Found", "description": "Quote not found for symbol"}
        body = {"quoteSummary": {"result": None, "error": error}}
        return self._done(request, _json(body, 404), Vendor.YAHOO)

    async def no_timeseries(self, request: Request) -> Response:
        body: dict[str, Any] = {"timeseries": {"result": [], "error": None}}
        return self._done(request, _json(body, 200), Vendor.YAHOO)

    async def unknown(self, request: Request) -> Response:
        return self._done(request, PlainTextResponse("Not Found", 404), None)

    async def yahoo(self, request: Request) -> Response:
        symbol = str(request.path_params["symbol"]).upper()
        if request.query_params.get("crumb", CRUMB) != CRUMB:
            error = {"code": "Unauthorized", "description": "Invalid Crumb"}
            body = {"chart": {"result": None, "error": error}}
            return self._done(request, _json(body, 401), Vendor.YAHOO, symbol)
        fault = self._replay.faults.take(Vendor.YAHOO, symbol)
        source, as_of = self._replay.source(symbol), self._replay.as_of
        answer = chart(source, request.query_params, as_of, name=symbol)
        body = spoil_chart(answer.body, fault)
        response = _json(body, answer.status, synthetic=answer.synthetic)
        return await self._deliver(request, response, Vendor.YAHOO, symbol, fault)

    async def polygon(self, request: Request) -> Response:
        symbol = str(request.path_params["symbol"])
        request_id = hashlib.md5(
            f"{request.url.path}?{request.url.query}".encode(), usedforsecurity=False
        ).hexdigest()
        if not self._has_key(request):
            body = {"status": "ERROR", "request_id": request_id, "error": "Unknown API Key"}
            return self._done(request, _json(body, 401), Vendor.POLYGON, symbol)
        try:
            asked = parse_request(request.path_params, request.query_params)
        except ValueError as error:
            body = {"status": "ERROR", "request_id": request_id, "error": str(error)}
            return self._done(request, _json(body, 400), Vendor.POLYGON, symbol)
        if (most := self._replay.faults.page_size(Vendor.POLYGON, symbol)) is not None:
            asked = replace(asked, limit=min(asked.limit, most))
        fault = self._replay.faults.take(Vendor.POLYGON, symbol, asked.page)
        answer = aggregates(asked, self._replay.as_of, source=self._replay.source(symbol))
        body = {**answer.body, "request_id": request_id}
        if answer.next_path is not None:
            body["next_url"] = f"{request.url.scheme}://{request.url.netloc}{answer.next_path}"
        response = _json(spoil_aggregates(body, fault), 200, synthetic=answer.synthetic)
        return await self._deliver(request, response, Vendor.POLYGON, symbol, fault)

    def _has_key(self, request: Request) -> bool:
        expected = f"Bearer {self._replay.polygon_key}"
        given = request.headers.get("authorization", "")
        return secrets.compare_digest(given.encode(), expected.encode())

    async def _deliver(
        self,
        request: Request,
        response: Response,
        vendor: Vendor,
        symbol: str,
        fault: Fault | None,
    ) -> Response:
        if fault is None:
            return self._done(request, response, vendor, symbol)
        if fault.kind is FaultKind.STATUS:
            response = _refusal(vendor, fault)
        elif fault.kind is FaultKind.BODY:
            response = Response(fault.body, media_type="application/json")
        elif fault.kind is FaultKind.MALFORMED:
            response = Response(
                bytes(response.body)[: len(response.body) // 2], media_type="application/json"
            )
        self._note(response)
        status = None if fault.kind in UNANSWERED else response.status_code
        self._log(request, vendor, symbol, status, fault.kind)
        return await self._transfer.send(request, response, fault)

    def _done(
        self,
        request: Request,
        response: Response,
        vendor: Vendor | None,
        symbol: str | None = None,
    ) -> Response:
        self._log(request, vendor, symbol, response.status_code, None)
        self._note(response)
        return response

    def _note(self, response: Response) -> None:
        response.headers["X-Replay-As-Of"] = self._replay.as_of.isoformat()

    def _log(
        self,
        request: Request,
        vendor: Vendor | None,
        symbol: str | None,
        status: int | None,
        fault: FaultKind | None,
    ) -> None:
        query = tuple(
            (name, value)
            for name, value in request.query_params.multi_items()
            if name.lower() not in _SECRET_PARAMETERS
        )
        host = request.url.hostname or ""
        path, as_of = request.url.path, self._replay.as_of
        self._replay.log(RequestLog(vendor, host, path, query, symbol, status, fault, as_of))


def _refusal(vendor: Vendor, fault: Fault) -> Response:
    """An HTTP error in the vendor's own shape."""
    said = "injected by the replay"
    body: dict[str, Any] = {"status": "ERROR", "error": said}
    if vendor is Vendor.YAHOO:
        # As Yahoo refuses a crumb: nothing of it stands under `chart`, where yfinance looks.
        error = {"code": str(fault.status), "description": said}
        body = {"finance": {"result": None, "error": error}}
    response = _json(body, fault.status)
    if fault.retry_after is not None:
        response.headers["Retry-After"] = fault.retry_after
    return response


def _json(body: dict[str, Any], status: int, *, synthetic: bool = False) -> Response:
    content = json.dumps(body, allow_nan=False, separators=(",", ":"))
    response = Response(content, status, media_type="application/json")
    if synthetic:
        response.headers["X-Replay-Synthetic"] = "true"
    return response
