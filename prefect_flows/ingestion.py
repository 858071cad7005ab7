"""The flows that load prices. Shells: the feed, the run, its tasks, an account at the end."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from prefect import flow
from prefect.client.schemas.objects import State

from prefect_flows.feeds import POLYGON_JOB, YAHOO_JOB, PolygonFeed, YahooFeed
from prefect_flows.settings import Settings
from prefect_flows.work.loading_tasks import load
from prefect_flows.work.outcome import Outcome, Status
from prefect_flows.work.runners import task_runner
from prefect_flows.work.running import FLOW_SECONDS, moment, open_run, skipped

__all__ = ["polygon_daily_ingestion", "yahoo_market_data_flow"]

# Calendar days to fetch by length of a bar.
DAYS_BACK = {"1h": 7, "1d": 30}


@flow(
    name=YAHOO_JOB,
    task_runner=task_runner(os.environ),
    timeout_seconds=FLOW_SECONDS,
    persist_result=False,
)
def yahoo_market_data_flow(
    days_back: int | None = None,
    interval: Literal["1d", "1h"] = "1h",
    symbols: list[str] | None = None,
    max_symbols: int | None = None,
    as_of: datetime | None = None,
    granularity: str | None = None,
    sessions_only: bool = False,
    indicators: str | None = None,
) -> State[Any]:
    """Load raw and adjusted bars from Yahoo, then calculate the indicators of what was loaded.

    One symbol's failure costs no other: the rest is stored and calculated, and the run ends
    Failed, named SymbolsFailed, with the list of what failed and why.

    Args:
        days_back: Calendar days to fetch before the day of `as_of`, from midnight in New York;
            None means 7 for hourly bars and 30 for daily ones.
        interval: Length of a bar.
        symbols: None means SYMBOLS from the environment, or the four of the demo.
        max_symbols: Load at most so many of them.
        as_of: Nothing newer is asked for or stored; None means now.
        granularity: `symbol`, `stages` or `batch:N`; None means GRANULARITY from the environment.
        sessions_only: Do nothing on a day that is no session of the exchange.
        indicators: The deployment, as FLOW/NAME, that calculates them, in its own pool; None
            means within this run.
    """
    from prefect_flows.analytics import trigger_indicators  # NumPy and more, for this flow only

    until = moment(as_of)
    if sessions_only and (closed := skipped(YAHOO_JOB, until)):
        return closed
    feed = YahooFeed(interval, days_back or DAYS_BACK[interval])
    asked = {"interval": interval, "days_back": feed.days_back}
    with open_run(
        YAHOO_JOB,
        symbols,
        as_of=until,
        arguments=asked,
        max_symbols=max_symbols,
        granularity=granularity,
    ) as run:
        outcomes = load(run, feed)
        loaded = [*run.done.values(), *outcomes]
        failed = trigger_indicators(
            [one.symbol for one in loaded if one.status is Status.OK],
            restated=_restated(loaded),
            as_of=until,
            granularity=granularity,
            deployment=indicators,
        )
        return run.close(outcomes, also_failed=failed)


@flow(
    name=POLYGON_JOB,
    task_runner=task_runner(os.environ),
    timeout_seconds=FLOW_SECONDS,
    persist_result=False,
)
def polygon_daily_ingestion(
    days_back: int = 1,
    incremental: bool = True,
    symbols: list[str] | None = None,
    max_symbols: int | None = None,
    as_of: datetime | None = None,
    granularity: str | None = None,
    sessions_only: bool = False,
) -> State[Any]:
    """Load split-adjusted daily bars from Polygon.

    Args:
        days_back: Calendar days to fetch where nothing is stored or `incremental` is False.
        incremental: Start from each symbol's last stored day, that day included.
        symbols: None means SYMBOLS from the environment, or the four of the demo.
        max_symbols: Load at most so many of them.
        as_of: Nothing newer is asked for or stored; None means now.
        granularity: `symbol`, `stages` or `batch:N`; None means GRANULARITY from the environment.
        sessions_only: Do nothing on a day that is no session of the exchange.
    """
    until = moment(as_of)
    if sessions_only and (closed := skipped(POLYGON_JOB, until)):
        return closed
    Settings.from_environment(os.environ).require_polygon_key()
    with open_run(
        POLYGON_JOB,
        symbols,
        as_of=until,
        arguments={"days_back": days_back, "incremental": incremental},
        max_symbols=max_symbols,
        granularity=granularity,
    ) as run:
        return run.close(load(run, PolygonFeed(days_back, incremental)))


def _restated(outcomes: Sequence[Outcome]) -> list[str]:
    return [one.symbol for one in outcomes if one.restated]
