"""What runs a flow's tasks: threads, processes, or a Dask cluster (variable TASK_RUNNER).

The runner is part of a flow's definition, so it is read when the flow's module is imported.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from prefect.futures import PrefectFuture
from prefect.task_runners import ProcessPoolTaskRunner, TaskRunner, ThreadPoolTaskRunner

from prefect_flows.errors import SettingsError

__all__ = ["DEFAULT", "check_runner", "task_runner"]

# As many symbols at a time as vendors and database bear.
DEFAULT = "threads:4"
VARIABLE = "TASK_RUNNER"
_LOCAL = re.compile(r"(threads|processes|dask):([1-9][0-9]?)")
_ADDRESS = re.compile(r"dask:((?:tcp|tls|ws|wss)://[^\s/]+:[0-9]+)")

Runner = TaskRunner[PrefectFuture[Any]]


def check_runner(text: str) -> None:
    """Refuse what names no runner.

    Raises:
        SettingsError: It is none of `threads:N`, `processes:N`, `dask:N` (a cluster of N local
            processes) and `dask:tcp://HOST:PORT` (a scheduler).
    """
    if not (_LOCAL.fullmatch(text) or _ADDRESS.fullmatch(text)):
        raise SettingsError(
            f"{VARIABLE} is {text!r}; write threads:4, processes:2, dask:2, or the address of a "
            "scheduler as dask:tcp://HOST:8786"
        )


def task_runner(environ: Mapping[str, str]) -> Runner:
    """Return the runner that TASK_RUNNER names; by default four threads.

    Raises:
        SettingsError: It names none, or names Dask and prefect-dask is not installed.
    """
    text = environ.get(VARIABLE) or DEFAULT
    check_runner(text)
    kind, _, rest = text.partition(":")
    made: Any
    if kind == "threads":
        made = ThreadPoolTaskRunner(max_workers=int(rest))
    elif kind == "processes":
        made = ProcessPoolTaskRunner(max_workers=int(rest))
    else:
        made = _dask(rest)
    return cast("Runner", made)


def _dask(rest: str) -> Any:
    try:
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError:
        raise SettingsError(
            f"{VARIABLE} names Dask, which is not installed: pip install 'migration-parity[dask]'"
        ) from None
    if not rest.isdecimal():
        return DaskTaskRunner(address=rest)
    # One thread a worker: TA-Lib and the vendors' clients hold the interpreter's lock.
    cluster = {"n_workers": int(rest), "threads_per_worker": 1, "dashboard_address": None}
    return DaskTaskRunner(cluster_kwargs=cluster)
