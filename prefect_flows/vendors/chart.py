"""Yahoo's answer as it was sent, read before yfinance does. Pure: no I/O, no clock.

yfinance sorts bars, drops the second of two with one time, drops bars whose prices are all null
or zero, takes a missing adjusted close for an unadjusted one, and makes an empty frame of nearly
everything else. So what a right answer must yield is found out here, and compared with its frame.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from prefect_flows.bars import NEW_YORK, Window, midnight, session_of
from prefect_flows.errors import LastingError, PassingError, VendorError
from prefect_flows.vendors import exchange
from prefect_flows.vendors.validation import CLOSES, OPENS, check_order, on_the_hour, spell

__all__ = ["Chart", "Due", "due", "read_chart"]

_UNKNOWN = {"Not Found", "Bad Request", "Unprocessable Entity"}
_KINDS = {"1d": {"1d"}, "1h": {"1h", "60m"}}
_PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True, slots=True)
class Chart:
    """The times of an answer.

    Attributes:
        moments: When each bar begins, as sent.
        complete: Whether each has all its prices, above zero.
        quoted_at: When the newest trade was, by the answer's own account; None when it is silent.
    """

    moments: tuple[datetime, ...]
    complete: tuple[bool, ...]
    quoted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Due:
    """What must come out of a chart, by the time that a bar is stored under, oldest first."""

    whole: tuple[datetime, ...]
    left_out: tuple[datetime, ...]


def read_chart(symbol: str, interval: str, text: str) -> Chart:
    """Read an answer and check that it is one, to this question.

    Raises:
        PassingError: It is no chart, or of another symbol or interval, or columns do not fit.
        LastingError: It is an error that will come again, or of an exchange elsewhere.
    """
    result = _result(symbol, text)
    meta = result.get("meta")
    if not isinstance(meta, dict):
        raise PassingError(symbol, "unreadable answer: no meta")
    _check_meta(symbol, interval, meta)
    stamps = result.get("timestamp")
    if stamps is None:
        return Chart((), (), None)
    try:
        columns = _columns(result, daily=interval == "1d")
        moments = tuple(datetime.fromtimestamp(stamp, UTC) for stamp in stamps)
    except (KeyError, TypeError, IndexError, AttributeError, ValueError, OverflowError) as error:
        raise PassingError(symbol, f"unreadable answer: {type(error).__name__} {error}") from error
    for name, values in columns.items():
        if len(values) != len(moments):
            raise PassingError(symbol, f"{len(values)} values of {name} for {len(moments)} bars")
    complete = tuple(
        all(_is_price(values[place]) for values in columns.values())
        for place in range(len(moments))
    )
    return Chart(moments, complete, _quoted_at(meta))


def due(symbol: str, chart: Chart, window: Window, *, daily: bool) -> Due:
    """Check the times of a chart and tell which bars must come of it.

    The newest row may be the running quote and no bar: it is stamped with the time of the last
    trade. Of a daily chart it stands for its day; of an hourly one it counts nothing.

    Raises:
        PassingError: Times do not grow, stand where no bar begins, or end before the last trade.
    """
    check_order(symbol, chart.moments)
    found = dict(zip(chart.moments, chart.complete, strict=True))
    quote = _running_quote(chart, daily=daily)
    rows: dict[datetime, bool] = {}
    for moment, complete in found.items():
        if moment == quote:
            continue
        key = _key(symbol, moment, window, daily=daily)
        if key in rows:
            raise PassingError(symbol, f"the bar of {spell(key)} comes twice")
        rows[key] = complete
    if quote is not None and daily and quote < window.end:
        rows[midnight(session_of(quote))] = found[quote]
    rows = {key: complete for key, complete in rows.items() if _counts(key, window, daily=daily)}
    _check_end(symbol, chart, rows, window)
    return Due(
        whole=tuple(key for key, complete in rows.items() if complete),
        left_out=tuple(key for key, complete in rows.items() if not complete),
    )


def _result(symbol: str, text: str) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError as error:
        raise PassingError(symbol, f"unreadable answer: {error}") from None
    chart = body.get("chart") if isinstance(body, dict) else None
    if not isinstance(chart, dict):
        raise PassingError(symbol, "unreadable answer: no chart")
    if chart.get("error"):
        raise _refusal(symbol, chart["error"])
    results = chart.get("result")
    if not (isinstance(results, list) and results and isinstance(results[0], dict)):
        raise PassingError(symbol, "unreadable answer: no result")
    return results[0]


def _refusal(symbol: str, error: Any) -> VendorError:
    if not isinstance(error, dict):
        return PassingError(symbol, f"the answer is an error: {error}"[:200])
    code = str(error.get("code"))
    kind = LastingError if code in _UNKNOWN else PassingError
    return kind(symbol, f"{code}: {error.get('description')}"[:200])


def _check_meta(symbol: str, interval: str, meta: Mapping[str, Any]) -> None:
    about = meta.get("symbol", symbol)
    if about != symbol:
        raise PassingError(symbol, f"the answer is about {about!r}")
    granularity = meta.get("dataGranularity", interval)
    if granularity not in _KINDS[interval]:
        raise PassingError(symbol, f"the answer has bars of {granularity}, not of {interval}")
    zone = meta.get("exchangeTimezoneName")
    if zone != NEW_YORK.key:
        raise LastingError(symbol, f"the answer's times are of {zone}, not of {NEW_YORK.key}")


def _columns(result: Mapping[str, Any], *, daily: bool) -> dict[str, Sequence[Any]]:
    indicators = result["indicators"]
    columns = {name: indicators["quote"][0][name] for name in _PRICES}
    if daily:
        columns["adjclose"] = indicators["adjclose"][0]["adjclose"]
    return columns


def _is_price(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and value > 0


def _quoted_at(meta: Mapping[str, Any]) -> datetime | None:
    stamp = meta.get("regularMarketTime")
    return datetime.fromtimestamp(stamp, UTC) if isinstance(stamp, int) else None


def _running_quote(chart: Chart, *, daily: bool) -> datetime | None:
    if not chart.moments or chart.quoted_at is None:
        return None
    last = chart.moments[-1]
    is_bar = _local(last) == OPENS if daily else on_the_hour(last)
    return None if is_bar or session_of(last) != session_of(chart.quoted_at) else last


def _key(symbol: str, moment: datetime, window: Window, *, daily: bool) -> datetime:
    """Return the time that a bar is stored under: midnight of its day, or its own."""
    day = session_of(moment)
    if day not in exchange.hours() and exchange.knows(day):
        raise PassingError(symbol, f"the bar of {spell(moment)} lies on a day without a session")
    if moment >= window.end:
        raise PassingError(
            symbol, f"the bar of {spell(moment)} lies after the end, {spell(window.end)}"
        )
    if daily:
        if not OPENS <= _local(moment) <= CLOSES:
            raise PassingError(symbol, f"the bar of {spell(moment)} lies outside of the session")
        return midnight(session_of(moment))
    if not on_the_hour(moment):
        raise PassingError(
            symbol, f"the bar of {spell(moment)} does not begin on an hour of the session"
        )
    return moment.astimezone(NEW_YORK)


def _counts(key: datetime, window: Window, *, daily: bool) -> bool:
    """Leave out what lies before the window and, of a short session, what follows its close."""
    hours = exchange.hours().get(session_of(key))
    return window.covers(key) and (daily or hours is None or key < hours.close)


def _check_end(symbol: str, chart: Chart, rows: Mapping[datetime, bool], window: Window) -> None:
    """An answer that ends before the last trade of which it tells has been cut short."""
    traded = chart.quoted_at
    if traded is None or not window.covers(traded) or not chart.moments:
        return
    newest = max((session_of(key) for key in rows), default=None)
    if newest is None or newest < session_of(traded):
        raise PassingError(
            symbol, f"the answer ends on {newest}, though {session_of(traded)} was traded"
        )


def _local(moment: datetime) -> time:
    return moment.astimezone(NEW_YORK).time()
