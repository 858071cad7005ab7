"""Yahoo's chart API, version 8: what it answers, as a function of the market and the moment.

`quote` is always split-adjusted, `adjclose` (daily bars only) also dividend-adjusted, both as of
the moment asked. Daily bars are stamped with the open of their session, as Yahoo does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from parity.demo.bars import EXCHANGE_TZ, Bar, epoch, midnight
from parity.demo.market import (
    adjusted_close,
    daily_bars,
    dividends_as_of,
    exchange_date,
    intraday_bars,
    is_listed,
    session_hours,
    split_ratio,
    splits_as_of,
)
from parity.demo.yahoo_meta import chart_meta, trading_periods

__all__ = ["ChartAnswer", "chart"]

_HOURLY = ("1h", "60m")
_RANGE_DAYS = {"1mo": 30, "3mo": 91, "6mo": 182, "1y": 365, "2y": 730, "5y": 1826, "10y": 3652}
_SESSION_RANGES = {"1d": 1, "5d": 5}
_HOURLY_REACH = timedelta(days=730)


@dataclass(frozen=True, slots=True)
class ChartAnswer:
    """An answer: HTTP status, JSON body, and whether its bars are synthetic."""

    status: int
    body: dict[str, Any]
    synthetic: bool = False


class _RefusedError(Exception):
    def __init__(self, code: str, description: str, status: int) -> None:
        super().__init__(description)
        self.answer = ChartAnswer(
            status, {"chart": {"result": None, "error": {"code": code, "description": description}}}
        )


@dataclass(frozen=True, slots=True)
class _Window:
    """Which bars are asked for: [start, end) in epoch seconds, cut to the newest `sessions`."""

    start: float
    end: float
    sessions: int | None = None


def chart(
    symbol: str, query: Mapping[str, str], as_of: datetime, *, name: str | None = None
) -> ChartAnswer:
    """Answer `/v8/finance/chart/SYMBOL` for its query parameters, under another `name` if given.

    Unknown symbols get 404, other intervals than 1d, 1h and 60m and malformed ranges 4xx, each
    with Yahoo's `chart.error`. A range without bars gets 200 with no `timestamp`.
    """
    try:
        answer = _answer(symbol.upper(), query, as_of)
    except _RefusedError as refused:
        return refused.answer
    if name is not None:
        answer.body["chart"]["result"][0]["meta"]["symbol"] = name
    return answer


def _answer(symbol: str, query: Mapping[str, str], as_of: datetime) -> ChartAnswer:
    if not is_listed(symbol, as_of):
        raise _RefusedError("Not Found", "No data found, symbol may be delisted", 404)
    interval = query.get("interval", "1d")
    if interval not in ("1d", *_HOURLY):
        raise _RefusedError(
            "Unprocessable Entity", f"Invalid input - interval={interval} is not supported", 422
        )
    hourly = interval in _HOURLY
    window = _window(query, as_of)
    if hourly:
        _check_reach(window, as_of)
    bars = _bars(symbol, window, as_of, hourly)
    meta = chart_meta(symbol, query, as_of, hourly)
    result: dict[str, Any] = {"meta": meta}
    if bars:
        result["timestamp"] = [epoch(bar.start) for bar in bars]
        events = _events(symbol, query.get("events", ""), bars, window, as_of)
        if events:
            result["events"] = events
        if hourly:
            meta["tradingPeriods"] = trading_periods(bars, query)
    result["indicators"] = _indicators(symbol, bars, as_of, hourly)
    return ChartAnswer(200, {"chart": {"result": [result], "error": None}}, synthetic=hourly)


def _window(query: Mapping[str, str], as_of: datetime) -> _Window:
    if "period1" in query or "period2" in query:
        start = _number(query.get("period1", "0"))
        end = _number(query["period2"]) if "period2" in query else as_of.timestamp()
        if start > end:
            raise _RefusedError(
                "Bad Request",
                "Invalid input - start date cannot be after end date. "
                f"startDate = {start:.0f}, endDate = {end:.0f}",
                400,
            )
        return _Window(start, end)
    span = query.get("range", "1d")
    if span in _SESSION_RANGES:
        return _Window(float("-inf"), float("inf"), _SESSION_RANGES[span])
    return _Window(_range_start(span, as_of), float("inf"))


def _range_start(span: str, as_of: datetime) -> float:
    today = exchange_date(as_of)
    if span == "max":
        return float("-inf")
    if span == "ytd":
        return midnight(date(today.year, 1, 1)).timestamp()
    if span not in _RANGE_DAYS:
        raise _RefusedError(
            "Unprocessable Entity", f"Invalid input - range={span} is not supported", 422
        )
    return midnight(today - timedelta(days=_RANGE_DAYS[span])).timestamp()


def _number(text: str) -> float:
    try:
        return float(int(text))
    except (ValueError, OverflowError):
        raise _RefusedError("Bad Request", "Invalid input - not a time", 400) from None


def _check_reach(window: _Window, as_of: datetime) -> None:
    # Whole days: a loader that asks for the last 730 days asks from midnight.
    reach = midnight(exchange_date(as_of) - _HOURLY_REACH).timestamp()
    if window.sessions is None and window.start < reach:
        raise _RefusedError(
            "Unprocessable Entity",
            "1h data not available. The requested range must be within the last 730 days.",
            422,
        )


def _bars(symbol: str, window: _Window, as_of: datetime, hourly: bool) -> tuple[Bar, ...]:
    if hourly:
        since = exchange_date(as_of) - _HOURLY_REACH
        if window.sessions is None and window.start > midnight(since).timestamp():
            since = datetime.fromtimestamp(min(window.start, as_of.timestamp()), EXCHANGE_TZ).date()
        known = intraday_bars(symbol, as_of, since=since)
    else:
        known = daily_bars(symbol, as_of)
    bars = tuple(bar for bar in known if window.start <= epoch(bar.start) < window.end)
    if window.sessions is None or not bars:
        return bars
    newest = sorted({bar.session for bar in bars})[-window.sessions]
    return tuple(bar for bar in bars if bar.session >= newest)


def _indicators(symbol: str, bars: Sequence[Bar], as_of: datetime, hourly: bool) -> dict[str, Any]:
    if not bars:
        return {"quote": [{}], "adjclose": [{}]}
    names = ("open", "high", "low", "close", "volume")
    indicators: dict[str, Any] = {
        "quote": [{name: [getattr(bar, name) for bar in bars] for name in names}]
    }
    if not hourly:
        closes = [adjusted_close(symbol, bar, as_of) for bar in bars]
        indicators["adjclose"] = [{"adjclose": closes}]
    return indicators


def _events(
    symbol: str, wanted: str, bars: Sequence[Bar], window: _Window, as_of: datetime
) -> dict[str, Any]:
    hours = session_hours()
    start = max(window.start, midnight(bars[0].session).timestamp())

    def stamp(ex_date: date) -> int:
        return epoch(hours[ex_date].open)

    def inside(ex_date: date) -> bool:
        return start <= stamp(ex_date) < window.end and ex_date <= bars[-1].session

    events: dict[str, Any] = {}
    if "div" in wanted:
        events["dividends"] = {
            str(stamp(paid.ex_date)): {
                "amount": paid.amount / split_ratio(symbol, paid.ex_date, as_of),
                "date": stamp(paid.ex_date),
            }
            for paid in dividends_as_of(symbol, as_of)
            if inside(paid.ex_date)
        }
    if "split" in wanted:
        events["splits"] = {
            str(stamp(split.ex_date)): {
                "date": stamp(split.ex_date),
                "numerator": split.numerator,
                "denominator": split.denominator,
                "splitRatio": f"{split.numerator}:{split.denominator}",
            }
            for split in splits_as_of(symbol, as_of)
            if inside(split.ex_date)
        }
    return {kind: found for kind, found in events.items() if found}
