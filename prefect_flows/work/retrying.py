"""Which failures are tried again, when, and what they were. The rule is the same for every task."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from typing import Any

import psycopg
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TaskRunContext
from prefect.tasks import Task

from prefect_flows.errors import PassingError, VendorError

__all__ = [
    "RETRIES",
    "attempt",
    "can_pass",
    "heed",
    "pause",
    "reason",
    "retrying",
    "worth_retrying",
]

RETRY_DELAYS = [1.0, 4.0]
RETRIES = len(RETRY_DELAYS)
_JITTER = 0.5
# A vendor that asks for more than that is asked again by the next run.
_LONGEST_WAIT_SECONDS = 60.0


def can_pass(cause: object) -> bool:
    """Tell whether a failure can pass: a vendor's passing fault or a database hiccup."""
    return isinstance(cause, (PassingError, psycopg.OperationalError))


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


def heed(error: PassingError) -> None:
    """Wait as long as the vendor asked for, beyond what a retry waits anyway."""
    if error.retry_after is not None and attempt() <= RETRIES:
        time.sleep(max(0.0, _bounded(error.retry_after) - RETRY_DELAYS[attempt() - 1]))


def pause(round_number: int, errors: Iterable[PassingError]) -> None:
    """Wait before another round over what failed: the delay of a retry, or what a vendor asked for.

    Args:
        round_number: Of the round that is over, from 1.
        errors: What failed in it.
    """
    asked = max((_bounded(error.retry_after or 0.0) for error in errors), default=0.0)
    delay = RETRY_DELAYS[round_number - 1] * (1 + random.uniform(0, _JITTER))
    time.sleep(max(delay, asked))


def reason(cause: object) -> str:
    """Return why a symbol failed, in one line."""
    if isinstance(cause, VendorError):
        return cause.reason
    text = " ".join(str(cause).split())[:500]
    return f"{type(cause).__name__}: {text}"


def _bounded(seconds: float) -> float:
    return min(max(0.0, seconds), _LONGEST_WAIT_SECONDS)
