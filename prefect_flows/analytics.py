"""The flow that calculates indicators, and how the flows that load prices trigger it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import FlowRun, State
from prefect.deployments import run_deployment

from prefect_flows.calculating import INDICATORS_JOB
from prefect_flows.work.calculating_tasks import calculate_all
from prefect_flows.work.runners import task_runner
from prefect_flows.work.running import FLOW_SECONDS, moment, open_run, skipped

__all__ = ["calculate_daily_indicators", "trigger_indicators"]

HISTORY_DAYS = 300


@flow(
    name=INDICATORS_JOB,
    task_runner=task_runner(os.environ),
    timeout_seconds=FLOW_SECONDS,
    persist_result=False,
)
def calculate_daily_indicators(
    days_back: int = HISTORY_DAYS,
    symbols: list[str] | None = None,
    as_of: datetime | None = None,
    restated: list[str] | None = None,
    granularity: str | None = None,
    sessions_only: bool = False,
) -> State[Any]:
    """Calculate the indicators of new sessions, and of the last one again, from adjusted bars.

    An indicator that lacks rows is NULL, and a warning names it.

    Args:
        days_back: Calendar days of history before each session written.
        symbols: None means SYMBOLS from the environment, or the four of the demo.
        as_of: Bars from then on are not looked at; None means now.
        restated: Symbols whose stored sessions are all calculated again, because the vendor
            changed their history.
        granularity: `symbol`, `stages` or `batch:N`; None means GRANULARITY from the environment.
        sessions_only: Do nothing on a day that is no session of the exchange.
    """
    until = moment(as_of)
    if sessions_only and (closed := skipped(INDICATORS_JOB, until)):
        return closed
    again = frozenset(restated or ())
    asked = {"days_back": days_back, "restated": sorted(again)}
    with open_run(
        INDICATORS_JOB, symbols, as_of=until, arguments=asked, granularity=granularity
    ) as run:
        return run.close(calculate_all(run, days_back=days_back, restated=again))


def trigger_indicators(
    symbols: Sequence[str],
    *,
    restated: Sequence[str],
    as_of: datetime,
    granularity: str | None,
    deployment: str | None,
) -> str:
    """Run the indicators' flow once for all that was loaded; return why it failed, or nothing.

    Args:
        symbols: What was loaded; nothing runs when that is empty.
        restated: Those whose history the vendor changed.
        as_of: The moment that the loading run stands for.
        granularity: As of the loading run.
        deployment: As FLOW/NAME: run there, and waited for; None means here.
    """
    if not symbols:
        return ""
    parameters = {
        "days_back": HISTORY_DAYS,
        "symbols": list(symbols),
        "as_of": as_of,
        "restated": list(restated),
        "granularity": granularity,
    }
    if deployment is None:
        state: State[Any] = calculate_daily_indicators(**parameters, return_state=True)
    else:
        run: Any = run_deployment(deployment, parameters=parameters, timeout=FLOW_SECONDS)
        assert isinstance(run, FlowRun)
        if run.state is None or not run.state.is_final():
            return f"indicators: {deployment} did not end within {FLOW_SECONDS} s"
        state = run.state
    return "" if state.is_completed() else f"indicators: {state.message}"
