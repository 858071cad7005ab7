"""Load one symbol: fetch, notice restated history, store. No Prefect here.

A vendor restates history when it splits a share (and Yahoo's adjusted prices also when a
dividend is paid). What was stored before is then on another scale than what is fetched now,
and appending would leave a false jump. So the oldest bar that both have is compared first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from psycopg import Connection

from prefect_flows import queries
from prefect_flows.bars import Bar, Window, differs, is_daily, oldest_common, session_of
from prefect_flows.errors import PassingError
from prefect_flows.outcome import Outcome, Status
from prefect_flows.settings import Settings

__all__ = ["POLYGON_JOB", "YAHOO_JOB", "load_polygon", "load_yahoo"]

YAHOO_JOB = "yahoo_market_data_flow"
POLYGON_JOB = "polygon_daily_ingestion"

# Any seven days hold a session (the longest closure, September 2001, left out four).
_MUST_HOLD_A_SESSION_DAYS = 7
# Yahoo keeps hourly bars for 730 days.
_HOURLY_REACH_DAYS = 729


@dataclass(frozen=True, slots=True)
class _Fetched:
    bars: Mapping[str, Sequence[Bar]]  # data_source -> bars
    note: str = ""

    @property
    def is_empty(self) -> bool:
        return not any(self.bars.values())


_Fetch = Callable[[Window], _Fetched]


def load_yahoo(
    symbol: str, *, interval: str, days_back: int, as_of: datetime, settings: Settings
) -> Outcome:
    """Load raw and adjusted bars of a symbol from Yahoo, in one transaction.

    The window reaches back to the last stored bar where that lies before it, so that missed
    nights leave no gap.

    Raises:
        VendorError: The answer could not be used; nothing was written.
        psycopg.Error: The database refused; nothing was written.
    """
    from prefect_flows import yahoo  # a second of imports that the other flows do not need

    def fetch(window: Window) -> _Fetched:
        answer = yahoo.fetch(
            symbol,
            window,
            interval,
            base_url=settings.yahoo_base_url,
            timeout_seconds=settings.http_timeout_seconds,
        )
        note = f"{answer.left_out} incomplete bars left out" if answer.left_out else ""
        return _Fetched({"yahoo": answer.raw, "yahoo_adjusted": answer.adjusted}, note)

    daily = interval == "1d"
    with queries.connect(settings.database_url) as connection:
        last = queries.last_bar(connection, symbol, "yahoo_adjusted", daily=daily, end=as_of)
        window = Window.days(days_back, as_of).reaching(last)
        if not daily:
            window = _within_reach(window)
        return _load(connection, YAHOO_JOB, symbol, fetch, window, daily=daily)


def load_polygon(
    symbol: str, *, days_back: int, incremental: bool, as_of: datetime, settings: Settings
) -> Outcome:
    """Load daily bars of a symbol from Polygon, in one transaction.

    Incremental starts at the last stored day, that day included; where nothing is stored, or
    otherwise, `days_back` days ago.

    Raises:
        VendorError: The answer could not be used; nothing was written.
        SettingsError: POLYGON_API_KEY is not set.
        psycopg.Error: The database refused; nothing was written.
    """
    from prefect_flows import polygon

    def fetch(window: Window) -> _Fetched:
        bars = polygon.fetch_daily(
            symbol,
            window,
            base_url=settings.polygon_base_url,
            api_key=settings.require_polygon_key(),
            timeout_seconds=settings.http_timeout_seconds,
        )
        return _Fetched({"polygon": bars})

    with queries.connect(settings.database_url) as connection:
        window = Window.days(days_back, as_of)
        if incremental:
            last = queries.last_bar(connection, symbol, "polygon", daily=True, end=as_of)
            window = window if last is None else Window(last, as_of)
        return _load(connection, POLYGON_JOB, symbol, fetch, window, daily=True)


def _load(
    connection: Connection,
    job: str,
    symbol: str,
    fetch: _Fetch,
    window: Window,
    *,
    daily: bool,
) -> Outcome:
    started_at = datetime.now(UTC)
    fetched = fetch(window)
    stored = {
        source: _by_moment(queries.bars_between(connection, symbol, source, window))
        for source in fetched.bars
    }
    for source, bars in fetched.bars.items():
        _check_tail(symbol, bars, stored[source], daily=daily)
    if fetched.is_empty:
        outcome = _nothing(symbol, started_at, window)
        queries.record_runs(connection, job, [outcome])
        return outcome
    notes = [fetched.note]
    restated = sorted(s for s, bars in fetched.bars.items() if _is_restated(bars, stored[s]))
    if restated:
        whole = _whole_history(connection, symbol, window, restated, daily=daily)
        fetched = fetch(whole) if whole.start < window.start else fetched
        notes = [f"restated: {', '.join(restated)} from {whole.start:%Y-%m-%d}", fetched.note]
    with connection.transaction():
        rows = sum(
            queries.upsert_bars(connection, symbol, source, bars)
            for source, bars in fetched.bars.items()
        )
        outcome = Outcome(
            symbol=symbol,
            started_at=started_at,
            status=Status.OK,
            rows=rows,
            message="; ".join(filter(None, notes)),
            restated=bool(restated),
        )
        queries.record_runs(connection, job, [outcome])
    return outcome


def _is_restated(fetched: Sequence[Bar], stored: Mapping[datetime, Bar]) -> bool:
    pair = oldest_common(fetched, stored)
    return pair is not None and differs(*pair)


def _whole_history(
    connection: Connection, symbol: str, window: Window, sources: Sequence[str], *, daily: bool
) -> Window:
    firsts = (
        queries.first_bar(connection, symbol, source, daily=daily, end=window.end)
        for source in sources
    )
    whole = window.reaching(min(first for first in firsts if first is not None))
    return whole if daily else _within_reach(whole)


def _within_reach(window: Window) -> Window:
    earliest = Window.days(_HOURLY_REACH_DAYS, window.end).start
    return Window(max(window.start, earliest), window.end)


def _by_moment(bars: Sequence[Bar]) -> dict[datetime, Bar]:
    return {bar.timestamp: bar for bar in bars}


def _check_tail(
    symbol: str, fetched: Sequence[Bar], stored: Mapping[datetime, Bar], *, daily: bool
) -> None:
    """An answer that ends before what is stored has been cut short."""
    known = max((b.timestamp for b in stored.values() if is_daily(b) == daily), default=None)
    newest = max((bar.timestamp for bar in fetched), default=None)
    if known is not None and (newest is None or newest < known):
        ends = "is empty" if newest is None else f"ends on {session_of(newest)}"
        raise PassingError(symbol, f"the answer {ends}, though {session_of(known)} is stored")


def _nothing(symbol: str, started_at: datetime, window: Window) -> Outcome:
    """An empty answer is right only where no session can be missing from it."""
    if window.span_days >= _MUST_HOLD_A_SESSION_DAYS:
        raise PassingError(symbol, f"no bars in {window.span_days:.0f} days")
    first, last = session_of(window.start), session_of(window.end - timedelta(microseconds=1))
    return Outcome(
        symbol=symbol,
        started_at=started_at,
        status=Status.EMPTY,
        message=f"no bars from {first} to {last}",
    )
