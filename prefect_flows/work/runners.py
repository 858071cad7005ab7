"""What runs a flow's tasks: threads, processes, or a Dask cluster (variable TASK_RUNNER).

The runner is part of a flow's definition, so it is read when the flow's module is imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from prefect.futures import PrefectFuture
from prefect.task_runners import ProcessPoolTaskRunner, TaskRunner, ThreadPoolTaskRunner

from prefect_flows.errors import SettingsError
from prefect_flows.work.runner_names import DEFAULT, VARIABLE, check_runner

__all__ = ["task_runner"]

Runner = TaskRunner[PrefectFuture[Any]]


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
