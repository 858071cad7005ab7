"""Which failures are tried again, when, and what they were. The rule is the same for every task."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import psycopg
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TaskRunContext
from prefect.tasks import Task

from prefect_flows.errors import PassingError
from prefect_flows.queries.connection import connect
from prefect_flows.queries.runs import record
from prefect_flows.work.failing import can_pass, reason
from prefect_flows.work.outcome import Outcome, Status

__all__ = [
    "RETRIES",
    "accounted",
    "attempt",
    "pause",
    "retrying",
    "worth_retrying",
]

RETRY_DELAYS = [1.0, 4.0]
RETRIES = len(RETRY_DELAYS)
_JITTER = 0.5


def worth_retrying(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:  # noqa: ARG001
    """Tell Prefect whether a failed task is to be tried again."""
    return can_pass(state.data)


# What every task of a flow is made with. No time limit: Prefect cannot interrupt a task in a
# thread, it would only mark it TimedOut when the work is done. What bounds a task are the limits
# of its HTTP client and of its database connection.
retrying: dict[str, Any] = {
    "retries": RETRIES,
    "retry_delay_seconds": RETRY_DELAYS,
    "retry_jitter_factor": _JITTER,
    "retry_condition_fn": worth_retrying,
    "persist_result": False,
}


def attempt() -> int:
    """Return how often the task that runs here has been tried, from 1."""
    context = TaskRunContext.get()
    return 1 if context is None else max(1, context.task_run.run_count)


def pause(round_number: int, errors: Iterable[PassingError]) -> None:
    """Wait before another round over what failed: the delay of a retry, or what a vendor asked for.

    Args:
        round_number: Of the round that is over, from 1.
        errors: What failed in it.
    """
    asked = max((error.retry_after or 0.0 for error in errors), default=0.0)
    delay = RETRY_DELAYS[round_number - 1] * (1 + random.uniform(0, _JITTER))
    time.sleep(max(delay, asked))


def _heed(error: Exception) -> None:
    """Wait as long as a vendor asked for, beyond what a retry waits anyway."""
    if isinstance(error, PassingError) and error.retry_after is not None:
        time.sleep(max(0.0, error.retry_after - RETRY_DELAYS[attempt() - 1]))


@contextmanager
def accounted(
    database_url: str, job: str, symbols: Iterable[str], run_id: str, *, tried: int = 0
) -> Iterator[None]:
    """Write a failure into load_runs where the task that runs here is not tried again.

    Where it is, and the vendor asked for patience, have that first.

    Args:
        database_url: Of the flows' tables.
        job: Name of the flow.
        symbols: What the task is about.
        run_id: Of the flow run.
        tried: How often an earlier task of the chain was tried, beyond this one.
    """
    started_at = datetime.now(UTC)
    try:
        yield
    except Exception as error:
        if can_pass(error) and attempt() <= RETRIES:
            _heed(error)
        else:
            failed = [
                Outcome(
                    symbol=symbol,
                    started_at=started_at,
                    status=Status.FAILED,
                    message=reason(error),
                    attempts=attempt() + tried,
                )
                for symbol in symbols
            ]
            # Where the database itself is what fails, the flow writes it once all is over.
            with suppress(psycopg.Error), connect(database_url) as connection:
                record(connection, job, failed, run_id)
        raise
