"""Yahoo, through yfinance.

yfinance hides most failures as an empty frame and caches answers, failures too, for the life of
the process. Here every failure is an exception that says whether asking again can help.
"""

from __future__ import annotations

import json
import math
import threading
import warnings
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pandas
import yfinance
from curl_cffi.requests import Response, Session
from curl_cffi.requests.exceptions import RequestException
from yfinance.data import YfData
from yfinance.exceptions import YFException, YFPricesMissingError, YFRateLimitError

from prefect_flows.bars import Bar, Window, price
from prefect_flows.errors import LastingError, PassingError

__all__ = ["YahooBars", "fetch"]

_MALFORMED = (ValueError, KeyError, TypeError, IndexError, AttributeError)
_setup = threading.Lock()


@dataclass(frozen=True, slots=True)
class YahooBars:
    """What Yahoo delivered for one symbol.

    Attributes:
        raw: Quote prices (split-adjusted by the vendor, not dividend-adjusted).
        adjusted: The same bars times adjclose/close; hourly answers carry no adjclose, so there
            they equal `raw`, as yfinance's own adjustment does.
        left_out: Bars without a complete set of prices.
    """

    raw: tuple[Bar, ...]
    adjusted: tuple[Bar, ...]
    left_out: int


class _Session(Session[Response]):
    """A curl session with a time limit of its own, on Yahoo or on a stand-in for it."""

    def __init__(self, base_url: str | None, timeout_seconds: float) -> None:
        super().__init__(impersonate="chrome")
        self.base_url = base_url
        self.timeout_seconds = timeout_seconds

    def request(self, method: Any, url: str, *args: Any, **kwargs: Any) -> Any:
        parts = urlsplit(url)
        kwargs["timeout"] = min(kwargs.get("timeout") or math.inf, self.timeout_seconds)
        if self.base_url and (parts.hostname or "").endswith("yahoo.com"):
            url = self.base_url + parts.path + (f"?{parts.query}" if parts.query else "")
        response = super().request(method, url, *args, **kwargs)
        if parts.path.startswith("/v8/finance/chart/"):
            _check_status(parts.path.rpartition("/")[2], response)
        return response


def fetch(
    symbol: str,
    window: Window,
    interval: str,
    *,
    base_url: str | None,
    timeout_seconds: float,
) -> YahooBars:
    """Fetch a symbol's bars; none at all is a valid answer (an empty result).

    Args:
        symbol: Ticker.
        window: Bars outside it are dropped, whatever the vendor sends.
        interval: `1d` or `1h`.
        base_url: Stand-in for Yahoo's hosts; None is the real Yahoo.
        timeout_seconds: Longest wait for one HTTP answer.

    Raises:
        PassingError: Time-out, refused connection, 429, 5xx or an unreadable answer.
        LastingError: Yahoo says that it has no such symbol, or refuses the request.
    """
    frame = _history(symbol, window, interval, _session(base_url, timeout_seconds))
    if frame is None:
        return YahooBars((), (), 0)
    delivered = _rows(symbol, frame, window)
    rows = [row for row in delivered if _is_complete(row)]
    # A hole in the past stays; one in the newest bar is a feed that has not caught up.
    if delivered and not _is_complete(delivered[-1]):
        raise PassingError(symbol, f"the newest bar ({delivered[-1][0]}) lacks a price")
    return YahooBars(
        raw=tuple(_bar(row, 1.0) for row in rows),
        adjusted=tuple(_bar(row, row[6] / row[4]) for row in rows),
        left_out=len(delivered) - len(rows),
    )


_sessions: dict[tuple[str | None, float], _Session] = {}


def _session(base_url: str | None, timeout_seconds: float) -> _Session:
    # yfinance keeps one session a process, the last one given: hand it the same one each time.
    with _setup:
        yfinance.config.debug.hide_exceptions = False
        key = (base_url, timeout_seconds)
        if key not in _sessions:
            _sessions[key] = _Session(base_url, timeout_seconds)
        return _sessions[key]


def _history(
    symbol: str, window: Window, interval: str, session: _Session
) -> pandas.DataFrame | None:
    # A cached failure would otherwise be the answer to every retry.
    YfData.cache_get.cache_clear()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frame = yfinance.Ticker(symbol, session=session).history(
                start=window.start,
                end=window.end,
                interval=interval,
                auto_adjust=False,
                actions=False,
                timeout=session.timeout_seconds,
            )
    except YFRateLimitError:
        raise PassingError(symbol, "HTTP 429") from None
    except YFPricesMissingError as error:
        if error.yahoo_reason is None:
            return None
        raise LastingError(symbol, str(error.yahoo_reason)) from None
    except YFException as error:
        raise LastingError(symbol, str(error)) from error
    except RequestException as error:
        raise PassingError(symbol, _first_line(error)) from error
    except _MALFORMED as error:
        raise PassingError(symbol, f"unreadable answer: {_first_line(error)}") from error
    return None if frame.empty else frame


def _rows(symbol: str, frame: pandas.DataFrame, window: Window) -> list[tuple[Any, ...]]:
    try:
        columns = frame[["Open", "High", "Low", "Close", "Volume", "Adj Close"]]
        if pandas.DatetimeIndex(columns.index).tz is None:
            raise PassingError(symbol, "the answer's timestamps have no time zone")
    except KeyError as error:
        raise PassingError(symbol, f"the answer has no {error}") from None
    return [row for row in columns.itertuples(name=None) if window.covers(row[0])]


def _is_complete(row: tuple[Any, ...]) -> bool:
    return all(math.isfinite(row[place]) and row[place] > 0 for place in (1, 2, 3, 4, 6))


def _bar(row: tuple[Any, ...], ratio: float) -> Bar:
    timestamp: datetime = row[0].to_pydatetime()
    opening, high, low, close = (price(float(row[place]) * ratio) for place in (1, 2, 3, 4))
    return Bar(timestamp, opening, high, low, close, int(row[5]))


def _check_status(symbol: str, response: Response) -> None:
    """Raise where yfinance would make detours: a consent page, another service's quote."""
    status = response.status_code
    if status in {408, 425, 429} or status >= 500:
        raise PassingError(symbol, f"HTTP {status}")
    if status in {400, 404, 422}:
        raise LastingError(symbol, f"HTTP {status} {_description(response)}".strip())


def _description(response: Response) -> str:
    try:
        return str(json.loads(response.text)["chart"]["error"]["description"])
    except (ValueError, KeyError, TypeError):
        return ""


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]
