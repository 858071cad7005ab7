"""What the flows share: retry rule, one task a symbol, and the account of what became of each."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import psycopg
from prefect import get_run_logger
from prefect.artifacts import create_table_artifact
from prefect.client.schemas.objects import State, TaskRun
from prefect.futures import PrefectFuture
from prefect.states import Completed, Failed
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from prefect.tasks import Task

from prefect_flows import queries
from prefect_flows.errors import PassingError, SettingsError, VendorError
from prefect_flows.outcome import Outcome, Status, failures, summary_lines, table
from prefect_flows.settings import Settings, choose_symbols
from prefect_flows.tables import create_tables

__all__ = [
    "FLOW_SECONDS",
    "RETRY_DELAYS",
    "close_run",
    "collect",
    "four_at_once",
    "moment",
    "open_run",
    "worth_retrying",
]

RETRY_DELAYS = [1.0, 4.0]
# The flow's limit. A task has none of its own: Prefect cannot interrupt a task in a thread, it
# would only mark it TimedOut when the work is done. What bounds a task are the limits of its
# HTTP client and of its database connection.
FLOW_SECONDS = 3600


def worth_retrying(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:  # noqa: ARG001
    """Tell whether a task's failure can pass: a vendor's passing fault or a database hiccup."""
    cause = state.data
    return isinstance(cause, (PassingError, psycopg.OperationalError))


def four_at_once() -> TaskRunner[PrefectFuture[Any]]:
    """Threads for a flow's tasks: as many symbols at a time as vendors and database bear."""
    runner: ThreadPoolTaskRunner[Any] = ThreadPoolTaskRunner(max_workers=4)
    return cast("TaskRunner[PrefectFuture[Any]]", runner)


def moment(as_of: datetime | None) -> datetime:
    """Return the moment that a run stands for; None is now (flows are an edge that has a clock).

    Raises:
        SettingsError: The time has no zone.
    """
    if as_of is None:
        return datetime.now(UTC)
    if as_of.tzinfo is None:
        raise SettingsError(f"as_of {as_of.isoformat()} has no time zone")
    return as_of


def open_run(
    symbols: Sequence[str] | None, max_symbols: int | None
) -> tuple[Settings, tuple[str, ...]]:
    """Read the settings, choose the symbols and make sure that the tables exist.

    Raises:
        SettingsError: A variable or an argument is missing or wrong.
        psycopg.Error: The database does not answer, or refuses.
    """
    settings = Settings.from_environment(os.environ)
    chosen = choose_symbols(symbols, default=settings.symbols, limit=max_symbols)
    with queries.connect(settings.database_url) as connection:
        create_tables(connection)
    return settings, chosen


def collect(
    futures: Mapping[str, PrefectFuture[Outcome]], job: str, settings: Settings
) -> list[Outcome]:
    """Wait for every symbol; a failed task becomes a failed outcome, also in load_runs."""
    started_at = datetime.now(UTC)
    outcomes = [_settle(symbol, future, started_at) for symbol, future in futures.items()]
    if failed := failures(outcomes):
        with queries.connect(settings.database_url) as connection:
            queries.record_runs(connection, job, failed)
    return outcomes


def close_run(job: str, outcomes: Sequence[Outcome], *, also_failed: str = "") -> State[Any]:
    """Publish the account and return the flow's final state.

    Args:
        job: Name of the flow.
        outcomes: One a symbol.
        also_failed: Why a flow that this one called failed; empty when it did not.
    """
    print("\n".join(summary_lines(job, outcomes)), flush=True)
    create_table_artifact(
        key=job.replace("_", "-"), table=table(outcomes), description="What became of each symbol"
    )
    reasons = [f"{one.symbol}: {one.message}" for one in failures(outcomes)]
    if also_failed:
        reasons.append(also_failed)
    if reasons:
        get_run_logger().error("%s: %s", job, "; ".join(reasons))
        return Failed(message="; ".join(reasons), data=None)
    return Completed(message=f"{len(outcomes)} symbols")


def _settle(symbol: str, future: PrefectFuture[Outcome], started_at: datetime) -> Outcome:
    future.wait()
    state = future.state
    if state.is_completed():
        result = state.result()
        assert isinstance(result, Outcome)
        return result
    cause = state.result(raise_on_failure=False)
    return Outcome(
        symbol=symbol, started_at=started_at, status=Status.FAILED, message=_reason(cause)
    )


def _reason(cause: object) -> str:
    if isinstance(cause, VendorError):
        return cause.reason
    text = " ".join(str(cause).split())[:500]
    return f"{type(cause).__name__}: {text}"
