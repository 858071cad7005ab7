"""The flows that load prices. Shells: a task a symbol, an account at the end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from prefect import flow, task
from prefect.client.schemas.objects import State

from prefect_flows.analytics import calculate_daily_indicators
from prefect_flows.loading import POLYGON_JOB, YAHOO_JOB, load_polygon, load_yahoo
from prefect_flows.outcome import Outcome, Status
from prefect_flows.running import (
    FLOW_SECONDS,
    RETRY_DELAYS,
    close_run,
    collect,
    four_at_once,
    moment,
    open_run,
    worth_retrying,
)
from prefect_flows.settings import Settings

__all__ = ["polygon_daily_ingestion", "yahoo_market_data_flow"]

HISTORY_DAYS = 300


@task(
    name="load_yahoo_symbol",
    task_run_name="yahoo-{symbol}",
    retries=len(RETRY_DELAYS),
    retry_delay_seconds=RETRY_DELAYS,
    retry_condition_fn=worth_retrying,
    persist_result=False,
)
def load_yahoo_symbol(
    symbol: str, *, interval: str, days_back: int, as_of: datetime, settings: Settings
) -> Outcome:
    """Load one symbol from Yahoo; see `loading.load_yahoo`."""
    return load_yahoo(
        symbol, interval=interval, days_back=days_back, as_of=as_of, settings=settings
    )


@task(
    name="load_polygon_symbol",
    task_run_name="polygon-{symbol}",
    retries=len(RETRY_DELAYS),
    retry_delay_seconds=RETRY_DELAYS,
    retry_condition_fn=worth_retrying,
    persist_result=False,
)
def load_polygon_symbol(
    symbol: str, *, days_back: int, incremental: bool, as_of: datetime, settings: Settings
) -> Outcome:
    """Load one symbol from Polygon; see `loading.load_polygon`."""
    return load_polygon(
        symbol, days_back=days_back, incremental=incremental, as_of=as_of, settings=settings
    )


@flow(
    name=YAHOO_JOB,
    task_runner=four_at_once(),
    timeout_seconds=FLOW_SECONDS,
    persist_result=False,
)
def yahoo_market_data_flow(
    days_back: int = 7,
    interval: Literal["1d", "1h"] = "1h",
    symbols: list[str] | None = None,
    max_symbols: int | None = None,
    as_of: datetime | None = None,
) -> State[Any]:
    """Load raw and adjusted bars from Yahoo, then calculate the indicators of what was loaded.

    One symbol's failure costs no other: the rest is stored and calculated, and the run ends
    Failed with the list of what failed and why.

    Args:
        days_back: Calendar days to fetch before the day of `as_of`, from midnight in New York.
        interval: Length of a bar.
        symbols: None means SYMBOLS from the environment, or the four of the demo.
        max_symbols: Load at most so many of them.
        as_of: Nothing newer is asked for or stored; None means now.
    """
    until = moment(as_of)
    settings, chosen = open_run(symbols, max_symbols)
    futures = {
        symbol: load_yahoo_symbol.submit(
            symbol, interval=interval, days_back=days_back, as_of=until, settings=settings
        )
        for symbol in chosen
    }
    outcomes = collect(futures, YAHOO_JOB, settings)
    return close_run(YAHOO_JOB, outcomes, also_failed=_trigger_indicators(outcomes, until))


@flow(
    name=POLYGON_JOB,
    task_runner=four_at_once(),
    timeout_seconds=FLOW_SECONDS,
    persist_result=False,
)
def polygon_daily_ingestion(
    days_back: int = 1,
    incremental: bool = True,
    symbols: list[str] | None = None,
    max_symbols: int | None = None,
    as_of: datetime | None = None,
) -> State[Any]:
    """Load split-adjusted daily bars from Polygon.

    Args:
        days_back: Calendar days to fetch where nothing is stored or `incremental` is False.
        incremental: Start from each symbol's last stored day, that day included.
        symbols: None means SYMBOLS from the environment, or the four of the demo.
        max_symbols: Load at most so many of them.
        as_of: Nothing newer is asked for or stored; None means now.
    """
    until = moment(as_of)
    settings, chosen = open_run(symbols, max_symbols)
    settings.require_polygon_key()
    futures = {
        symbol: load_polygon_symbol.submit(
            symbol, days_back=days_back, incremental=incremental, as_of=until, settings=settings
        )
        for symbol in chosen
    }
    return close_run(POLYGON_JOB, collect(futures, POLYGON_JOB, settings))


def _trigger_indicators(outcomes: Sequence[Outcome], as_of: datetime) -> str:
    """Run the indicators' flow once for all that was loaded; return why it failed, or nothing."""
    loaded = [one.symbol for one in outcomes if one.status is Status.OK]
    if not loaded:
        return ""
    state: State[Any] = calculate_daily_indicators(
        days_back=HISTORY_DAYS,
        symbols=loaded,
        as_of=as_of,
        restated=[one.symbol for one in outcomes if one.restated],
        return_state=True,
    )
    return "" if state.is_completed() else f"indicators: {state.message}"
