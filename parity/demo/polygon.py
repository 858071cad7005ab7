"""Polygon's aggregates API, version 2: what it answers, as a function of the market and the moment.

`adjusted` means splits only, never dividends: prices divided, volume multiplied. Daily bars are
stamped at midnight New York time, hourly ones (synthetic) with their clock hour. `vw` and `n` are
left out, as the sample data has neither.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from parity.demo.bars import EXCHANGE_TZ, Bar, epoch, midnight
from parity.demo.market import SYMBOLS, daily_bars, intraday_bars

__all__ = ["AggsAnswer", "AggsRequest", "aggregates", "parse_request"]

DEFAULT_LIMIT = 5000
MAX_LIMIT = 50_000
_SPANS = ("day", "hour")
_OPTIONS = ("adjusted", "sort", "limit")


@dataclass(frozen=True, slots=True)
class AggsRequest:
    """A parsed request: bars stamped from `start` to `end` milliseconds, both included."""

    symbol: str
    span: str
    start: int
    end: int
    adjusted: bool = True
    descending: bool = False
    limit: int = DEFAULT_LIMIT
    page: int = 1


@dataclass(frozen=True, slots=True)
class AggsAnswer:
    """One page: JSON body without `request_id`, and whether its bars are synthetic.

    `next_path` is the path and query of the next page, None on the last one.
    """

    body: dict[str, Any]
    next_path: str | None
    synthetic: bool


def parse_request(path: Mapping[str, str], query: Mapping[str, str]) -> AggsRequest:
    """Parse the path's parts (symbol, multiplier, span, start, end) and the query.

    Raises:
        ValueError: a part is malformed or not replayed; the text is fit for the client.
    """
    if path["multiplier"] != "1" or path["span"] not in _SPANS:
        raise ValueError("the replay has aggregates of 1 day and 1 hour only")
    options = _decode_cursor(query["cursor"]) if "cursor" in query else dict(query)
    request = AggsRequest(
        symbol=path["symbol"],
        span=path["span"],
        start=_millis(path["start"], last=False),
        end=_millis(path["end"], last=True),
        adjusted=_choice(options, "adjusted", ("true", "false")) == "true",
        descending=_choice(options, "sort", ("asc", "desc")) == "desc",
        limit=_whole(options, "limit", DEFAULT_LIMIT, MAX_LIMIT),
        page=_whole(options, "page", 1, 1_000_000) if "cursor" in query else 1,
    )
    if request.end < request.start:
        raise ValueError("the time range is invalid: 'to' is before 'from'")
    return request


def aggregates(request: AggsRequest, as_of: datetime, *, source: str | None = None) -> AggsAnswer:
    """Answer one page; a symbol or a range without bars has `resultsCount` 0 and no `results`.

    `source` is the symbol whose bars are sent, where it is another than the one asked for.
    """
    stamped = [
        (stamp, bar)
        for bar in _known(source or request.symbol, request, as_of)
        if request.start <= (stamp := _stamp(bar, request.span)) <= request.end
    ]
    if request.descending:
        stamped.reverse()
    page, rest = stamped[: request.limit], stamped[request.limit :]
    body: dict[str, Any] = {
        "ticker": request.symbol,
        "queryCount": len(page),
        "resultsCount": len(page),
        "adjusted": request.adjusted,
        "status": "OK",
        "count": len(page),
    }
    if page:
        body["results"] = [_result(stamp, bar) for stamp, bar in page]
    next_path = _next_path(request, rest[0][0]) if rest else None
    return AggsAnswer(body, next_path, synthetic=request.span == "hour")


def _known(symbol: str, request: AggsRequest, as_of: datetime) -> tuple[Bar, ...]:
    if symbol not in SYMBOLS:
        return ()
    if request.span == "day":
        return daily_bars(symbol, as_of, split_adjusted=request.adjusted)
    # Held between 1970 and the moment asked, a start far off is no date that Python can hold.
    since = min(max(request.start / 1000, 0), as_of.timestamp())
    return intraday_bars(
        symbol,
        as_of,
        since=datetime.fromtimestamp(since, EXCHANGE_TZ).date(),
        split_adjusted=request.adjusted,
        clock_hours=True,
    )


def _stamp(bar: Bar, span: str) -> int:
    start = midnight(bar.session) if span == "day" else bar.start
    return epoch(start) * 1000


def _result(stamp: int, bar: Bar) -> dict[str, Any]:
    return {
        "v": bar.volume, "o": bar.open, "c": bar.close, "h": bar.high, "l": bar.low, "t": stamp,
    }  # fmt: skip


def _next_path(request: AggsRequest, stamp: int) -> str:
    # As Polygon does: the path moves on, so that a page stays right when newer bars arrive.
    if request.descending:
        moved = replace(request, end=stamp, page=request.page + 1)
    else:
        moved = replace(request, start=stamp, page=request.page + 1)
    return (
        f"/v2/aggs/ticker/{moved.symbol}/range/1/{moved.span}/{moved.start}/{moved.end}"
        f"?cursor={_encode_cursor(moved)}"
    )


def _encode_cursor(request: AggsRequest) -> str:
    options = {
        "adjusted": str(request.adjusted).lower(),
        "sort": "desc" if request.descending else "asc",
        "limit": str(request.limit),
        "page": str(request.page),
    }
    return urlsafe_b64encode(urlencode(options).encode()).decode().rstrip("=")


def _decode_cursor(cursor: str) -> dict[str, str]:
    padded = cursor + "=" * (-len(cursor) % 4)
    try:
        options = dict(parse_qsl(urlsafe_b64decode(padded.encode()).decode()))
    except (Base64Error, UnicodeError):
        raise ValueError("the cursor is malformed") from None
    if not {*_OPTIONS, "page"} <= options.keys():
        raise ValueError("the cursor is malformed")
    return options


def _millis(text: str, *, last: bool) -> int:
    if text.lstrip("-").isdecimal() and "-" not in text[1:]:
        return int(text)
    try:
        day = date.fromisoformat(text)
        return (
            epoch(midnight(day + timedelta(days=1))) * 1000 - 1
            if last
            else epoch(midnight(day)) * 1000
        )
    except (ValueError, OverflowError):
        raise ValueError("'from' and 'to' must be YYYY-MM-DD or milliseconds") from None


def _choice(options: Mapping[str, str], name: str, allowed: tuple[str, str]) -> str:
    value = options.get(name, allowed[0])
    if value not in allowed:
        raise ValueError(f"'{name}' must be one of: {', '.join(allowed)}")
    return value


def _whole(options: Mapping[str, str], name: str, default: int, maximum: int) -> int:
    text = options.get(name, str(default))
    if not text.isdecimal() or not 1 <= int(text) <= maximum:
        raise ValueError(f"'{name}' must be a whole number from 1 to {maximum}")
    return int(text)
