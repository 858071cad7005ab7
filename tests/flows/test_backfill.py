"""The backfill, against a replayed vendor and a real database, without Prefect."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from prefect_flows.feeds import BackfillFeed
from prefect_flows.loading import fetch, store
from prefect_flows.queries.connection import connect
from prefect_flows.settings import Settings
from prefect_flows.work.outcome import Outcome, Status
from tests.flows.conftest import at

if TYPE_CHECKING:
    from parity.demo.server import ReplayServer

Rows = Callable[..., list[tuple[object, ...]]]
EVE, SPLIT_NIGHT = at("2005-02-25"), at("2005-02-28")


def backfill(
    settings: Settings, first: str, last: str, *, as_of: datetime = EVE, symbol: str = "AAPL"
) -> Outcome:
    feed = BackfillFeed(date.fromisoformat(first), date.fromisoformat(last), as_of)
    with connect(settings.database_url) as connection:
        fetched = fetch(connection, feed, symbol, as_of=as_of, settings=settings)
        return store(connection, feed, [fetched])[0]


def days(rows: Rows, symbol: str = "AAPL") -> list[object]:
    found = rows(
        "SELECT (timestamp AT TIME ZONE 'America/New_York')::date::text FROM prefect.market_data"
        " WHERE symbol = %s AND data_source = 'polygon' ORDER BY timestamp",
        symbol,
    )
    return [day for (day,) in found]


def asked(replay: ReplayServer) -> list[str]:
    """The first and last days of the requests so far."""
    return [log.path.rpartition("/day/")[2] for log in replay.requests()]


def test_it_loads_the_sessions_of_a_range_and_nothing_twice(
    settings: Settings, replay: ReplayServer, rows: Rows
) -> None:
    # 2004-12-24 was a holiday (Christmas fell on a Saturday), 2004-12-25 and 26 a weekend.
    first = backfill(settings, "2004-12-22", "2004-12-28")
    again = backfill(settings, "2004-12-22", "2004-12-28")

    assert (first.status, first.rows) == (Status.OK, 4)
    assert days(rows) == ["2004-12-22", "2004-12-23", "2004-12-27", "2004-12-28"]
    assert (again.status, again.rows, again.message) == (Status.EMPTY, 0, "nothing is missing")
    assert asked(replay) == ["2004-12-22/2004-12-28"]


def test_what_it_asks_for_joins_what_is_stored_so_no_gap_is_left(
    settings: Settings, replay: ReplayServer, rows: Rows
) -> None:
    backfill(settings, "2004-12-20", "2004-12-21")

    backfill(settings, "2004-12-29", "2004-12-31")
    whole = backfill(settings, "2004-12-20", "2004-12-31")

    # From the stored bar before, to see that both are on one scale; the gap comes with it.
    assert asked(replay) == ["2004-12-20/2004-12-21", "2004-12-21/2004-12-31"]
    assert whole.message == "nothing is missing"
    assert len(days(rows)) == len(set(days(rows))) == 9


def test_years_before_a_listing_are_asked_for_until_a_bar_comes_after_them(
    settings: Settings, replay: ReplayServer, rows: Rows
) -> None:
    # GOOG was first traded on 2004-08-19, a Thursday.
    nothing = backfill(settings, "2004-06-01", "2004-06-30", symbol="GOOG")
    some = backfill(settings, "2004-06-01", "2004-08-20", symbol="GOOG")
    again = backfill(settings, "2004-06-01", "2004-08-20", symbol="GOOG")

    # An answer without any bar may be a vendor's fault; bars vouch for what lies before them.
    assert (nothing.status, some.rows, again.message) == (Status.EMPTY, 2, "nothing is missing")
    assert asked(replay) == ["2004-06-01/2004-06-30", "2004-06-01/2004-08-20"]
    assert days(rows, "GOOG") == ["2004-08-19", "2004-08-20"]


def test_where_a_split_lies_between_all_history_comes_again(
    settings: Settings, replay: ReplayServer, rows: Rows
) -> None:
    backfill(settings, "2005-02-14", "2005-02-18")
    replay.set_as_of(SPLIT_NIGHT)

    outcome = backfill(settings, "2005-02-07", "2005-02-18", as_of=SPLIT_NIGHT)

    assert outcome.restated
    closes = rows(
        "SELECT close FROM prefect.market_data WHERE timestamp >= '2005-02-18'"
        " AND timestamp < '2005-02-19'"
    )
    # 86.81 before the split of 2:1.
    assert closes == [(Decimal("43.4050"),)]
    # Up to the moment it looks from: what was stored later would be on the old scale.
    assert days(rows)[-1] == "2005-02-28"


def test_a_running_session_is_left_for_later(settings: Settings, rows: Rows) -> None:
    backfill(settings, "2005-02-24", "2005-02-25", as_of=at("2005-02-25", hour=12))

    assert days(rows) == ["2005-02-24"]
