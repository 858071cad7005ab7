"""Polygon, through its own client.

The client turns malformed JSON, a missing result and `status: ERROR` into an empty list, a
malformed second page into a shorter list, and never applies its time limits. Here each answer
is checked as it is read, and the connection pool carries the limit.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import urllib3
from polygon import RESTClient
from polygon.exceptions import BadResponse

from prefect_flows.bars import Bar, Window, price, session_of
from prefect_flows.errors import LastingError, PassingError

__all__ = ["fetch_daily"]

_PAGE = 50_000
_GOOD = {"OK", "DELAYED"}
_PAGES_SECONDS = 120.0


class _CheckedJson:
    """Stands in for the `json` module of one request: reads an answer and checks it whole."""

    def __init__(self, symbol: str) -> None:
        self._symbol = symbol
        self._deadline = time.monotonic() + _PAGES_SECONDS

    def loads(self, text: str) -> dict[str, Any]:
        if time.monotonic() > self._deadline:
            raise PassingError(self._symbol, f"the pages took over {_PAGES_SECONDS:.0f} s")
        try:
            answer = json.loads(text)
        except ValueError as error:
            raise PassingError(self._symbol, f"unreadable answer: {error}") from error
        if not isinstance(answer, dict):
            raise PassingError(self._symbol, "unreadable answer: not an object")
        self._check(answer)
        return answer

    def _check(self, answer: dict[str, Any]) -> None:
        if answer.get("status") not in _GOOD:
            reason = answer.get("error") or answer.get("message") or ""
            raise PassingError(self._symbol, f"status {answer.get('status')!r} {reason}".strip())
        if answer.get("ticker", self._symbol) != self._symbol:
            raise PassingError(self._symbol, f"the answer is about {answer['ticker']!r}")
        results, promised = answer.get("results", []), answer.get("resultsCount")
        if not isinstance(results, list) or promised != len(results):
            found = len(results) if isinstance(results, list) else "no list of"
            raise PassingError(self._symbol, f"{found} results where {promised} are announced")


def fetch_daily(
    symbol: str, window: Window, *, base_url: str, api_key: str, timeout_seconds: float
) -> tuple[Bar, ...]:
    """Fetch a symbol's daily bars, split-adjusted, in order; none at all is a valid answer.

    Args:
        symbol: Ticker.
        window: Bars outside it are dropped, whatever the vendor sends.
        base_url: Root of the API.
        api_key: Sent as a bearer token.
        timeout_seconds: Longest wait for a connection and for each read.

    Raises:
        PassingError: Time-out, refused connection, 429, 5xx, or an answer that fails a check.
        LastingError: The vendor refuses the request (400, 401, 403, 404).
    """
    client = _client(symbol, base_url, api_key, timeout_seconds)
    try:
        answers = list(
            client.list_aggs(
                symbol,
                1,
                "day",
                session_of(window.start),
                session_of(window.end),
                adjusted=True,
                sort="asc",
                limit=_PAGE,
            )
        )
    except BadResponse as error:
        raise LastingError(symbol, f"refused: {str(error)[:200]}") from error
    except urllib3.exceptions.HTTPError as error:
        cause = getattr(error, "reason", None) or error  # MaxRetryError tells little by itself
        raise PassingError(symbol, f"{type(cause).__name__}: {cause}"[:200]) from error
    finally:
        client.client.clear()
    bars = [_bar(symbol, answer) for answer in answers]
    moments = [bar.timestamp for bar in bars]
    if any(later <= earlier for earlier, later in pairwise(moments)):
        raise PassingError(symbol, "the bars are not in order, or one comes twice")
    return tuple(bar for bar in bars if window.covers(bar.timestamp))


def _client(symbol: str, base_url: str, api_key: str, timeout_seconds: float) -> RESTClient:
    # No retries in here: the task's retries are the only ones, so each shows in Prefect.
    client = RESTClient(api_key, base=base_url, retries=0, custom_json=_CheckedJson(symbol))
    client.client.connection_pool_kw["timeout"] = urllib3.Timeout(
        connect=timeout_seconds, read=timeout_seconds
    )
    return client


def _bar(symbol: str, answer: Any) -> Bar:
    try:
        return Bar(
            timestamp=datetime.fromtimestamp(answer.timestamp / 1000, UTC),
            open=price(answer.open),
            high=price(answer.high),
            low=price(answer.low),
            close=price(answer.close),
            volume=None if answer.volume is None else round(answer.volume),
        )
    except (TypeError, ValueError, AttributeError) as error:
        raise PassingError(symbol, f"a bar is incomplete: {error}") from error
