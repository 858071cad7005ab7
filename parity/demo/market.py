"""The market as it stood at a chosen moment: real daily prices, adjusted only by what was known.

The prices are those of `bokeh-sampledata` (public-domain WIKI prices, 2000-03-01 to 2013-03-01):
raw daily bars and an Adj Close that is adjusted as of the END of the data set. Splits are listed
here; dividends are derived: with f = Adj Close / Close, a session whose f grew by more than its
split says went ex-dividend, and the dividend is (growth - 1) * close.

As of a moment, only actions with an ex-date up to the exchange's date (America/New_York) at that
moment adjust history: an action takes effect at midnight New York time of its ex-date. No bar of
a later session is shown, and the running session is partial (`hourly.running_bar`).
One thing looks ahead, from midnight to the close of an ex-date: the dividend factor uses the close
of that day, since the data set was adjusted so.

Nothing here reads a clock or a network; the data set and the calendar are loaded once.
"""

from __future__ import annotations

import csv
import gzip
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from importlib.resources import files
from math import prod

import exchange_calendars

from parity.demo.bars import EXCHANGE_TZ, Bar, Dividend, Hours, Split
from parity.demo.hourly import clock_hour_bars, hourly_bars, running_bar
from parity.model.errors import UsageError

__all__ = [
    "SYMBOLS",
    "History",
    "adjusted_close",
    "daily_bars",
    "dividends_as_of",
    "exchange_date",
    "history",
    "intraday_bars",
    "is_listed",
    "session_hours",
    "source_of",
    "splits_as_of",
]

SYMBOLS = ("AAPL", "GOOG", "IBM", "MSFT")

_SPLITS = {
    "AAPL": (Split(date(2000, 6, 21), 2, 1), Split(date(2005, 2, 28), 2, 1)),
    "MSFT": (Split(date(2003, 2, 18), 2, 1),),
}
_MADE_UP = re.compile(rf"({'|'.join(SYMBOLS)})-[0-9]+")
_NOISE = 2e-5  # the smallest dividend moves f by 4e-4, printing Adj Close by 1e-12


@dataclass(frozen=True, slots=True)
class History:
    """Everything the data set says of one symbol: raw bars by session, and corporate actions."""

    symbol: str
    bars: tuple[Bar, ...]
    splits: tuple[Split, ...]
    dividends: tuple[Dividend, ...]


def exchange_date(as_of: datetime) -> date:
    """Return the date in New York at `as_of`.

    Raises:
        UsageError: `as_of` has no time zone.
    """
    if as_of.tzinfo is None:
        raise UsageError(f"as_of needs a time zone: {as_of.isoformat()}")
    return as_of.astimezone(EXCHANGE_TZ).date()


@cache
def session_hours() -> dict[date, Hours]:
    """Return the regular hours of every XNYS session from 2000 to 2013, early closes included."""
    calendar = exchange_calendars.get_calendar("XNYS", start="2000-01-01", end="2013-12-31")
    schedule = calendar.schedule
    opens = schedule["open"].dt.tz_convert(EXCHANGE_TZ).dt.to_pydatetime()
    closes = schedule["close"].dt.tz_convert(EXCHANGE_TZ).dt.to_pydatetime()
    return {
        opened.date(): Hours(opened, closed) for opened, closed in zip(opens, closes, strict=True)
    }


@cache
def history(symbol: str) -> History:
    """Return the raw history of `symbol`.

    Raises:
        UsageError: `symbol` is not one of `SYMBOLS`.
    """
    if symbol not in SYMBOLS:
        raise UsageError(f"no sample prices for symbol {symbol!r}: there are {', '.join(SYMBOLS)}")
    rows = [row for row in _sample_rows() if row["Ticker"] == symbol]
    bars = tuple(_raw_bar(row) for row in rows)
    splits = _SPLITS.get(symbol, ())
    factors = [float(row["Adj Close"]) / bar.close for row, bar in zip(rows, bars, strict=True)]
    return History(symbol, bars, splits, tuple(_derive_dividends(bars, factors, splits)))


def source_of(name: str) -> str:
    """Return whose data a made-up ticker has: `AAPL` for `AAPL-0017`; any other has its own."""
    made_up = _MADE_UP.fullmatch(name)
    return made_up[1] if made_up else name


def is_listed(symbol: str, as_of: datetime) -> bool:
    """Tell whether the symbol is known at `as_of`: its first session has begun by then."""
    if symbol not in SYMBOLS:
        return False
    return history(symbol).bars[0].start < as_of


def splits_as_of(symbol: str, as_of: datetime) -> tuple[Split, ...]:
    """Return the splits in effect at `as_of`, oldest first."""
    today = exchange_date(as_of)
    return tuple(split for split in history(symbol).splits if split.ex_date <= today)


def dividends_as_of(symbol: str, as_of: datetime) -> tuple[Dividend, ...]:
    """Return the dividends in effect at `as_of`, oldest first; amounts as declared."""
    today = exchange_date(as_of)
    return tuple(paid for paid in history(symbol).dividends if paid.ex_date <= today)


def split_ratio(symbol: str, session: date, as_of: datetime) -> float:
    """Return how many shares at `as_of` one share of `session` has become."""
    return prod(split.ratio for split in splits_as_of(symbol, as_of) if split.ex_date > session)


def adjusted_close(symbol: str, bar: Bar, as_of: datetime) -> float:
    """Return a split-adjusted bar's close, adjusted as of `as_of` for dividends as well."""
    paid = dividends_as_of(symbol, as_of)
    return bar.close * prod(dividend.factor for dividend in paid if dividend.ex_date > bar.session)


@lru_cache(maxsize=32)  # a night asks the same moment again and again
def daily_bars(symbol: str, as_of: datetime, *, split_adjusted: bool = True) -> tuple[Bar, ...]:
    """Return the daily bars known at `as_of`, oldest first; the running session's is partial."""
    raw = [_as_it_stands(symbol, day, as_of) for day in _begun(symbol, as_of)]
    return _adjusted(symbol, raw, as_of, split_adjusted)


def intraday_bars(
    symbol: str,
    as_of: datetime,
    *,
    since: date,
    split_adjusted: bool = True,
    clock_hours: bool = False,
) -> tuple[Bar, ...]:
    """Return synthetic hourly bars known at `as_of`, of sessions from `since` on, oldest first.

    They start at 09:30, 10:30 ... (Yahoo), or with `clock_hours` at 09:00, 10:00 ... (Polygon).
    """
    cut: Callable[[str, Bar, Hours, datetime], tuple[Bar, ...]]
    cut = clock_hour_bars if clock_hours else hourly_bars
    hours = session_hours()
    days = [day for day in _begun(symbol, as_of) if day.session >= since]
    raw = [bar for day in days for bar in cut(symbol, day, hours[day.session], as_of)]
    return _adjusted(symbol, raw, as_of, split_adjusted)


def _begun(symbol: str, as_of: datetime) -> tuple[Bar, ...]:
    bars = history(symbol).bars
    count = bisect_right(bars, exchange_date(as_of), key=lambda bar: bar.session)
    if count and bars[count - 1].start >= as_of:
        count -= 1
    return bars[:count]


def _as_it_stands(symbol: str, day: Bar, as_of: datetime) -> Bar:
    if day.end <= as_of:
        return day
    hours = session_hours()[day.session]
    return running_bar(symbol, day, hours, as_of) or day


def _adjusted(
    symbol: str, raw: list[Bar], as_of: datetime, split_adjusted: bool
) -> tuple[Bar, ...]:
    if not split_adjusted:
        return tuple(raw)
    return tuple(bar.scaled(split_ratio(symbol, bar.session, as_of)) for bar in raw)


@cache
def _sample_rows() -> tuple[dict[str, str], ...]:
    packed = files("bokeh_sampledata").joinpath("_data", "stocks.csv.gz").read_bytes()
    return tuple(csv.DictReader(gzip.decompress(packed).decode("ascii").splitlines()))


def _raw_bar(row: dict[str, str]) -> Bar:
    session = date.fromisoformat(row["Date"])
    hours = session_hours()[session]
    prices = {name.lower(): float(row[name]) for name in ("Open", "High", "Low", "Close")}
    return Bar(session, hours.open, hours.close, **prices, volume=int(row["Volume"]))


def _derive_dividends(
    bars: tuple[Bar, ...], factors: list[float], splits: tuple[Split, ...]
) -> Iterator[Dividend]:
    ratios = {split.ex_date: split.ratio for split in splits}
    for bar, before, after in zip(bars[1:], factors, factors[1:], strict=False):
        growth = after / before / ratios.get(bar.session, 1.0)
        if abs(growth - 1) > _NOISE:
            # Dividends are declared in cents at most in this data; the rest is float noise.
            yield Dividend(bar.session, round((growth - 1) * bar.close, 4), bar.close)
