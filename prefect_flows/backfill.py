"""The flow that loads Polygon's history of a range of dates, and goes on where it stopped."""

from __future__ import annotations

import os
from datetime import date, datetime
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from prefect_flows.errors import SettingsError
from prefect_flows.feeds import BACKFILL_JOB, BackfillFeed
from prefect_flows.settings import Settings
from prefect_flows.work.loading_tasks import load
from prefect_flows.work.runners import task_runner
from prefect_flows.work.running import FLOW_SECONDS, moment, open_run

__all__ = ["polygon_historical_backfill"]


@flow(
    name=BACKFILL_JOB,
    task_runner=task_runner(os.environ),
    timeout_seconds=12 * FLOW_SECONDS,
    persist_result=False,
)
def polygon_historical_backfill(
    start_date: date,
    end_date: date,
    symbols: list[str] | None = None,
    as_of: datetime | None = None,
    granularity: str | None = None,
) -> State[Any]:
    """Load split-adjusted daily bars of a range of dates from Polygon.

    What it asks for, of each symbol, is the sessions that are neither stored nor known to be
    empty at the vendor; so it can be run again, and goes on by symbol and day. Where what it
    fetches is on another scale than what is stored, all of the symbol's history is fetched again.

    Args:
        start_date: First session; may be a day without one.
        end_date: Last session, included; no later than the day of `as_of`.
        symbols: None means SYMBOLS from the environment, or the four of the demo.
        as_of: Nothing newer is asked for or stored; None means now.
        granularity: `symbol`, `stages` or `batch:N`; None means GRANULARITY from the environment.
    """
    until = moment(as_of)
    if start_date > end_date:
        raise SettingsError(f"start_date {start_date} is after end_date {end_date}")
    Settings.from_environment(os.environ).require_polygon_key()
    feed = BackfillFeed(start_date, end_date, until)
    asked = {"start_date": start_date.isoformat(), "end_date": end_date.isoformat()}
    with open_run(
        BACKFILL_JOB, symbols, as_of=until, arguments=asked, granularity=granularity
    ) as run:
        return run.close(load(run, feed))
