"""What is asked of which vendor: frozen, so that a task can take it to another process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import ClassVar, Protocol

from psycopg import Connection

from prefect_flows.bars import Bar, Window, midnight, session_of
from prefect_flows.permit import Permit
from prefect_flows.queries.backfill import missing, neighbours, remember
from prefect_flows.queries.bars import last_bar
from prefect_flows.settings import Settings

__all__ = [
    "BACKFILL_JOB",
    "POLYGON_JOB",
    "YAHOO_JOB",
    "Answer",
    "BackfillFeed",
    "Feed",
    "PolygonFeed",
    "YahooFeed",
]

YAHOO_JOB = "yahoo_market_data_flow"
POLYGON_JOB = "polygon_daily_ingestion"
BACKFILL_JOB = "polygon_historical_backfill"

# Yahoo keeps hourly bars for 730 days.
_HOURLY_REACH_DAYS = 729


@dataclass(frozen=True, slots=True)
class Answer:
    """What a vendor delivered for a symbol: bars by data_source, and a remark about them."""

    bars: Mapping[str, Sequence[Bar]]
    note: str = ""


class Feed(Protocol):
    """A vendor's series, and how far back a run asks for it.

    Attributes:
        job: Name of the flow, as in load_runs.
        vendor: Name of the vendor's limit.
        daily: Whether bars are of a day.
    """

    @property
    def job(self) -> str: ...  # noqa: D102

    @property
    def vendor(self) -> str: ...  # noqa: D102

    @property
    def daily(self) -> bool: ...  # noqa: D102

    def window(self, connection: Connection, symbol: str, as_of: datetime) -> Window | None:
        """Decide what to ask for, by what is stored; None where there is nothing to ask for."""
        ...

    def reach(self, window: Window) -> Window:
        """Cut a window to what the vendor keeps."""
        ...

    def ask(self, symbol: str, window: Window, settings: Settings, permit: Permit) -> Answer:
        """Ask the vendor.

        Raises:
            VendorError: The answer could not be used.
        """
        ...

    def remember(
        self, connection: Connection, symbol: str, window: Window, bars: Sequence[Bar]
    ) -> None:
        """Note, in the transaction that stores the bars, that this was asked for."""
        ...


class _Forgetful:
    """What is stored says enough."""

    __slots__ = ()

    def remember(
        self, connection: Connection, symbol: str, window: Window, bars: Sequence[Bar]
    ) -> None:
        """Note nothing."""


@dataclass(frozen=True, slots=True)
class YahooFeed(_Forgetful):
    """Raw and adjusted bars from Yahoo.

    The window reaches back to the last stored bar where that lies before it, so that missed
    nights leave no gap.
    """

    interval: str
    days_back: int
    job: str = field(default=YAHOO_JOB, init=False)
    vendor: str = field(default="yahoo", init=False)

    @property
    def daily(self) -> bool:
        """Whether bars are of a day."""
        return self.interval == "1d"

    def window(self, connection: Connection, symbol: str, as_of: datetime) -> Window:
        """The last `days_back` days, and back to the last stored bar."""
        last = last_bar(connection, symbol, "yahoo_adjusted", daily=self.daily, end=as_of)
        return self.reach(Window.days(self.days_back, as_of).reaching(last))

    def reach(self, window: Window) -> Window:
        """Hourly bars: the last 729 days."""
        if self.daily:
            return window
        earliest = Window.days(_HOURLY_REACH_DAYS, window.end).start
        return Window(max(window.start, earliest), window.end)

    def ask(self, symbol: str, window: Window, settings: Settings, permit: Permit) -> Answer:
        """Ask for bars; raw and adjusted come in one answer."""
        from prefect_flows.vendors import yahoo  # a second of imports that others do not need

        answer = yahoo.fetch(
            symbol,
            window,
            self.interval,
            base_url=settings.yahoo_base_url,
            timeout_seconds=settings.http_timeout_seconds,
            permit=permit,
        )
        return Answer({"yahoo": answer.raw, "yahoo_adjusted": answer.adjusted}, answer.note)


@dataclass(frozen=True, slots=True)
class PolygonFeed(_Forgetful):
    """Split-adjusted daily bars from Polygon.

    `incremental` starts at the last stored day, that day included; where nothing is stored, or
    otherwise, `days_back` days ago.
    """

    days_back: int
    incremental: bool
    job: str = field(default=POLYGON_JOB, init=False)
    vendor: str = field(default="polygon", init=False)
    daily: ClassVar[bool] = True

    def window(self, connection: Connection, symbol: str, as_of: datetime) -> Window:
        """From the last stored day, or the last `days_back` days."""
        window = Window.days(self.days_back, as_of)
        if not self.incremental:
            return window
        last = last_bar(connection, symbol, "polygon", daily=True, end=as_of)
        return window if last is None else Window(last, as_of)

    def reach(self, window: Window) -> Window:
        """All of it."""
        return window

    def ask(self, symbol: str, window: Window, settings: Settings, permit: Permit) -> Answer:
        """Ask for bars."""
        return ask_polygon(symbol, window, settings, permit)


@dataclass(frozen=True, slots=True)
class BackfillFeed:
    """Polygon's daily bars of a range of dates: the sessions that are not there yet.

    With them goes the nearest stored bar on either side, to see whether all are on one scale.

    Attributes:
        start_date: First day.
        end_date: Last day, included.
        as_of: To where history is fetched again when the vendor restated it.
    """

    start_date: date
    end_date: date
    as_of: datetime
    job: str = field(default=BACKFILL_JOB, init=False)
    vendor: str = field(default="polygon", init=False)
    daily: ClassVar[bool] = True

    def window(self, connection: Connection, symbol: str, as_of: datetime) -> Window | None:
        """From the first missing session to the last one, and to the stored bars beside them."""
        from prefect_flows.vendors.exchange import between

        # A session's bar is whole when the next day has begun.
        past = [day for day in between(self.start_date, self.end_date) if _after(day) <= as_of]
        left = missing(connection, symbol, "polygon", past)
        if not left:
            return None
        start, end = midnight(left[0]), _after(left[-1])
        before, after = neighbours(connection, symbol, "polygon", start, end - _MOMENT)
        return Window(before or start, end if after is None else after + _MOMENT)

    def reach(self, window: Window) -> Window:
        """Up to now: bars that were stored later are on the old scale too."""
        return Window(window.start, self.as_of)

    def ask(self, symbol: str, window: Window, settings: Settings, permit: Permit) -> Answer:
        """Ask for bars; the vendor may have none, as before a share was first traded."""
        return ask_polygon(symbol, window, settings, permit, may_be_empty=True)

    def remember(
        self, connection: Connection, symbol: str, window: Window, bars: Sequence[Bar]
    ) -> None:
        """Note which days need not be asked for again: those up to the newest bar.

        A vendor may be late with what comes after it, and an answer without any bar may be wrong:
        that is asked for again each time.
        """
        if bars:
            last = max(session_of(bar.timestamp) for bar in bars)
            remember(connection, symbol, "polygon", session_of(window.start), last)


_MOMENT = timedelta(microseconds=1)


def _after(day: date) -> datetime:
    return midnight(day + timedelta(days=1))


def ask_polygon(
    symbol: str,
    window: Window,
    settings: Settings,
    permit: Permit,
    *,
    may_be_empty: bool = False,
) -> Answer:
    """Ask Polygon for daily bars.

    Raises:
        VendorError: The answer could not be used.
        SettingsError: POLYGON_API_KEY is not set.
    """
    from prefect_flows.vendors import polygon

    answer = polygon.fetch_daily(
        symbol,
        window,
        base_url=settings.polygon_base_url,
        api_key=settings.require_polygon_key(),
        timeout_seconds=settings.http_timeout_seconds,
        permit=permit,
        may_be_empty=may_be_empty,
    )
    return Answer({"polygon": answer.bars}, answer.note)
