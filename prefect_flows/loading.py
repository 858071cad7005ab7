"""Load symbols: fetch, notice restated history, check, store. No Prefect here.

A vendor restates history when it splits a share (and Yahoo's adjusted prices also when a
dividend is paid). What was stored before is then on another scale than what is fetched now,
and appending would leave a false jump. So the oldest bar that both have is compared first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from psycopg import Connection

from prefect_flows.bars import Bar, Window, differs, is_daily, oldest_common, session_of
from prefect_flows.errors import PassingError
from prefect_flows.feeds import Feed, PolygonFeed, YahooFeed
from prefect_flows.permit import Permit, nothing
from prefect_flows.queries.bars import bars_between, first_bar, store_bars
from prefect_flows.queries.connection import connect
from prefect_flows.queries.runs import record
from prefect_flows.settings import Settings
from prefect_flows.work.outcome import Outcome, Status

__all__ = ["Fetched", "check", "fetch", "load_polygon", "load_yahoo", "store"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A vendor's answer for a symbol, to be checked and stored.

    Attributes:
        symbol: Ticker.
        started_at: When work on it began.
        window: What was asked for at first; None where there was nothing to ask for.
        bars: By data_source.
        known: The newest moment stored within the window, by data_source.
        note: What is worth knowing; empty when nothing is.
        restated: The vendor had changed history, and all of it was fetched again.
    """

    symbol: str
    started_at: datetime
    window: Window | None
    bars: Mapping[str, Sequence[Bar]]
    known: Mapping[str, datetime | None]
    note: str = ""
    restated: bool = False


def fetch(
    connection: Connection,
    feed: Feed,
    symbol: str,
    *,
    as_of: datetime,
    settings: Settings,
    permit: Permit = nothing,
) -> Fetched:
    """Ask for a symbol's bars; all of its stored history again where the vendor restated it.

    Raises:
        VendorError: The answer could not be used.
        SettingsError: A vendor's key is not set.
        psycopg.Error: The database refused.
    """
    started_at = datetime.now(UTC)
    window = feed.window(connection, symbol, as_of)
    if window is None:
        return Fetched(symbol=symbol, started_at=started_at, window=None, bars={}, known={})
    answer = feed.ask(symbol, window, settings, permit)
    stored = {
        source: _by_moment(bars_between(connection, symbol, source, window))
        for source in answer.bars
    }
    fetched = Fetched(
        symbol=symbol,
        started_at=started_at,
        window=window,
        bars=answer.bars,
        known={source: _newest(bars.values(), daily=feed.daily) for source, bars in stored.items()},
        note=answer.note,
    )
    restated = sorted(s for s, bars in answer.bars.items() if _is_restated(bars, stored[s]))
    # An answer that was cut short is refused by `check`, whatever it says of the past.
    if not restated or _cut_short(fetched):
        return fetched
    whole = _whole_history(connection, feed, symbol, window, restated)
    if whole != window:
        answer = feed.ask(symbol, whole, settings, permit)
        _check_whole(connection, feed, symbol, whole, answer.bars)
    note = f"restated: {', '.join(restated)} from {whole.start:%Y-%m-%d}"
    return replace(
        fetched,
        bars=answer.bars,
        note="; ".join(filter(None, [note, answer.note])),
        restated=True,
    )


def check(fetched: Fetched) -> None:
    """Refuse an answer that ends before what is stored.

    What can be told from an answer alone, the vendor's module has checked. Pure.

    Raises:
        PassingError: It is such an answer.
    """
    if found := _cut_short(fetched):
        source, newest = found
        known = fetched.known[source]
        assert known is not None
        ends = "is empty" if newest is None else f"ends on {session_of(newest)}"
        raise PassingError(
            fetched.symbol, f"the answer {ends}, though {session_of(known)} is stored"
        )


def store(
    connection: Connection,
    feed: Feed,
    fetched: Sequence[Fetched],
    *,
    run_id: str | None = None,
    attempts: Mapping[str, int] | None = None,
) -> list[Outcome]:
    """Write what was fetched and the account of it, in one transaction.

    Raises:
        psycopg.Error: The database refused; nothing was written.
    """
    tried = attempts or {}
    with connection.transaction():
        counts = store_bars(connection, {one.symbol: one.bars for one in fetched})
        outcomes = [
            replace(_outcome(one, counts[one.symbol]), attempts=tried.get(one.symbol, 1))
            for one in fetched
        ]
        for one in fetched:
            if one.window is not None:
                bars = [bar for found in one.bars.values() for bar in found]
                feed.remember(connection, one.symbol, one.window, bars)
        record(connection, feed.job, outcomes, run_id)
    return outcomes


def load_yahoo(
    symbol: str, *, interval: str, days_back: int, as_of: datetime, settings: Settings
) -> Outcome:
    """Load raw and adjusted bars of a symbol from Yahoo, in one transaction.

    Raises:
        VendorError: The answer could not be used; nothing was written.
        psycopg.Error: The database refused; nothing was written.
    """
    return _load(YahooFeed(interval, days_back), symbol, as_of, settings)


def load_polygon(
    symbol: str, *, days_back: int, incremental: bool, as_of: datetime, settings: Settings
) -> Outcome:
    """Load daily bars of a symbol from Polygon, in one transaction.

    Raises:
        VendorError: The answer could not be used; nothing was written.
        SettingsError: POLYGON_API_KEY is not set.
        psycopg.Error: The database refused; nothing was written.
    """
    return _load(PolygonFeed(days_back, incremental), symbol, as_of, settings)


def _load(feed: Feed, symbol: str, as_of: datetime, settings: Settings) -> Outcome:
    with connect(settings.database_url) as connection:
        fetched = fetch(connection, feed, symbol, as_of=as_of, settings=settings)
        check(fetched)
        return store(connection, feed, [fetched])[0]


def _is_restated(fetched: Sequence[Bar], stored: Mapping[datetime, Bar]) -> bool:
    pair = oldest_common(fetched, stored)
    return pair is not None and differs(*pair)


def _whole_history(
    connection: Connection, feed: Feed, symbol: str, window: Window, sources: Sequence[str]
) -> Window:
    firsts = (
        first_bar(connection, symbol, source, daily=feed.daily, end=window.end)
        for source in sources
    )
    return feed.reach(window.reaching(min(first for first in firsts if first is not None)))


def _check_whole(
    connection: Connection,
    feed: Feed,
    symbol: str,
    whole: Window,
    bars: Mapping[str, Sequence[Bar]],
) -> None:
    """Refuse a history that leaves out some of what is stored: it would stay on the old scale."""
    for source, found in bars.items():
        stored = [
            bar.timestamp
            for bar in bars_between(connection, symbol, source, whole)
            if is_daily(bar) == feed.daily
        ]
        moments = {bar.timestamp for bar in found}
        left_out = [moment for moment in (*stored[:1], *stored[-1:]) if moment not in moments]
        if left_out:
            day = session_of(left_out[0])
            raise PassingError(symbol, f"the restated {source} lacks {day}, which is stored")


def _by_moment(bars: Sequence[Bar]) -> dict[datetime, Bar]:
    return {bar.timestamp: bar for bar in bars}


def _newest(bars: Iterable[Bar], *, daily: bool) -> datetime | None:
    return max((bar.timestamp for bar in bars if is_daily(bar) == daily), default=None)


def _cut_short(fetched: Fetched) -> tuple[str, datetime | None] | None:
    """The first series that ends before what is stored, and where it ends."""
    for source, bars in fetched.bars.items():
        known = fetched.known[source]
        newest = max((bar.timestamp for bar in bars), default=None)
        if known is not None and (newest is None or newest < known):
            return source, newest
    return None


def _outcome(fetched: Fetched, rows: int) -> Outcome:
    if rows:
        return Outcome(
            symbol=fetched.symbol,
            started_at=fetched.started_at,
            status=Status.OK,
            rows=rows,
            message=fetched.note,
            restated=fetched.restated,
        )
    window = fetched.window
    message = "nothing is missing" if window is None else f"no bars from {_span(window)}"
    return Outcome(
        symbol=fetched.symbol,
        started_at=fetched.started_at,
        status=Status.EMPTY,
        message=message,
    )


def _span(window: Window) -> str:
    first, last = session_of(window.start), session_of(window.end - timedelta(microseconds=1))
    return f"{first} to {last}"
