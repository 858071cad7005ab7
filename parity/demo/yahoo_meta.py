"""The `meta` part of a chart answer: what yfinance reads beside the bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from parity.demo.bars import EXCHANGE_TZ, Bar, epoch
from parity.demo.market import daily_bars, history, session_hours

__all__ = ["chart_meta", "trading_periods"]

VALID_RANGES = ["1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max"]


def chart_meta(
    symbol: str, query: Mapping[str, str], as_of: datetime, hourly: bool
) -> dict[str, Any]:
    """Return the answer's `meta` without `tradingPeriods`; `replaySynthetic` marks made-up bars."""
    last = daily_bars(symbol, as_of)[-1]
    return {
        "currency": "USD",
        "symbol": symbol,
        "exchangeName": "NYQ" if symbol == "IBM" else "NMS",
        "instrumentType": "EQUITY",
        "firstTradeDate": epoch(history(symbol).bars[0].start),
        "regularMarketTime": epoch(last.end),
        "regularMarketPrice": last.close,
        "gmtoffset": _gmtoffset(as_of),
        "timezone": as_of.astimezone(EXCHANGE_TZ).tzname(),
        "exchangeTimezoneName": EXCHANGE_TZ.key,
        "priceHint": 2,
        "dataGranularity": "1h" if hourly else "1d",
        "range": query.get("range", ""),
        "validRanges": VALID_RANGES,
        "replaySynthetic": hourly,
    }


def trading_periods(bars: Sequence[Bar], query: Mapping[str, str]) -> Any:
    """Return the regular hours of the bars' sessions, in the shape that yfinance merges.

    With `includePrePost=true` they come with the hours before and after, as Yahoo's do.
    """
    hours = session_hours()
    days = [hours[session] for session in sorted({bar.session for bar in bars})]
    regular = [[_period(day.open, day.close)] for day in days]
    if query.get("includePrePost", "false").lower() != "true":
        return regular
    pre = [[_period(day.open - timedelta(hours=5, minutes=30), day.open)] for day in days]
    post = [[_period(day.close, day.close + timedelta(hours=4))] for day in days]
    return {"pre": pre, "regular": regular, "post": post}


def _period(start: datetime, end: datetime) -> dict[str, Any]:
    return {
        "timezone": start.tzname(),
        "start": epoch(start),
        "end": epoch(end),
        "gmtoffset": _gmtoffset(start),
    }


def _gmtoffset(moment: datetime) -> int:
    offset = moment.astimezone(EXCHANGE_TZ).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0
