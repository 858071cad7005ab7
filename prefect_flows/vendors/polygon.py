"""Polygon, through its own client.

The client turns malformed JSON, a missing result and `status: ERROR` into an empty list, a
malformed second page into a shorter list, and never applies its time limits. Here its transport
is replaced by one that is bounded, and each page is checked as it is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Literal

from curl_cffi.requests import Response, Session
from curl_cffi.requests.exceptions import RequestException
from polygon import RESTClient

from prefect_flows.bars import Bar, Window, price, session_of
from prefect_flows.errors import PassingError
from prefect_flows.permit import Permit, nothing
from prefect_flows.vendors.transport import (
    FETCH_SECONDS,
    Deadline,
    broken,
    check_status,
)
from prefect_flows.vendors.validation import check_bars, check_not_empty, note_missing, spell

__all__ = ["PolygonBars", "fetch_daily"]

_PAGE = 50_000
_GOOD = {"OK", "DELAYED"}


@dataclass(frozen=True, slots=True)
class PolygonBars:
    """What Polygon delivered for one symbol.

    Attributes:
        bars: Daily bars in order, adjusted for splits and not for dividends.
        note: What is worth knowing of them; empty when nothing is.
    """

    bars: tuple[Bar, ...]
    note: str = ""


def fetch_daily(
    symbol: str,
    window: Window,
    *,
    base_url: str,
    api_key: str,
    timeout_seconds: float,
    permit: Permit = nothing,
    deadline_seconds: float = FETCH_SECONDS,
    may_be_empty: bool = False,
) -> PolygonBars:
    """Fetch a symbol's daily bars; none at all is valid where no whole session is asked for.

    Args:
        symbol: Ticker.
        window: Bars before it are dropped, one after it is an error.
        base_url: Root of the API.
        api_key: Sent as a bearer token.
        timeout_seconds: Longest wait for one page, from the look-up of the host to the last byte.
        permit: Called before every request; returns when it may be sent.
        deadline_seconds: Longest wait for all pages, permits not counted.
        may_be_empty: No bars are a valid answer for any window, as for years before a listing.

    Raises:
        PassingError: Time-out, refused connection, 429, 5xx, or an answer that fails a check.
        LastingError: The vendor refuses the request (400, 401, 403, 404).
    """
    client = RESTClient(api_key, base=base_url, custom_json=_CheckedJson(symbol))
    deadline = Deadline(symbol, deadline_seconds)
    client.client = _Transport(symbol, timeout_seconds, deadline, permit)
    answers = client.list_aggs(
        symbol,
        1,
        "day",
        session_of(window.start),
        session_of(window.end - timedelta(microseconds=1)),
        adjusted=True,
        sort="asc",
        limit=_PAGE,
    )
    try:
        bars = [_bar(symbol, answer) for answer in answers]
    except (AttributeError, TypeError, KeyError) as error:
        # From within the client, which takes every answer for what it should be.
        raise PassingError(symbol, f"unreadable answer: {type(error).__name__}: {error}") from None
    check_bars(symbol, bars, window, daily=True)
    wanted = tuple(bar for bar in bars if window.covers(bar.timestamp))
    if not wanted and not may_be_empty:
        check_not_empty(symbol, window)
    note = note_missing([session_of(bar.timestamp) for bar in wanted], window)
    return PolygonBars(wanted, note)


class _CheckedJson:
    """Stands in for the `json` module of one request: reads a page and checks it whole."""

    def __init__(self, symbol: str) -> None:
        self._symbol = symbol
        self._page = 0

    def loads(self, text: str) -> dict[str, Any]:
        self._page += 1
        try:
            answer = json.loads(text)
        except ValueError as error:
            raise self._wrong(f"unreadable answer: {error}") from None
        if not isinstance(answer, dict):
            raise self._wrong("unreadable answer: not an object")
        self._check(answer)
        return answer

    def _check(self, answer: Mapping[str, Any]) -> None:
        status = answer.get("status")
        if status not in _GOOD:
            said = answer.get("error") or answer.get("message") or ""
            shown = "no status" if status is None else f"status {status!r}"
            raise self._wrong(f"{shown} {said}".strip())
        if answer.get("ticker", self._symbol) != self._symbol:
            raise self._wrong(f"the answer is about {answer['ticker']!r}")
        if answer.get("adjusted") is False:
            raise self._wrong("the answer is not adjusted for splits")
        results, promised = answer.get("results", []), answer.get("resultsCount")
        if not isinstance(results, list):
            raise self._wrong("the results are no list")
        if promised is None:
            raise self._wrong(f"{len(results)} results, and no count of them")
        if promised != len(results):
            raise self._wrong(f"{len(results)} results where {promised} are announced")

    def _wrong(self, reason: str) -> PassingError:
        where = f"page {self._page}: " if self._page > 1 else ""
        return PassingError(self._symbol, f"{where}{reason}"[:300])


@dataclass(frozen=True, slots=True)
class _Page:
    """What the client reads of an answer."""

    status: int
    data: bytes


class _Transport:
    """Stands in for the client's pool of connections.

    It sends nothing twice: the task's retries are the only ones, so that each shows in Prefect.
    """

    def __init__(
        self, symbol: str, timeout_seconds: float, deadline: Deadline, permit: Permit
    ) -> None:
        self._symbol = symbol
        self._timeout_seconds = timeout_seconds
        self._deadline = deadline
        self._permit = permit

    def request(
        self, method: Literal["GET"], url: str, fields: dict[str, Any], headers: dict[str, str]
    ) -> _Page:
        self._deadline.wait_for(self._permit)
        limit = self._deadline.limit(self._timeout_seconds)
        try:
            answer = _session().request(
                method, url, params=fields, headers=headers, timeout=limit, allow_redirects=False
            )
        except RequestException as error:
            raise broken(self._symbol, error) from error
        check_status(
            self._symbol,
            answer.status_code,
            retry_after=answer.headers.get("Retry-After"),
            said=_said(answer),
        )
        try:
            answer.content.decode()  # the client would take an error here for the end of the list
        except UnicodeDecodeError as error:
            raise PassingError(self._symbol, f"unreadable answer: {error.reason}") from None
        return _Page(answer.status_code, answer.content)


@cache
def _session() -> Session[Response]:
    # One for the process: it keeps a connection open for each thread. It has nothing of a request.
    return Session(discard_cookies=True)


def _said(answer: Response) -> str:
    try:
        body = json.loads(answer.content)
        return str(body.get("error") or body.get("message") or "")
    except (ValueError, AttributeError):
        return ""


def _bar(symbol: str, answer: Any) -> Bar:
    try:
        moment = datetime.fromtimestamp(answer.timestamp / 1000, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise PassingError(symbol, f"a bar has no time: {answer.timestamp!r}") from None
    try:
        return Bar(
            timestamp=moment,
            open=price(answer.open),
            high=price(answer.high),
            low=price(answer.low),
            close=price(answer.close),
            volume=None if answer.volume is None else round(answer.volume),
        )
    except (TypeError, ValueError, OverflowError) as error:
        lacks = None in (answer.open, answer.high, answer.low, answer.close)
        why = "lacks a price" if lacks else f"is wrong: {error}"
        raise PassingError(symbol, f"the bar of {spell(moment)} {why}") from None
