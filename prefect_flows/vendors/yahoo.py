"""Yahoo, through yfinance.

yfinance hides most failures as an empty frame and caches answers, failures too, for the life of
the process. Here every failure is an exception that says whether asking again can help, and what
yfinance leaves out of an answer is known (`chart`).
"""

from __future__ import annotations

import json
import math
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pandas
import yfinance
from curl_cffi.requests import Response, Session
from curl_cffi.requests.exceptions import RequestException
from yfinance.data import YfData
from yfinance.exceptions import YFException, YFPricesMissingError
from yfinance.scrapers.history import PriceHistory

from prefect_flows.bars import NEW_YORK, Bar, Window, price, session_of
from prefect_flows.errors import PassingError
from prefect_flows.permit import Permit, nothing
from prefect_flows.vendors.chart import Chart, due, read_chart
from prefect_flows.vendors.transport import (
    FETCH_SECONDS,
    Deadline,
    broken,
    check_status,
)
from prefect_flows.vendors.validation import check_bars, check_not_empty, note_missing, spell

__all__ = ["YahooBars", "fetch"]

_MALFORMED = (ValueError, KeyError, TypeError, IndexError, AttributeError)
_REFUSED = {401, 403}
_CHARTS = "/v8/finance/chart/"
# yfinance holds a lock over these, and does without them where they fail.
_COOKIE_SECONDS = 5.0
_setup = threading.Lock()


@dataclass(frozen=True, slots=True)
class YahooBars:
    """What Yahoo delivered for one symbol.

    Attributes:
        raw: Quote prices (split-adjusted by the vendor, not dividend-adjusted).
        adjusted: The same bars times adjclose/close; hourly answers carry no adjclose, so there
            they equal `raw`, as yfinance's own adjustment does.
        left_out: Bars without a complete set of prices.
        note: What is worth knowing of them; empty when nothing is.
    """

    raw: tuple[Bar, ...]
    adjusted: tuple[Bar, ...]
    left_out: int
    note: str = ""


def fetch(
    symbol: str,
    window: Window,
    interval: str,
    *,
    base_url: str | None,
    timeout_seconds: float,
    permit: Permit = nothing,
    deadline_seconds: float = FETCH_SECONDS,
) -> YahooBars:
    """Fetch a symbol's bars; none at all is valid where no whole session is asked for.

    Args:
        symbol: Ticker.
        window: Bars before it are dropped, one after it is an error.
        interval: `1d` or `1h`.
        base_url: Stand-in for Yahoo's hosts; None is the real Yahoo.
        timeout_seconds: Longest wait for one HTTP answer, from the look-up of the host to the
            last byte.
        permit: Called before every request for bars; returns when it may be sent.
        deadline_seconds: Longest wait for all requests, permits not counted.

    Raises:
        PassingError: Time-out, refused connection, 429, 5xx, or an answer that fails a check.
        LastingError: Yahoo says that it has no such symbol, or refuses the request.
    """
    daily = interval == "1d"
    asked = _Fetch(symbol, interval, Deadline(symbol, deadline_seconds), permit)
    with asked.under_way():
        frame = _history(asked, window, _session(base_url, timeout_seconds))
    if asked.chart is None:
        raise PassingError(symbol, "no answer")
    expected = due(symbol, asked.chart, window, daily=daily)
    delivered = sorted({*expected.whole, *expected.left_out})
    if not delivered:
        check_not_empty(symbol, window)
        return YahooBars((), (), 0)
    # A hole in the past stays; one in the newest bar is a feed that has not caught up.
    if delivered[-1] in expected.left_out:
        raise PassingError(symbol, f"the newest bar ({spell(delivered[-1])}) lacks a price")
    rows = _rows(symbol, frame, expected.whole)
    try:
        raw, adjusted = _bars(rows, adjust=False), _bars(rows, adjust=True)
    except (ValueError, OverflowError) as error:
        raise PassingError(symbol, f"a bar is wrong: {_first_line(error)}") from None
    check_bars(symbol, raw, window, daily=daily)
    check_bars(symbol, adjusted, window, daily=daily)
    return YahooBars(
        raw, adjusted, len(expected.left_out), _note(delivered, expected.left_out, window)
    )


def _note(delivered: Sequence[datetime], left_out: Sequence[datetime], window: Window) -> str:
    incomplete = ""
    if left_out:
        bars = "bar" if len(left_out) == 1 else "bars"
        incomplete = f"{len(left_out)} incomplete {bars} left out, from {spell(left_out[0])} on"
    missing = note_missing({session_of(moment) for moment in delivered}, window)
    return "; ".join(filter(None, (incomplete, missing)))


@dataclass(slots=True)
class _Fetch:
    """One call of `fetch`, for the session that all of them share."""

    symbol: str
    interval: str
    deadline: Deadline
    permit: Permit
    chart: Chart | None = None
    refusals: int = 0

    @contextmanager
    def under_way(self) -> Iterator[None]:
        token = _under_way.set(self)
        try:
            yield
        finally:
            _under_way.reset(token)

    def take(self, response: Response) -> None:
        """Look at an answer before yfinance does."""
        status = response.status_code
        if status in _REFUSED and self.refusals == 0:
            self.refusals += 1  # yfinance renews cookie and crumb, and asks once more
            return
        # Otherwise it would make detours: a consent page, another service's quote.
        check_status(
            self.symbol,
            status,
            retry_after=response.headers.get("Retry-After"),
            said=_description(response),
        )
        self.chart = read_chart(self.symbol, self.interval, response.text)


_under_way: ContextVar[_Fetch] = ContextVar("yahoo_fetch")


class _Session(Session[Response]):
    """A curl session whose requests are bounded, on Yahoo or on a stand-in for it."""

    def __init__(self, base_url: str | None, timeout_seconds: float) -> None:
        super().__init__(impersonate="chrome")
        self.base_url = base_url
        self.timeout_seconds = timeout_seconds

    def request(self, method: Any, url: str, *args: Any, **kwargs: Any) -> Any:
        fetch, parts = _under_way.get(), urlsplit(url)
        asks_for_bars = parts.path.startswith(_CHARTS)
        if asks_for_bars:
            fetch.deadline.wait_for(fetch.permit)
        most = self.timeout_seconds if asks_for_bars else min(self.timeout_seconds, _COOKIE_SECONDS)
        kwargs["timeout"] = fetch.deadline.limit(most)
        if self.base_url and (parts.hostname or "").endswith("yahoo.com"):
            url = self.base_url + parts.path + (f"?{parts.query}" if parts.query else "")
        response = super().request(method, url, *args, **kwargs)
        # Where it ended, not where it began: both ways may lead over a consent page.
        if urlsplit(str(response.url)).path.startswith(_CHARTS):
            fetch.take(response)
        return response


_sessions: dict[tuple[str | None, float], _Session] = {}


def _session(base_url: str | None, timeout_seconds: float) -> _Session:
    # yfinance keeps one session a process, the last one given: hand it the same one each time.
    with _setup:
        yfinance.config.debug.hide_exceptions = False
        key = (base_url, timeout_seconds)
        if key not in _sessions:
            _sessions[key] = _Session(base_url, timeout_seconds)
        return _sessions[key]


def _history(asked: _Fetch, window: Window, session: _Session) -> pandas.DataFrame | None:
    data = YfData(session=session)
    # It would keep answers: a failure for every retry, and for two threads one of which asked.
    data.cache_get = data.get
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Not through Ticker, which asks for the time zone first: a request a symbol more. The
            # answer itself has the zone, and it is checked there.
            history = PriceHistory(data, asked.symbol, NEW_YORK.key, session=session)
            frame: pandas.DataFrame = history.history(
                start=window.start,
                end=window.end,
                interval=asked.interval,
                auto_adjust=False,
                actions=False,
                timeout=session.timeout_seconds,
            )
            return frame
    except YFPricesMissingError:
        return None  # whether that is right, the chart tells
    except YFException as error:
        raise PassingError(asked.symbol, _first_line(error)) from error
    except RequestException as error:
        raise broken(asked.symbol, error) from error
    except _MALFORMED as error:
        raise PassingError(asked.symbol, f"unreadable answer: {_first_line(error)}") from error


def _rows(
    symbol: str, frame: pandas.DataFrame | None, whole: Sequence[datetime]
) -> list[tuple[Any, ...]]:
    """Return the rows of the bars that are due, in order; yfinance may not lose one."""
    columns = ["Open", "High", "Low", "Close", "Volume", "Adj Close"]
    found = (
        {}
        if frame is None or frame.empty
        else {row[0].to_pydatetime(): row for row in frame[columns].itertuples(name=None)}
    )
    for moment in whole:
        if moment not in found:
            raise PassingError(symbol, f"unreadable answer: the bar of {spell(moment)} got lost")
    return [(moment, *found[moment][1:]) for moment in whole]


def _bars(rows: Sequence[tuple[Any, ...]], *, adjust: bool) -> tuple[Bar, ...]:
    return tuple(_bar(row, row[6] / row[4] if adjust else 1.0) for row in rows)


def _bar(row: tuple[Any, ...], ratio: float) -> Bar:
    opening, high, low, close = (price(float(row[place]) * ratio) for place in (1, 2, 3, 4))
    volume = None if math.isnan(row[5]) else int(row[5])
    return Bar(row[0], opening, high, low, close, volume)


def _description(response: Response) -> str:
    """Return Yahoo's own words for an error; under `chart`, or under `finance` for a crumb."""
    try:
        (body,) = json.loads(response.text).values()
        return str(body["error"]["description"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]
