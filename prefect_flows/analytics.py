"""The flow that calculates indicators. A shell: a task a symbol, an account at the end."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.client.schemas.objects import State

from prefect_flows.calculating import INDICATORS_JOB, calculate
from prefect_flows.outcome import Outcome
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

__all__ = ["calculate_daily_indicators"]


@task(
    name="calculate_symbol",
    task_run_name="indicators-{symbol}",
    retries=len(RETRY_DELAYS),
    retry_delay_seconds=RETRY_DELAYS,
    retry_condition_fn=worth_retrying,
    persist_result=False,
)
def calculate_symbol(
    symbol: str, *, days_back: int, as_of: datetime, restated: bool, settings: Settings
) -> Outcome:
    """Calculate one symbol's indicators; see `calculating.calculate`."""
    return calculate(
        symbol,
        days_back=days_back,
        as_of=as_of,
        restated=restated,
        settings=settings,
        logger=get_run_logger(),
    )


@flow(
    name=INDICATORS_JOB,
    task_runner=four_at_once(),
    timeout_seconds=FLOW_SECONDS,
    persist_result=False,
)
def calculate_daily_indicators(
    days_back: int = 300,
    symbols: list[str] | None = None,
    as_of: datetime | None = None,
    restated: list[str] | None = None,
) -> State[Any]:
    """Calculate the indicators of new sessions, and of the last one again, from adjusted bars.

    Args:
        days_back: Calendar days of history before each session written.
        symbols: None means SYMBOLS from the environment, or the four of the demo.
        as_of: Bars from then on are not looked at; None means now.
        restated: Symbols whose stored sessions are all calculated again, because the vendor
            changed their history.
    """
    until = moment(as_of)
    settings, chosen = open_run(symbols, None)
    again = frozenset(restated or ())
    futures = {
        symbol: calculate_symbol.submit(
            symbol,
            days_back=days_back,
            as_of=until,
            restated=symbol in again,
            settings=settings,
        )
        for symbol in chosen
    }
    return close_run(INDICATORS_JOB, collect(futures, INDICATORS_JOB, settings))
