"""What Prefect knows of our deployments: which runs failed, crashed or wait, and for whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateName,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType, WorkerStatus
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound

__all__ = ["Look", "Waiting", "look"]

# So long a run may wait for a worker to come back from a restart.
GRACE = timedelta(minutes=10)
# Of a run that nobody has begun. Those that wait for a place or for their next attempt are well.
WAITING = ["Scheduled", "Late", "Pending"]
# A night that does not pass has done its work; the verdict is told apart from this.
JUDGED = {"Fail", "Undecided"}
# Nothing was run: that says nothing about the flow.
SKIPPED = "NoSession"
RECENT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A run that should have begun long ago."""

    deployment: str
    run: FlowRun
    pool: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was seen.

    Attributes:
        failed: The newest ended run of each deployment where that failed or crashed.
        well: The same where it did its work.
        waiting: Runs that nobody began; not those of pools that are paused or have no worker.
        deserted: Runs that nobody began, by pools without a live worker: possibly none. The name
            is None for deployments that are served, without a pool, when some of their runs wait.
        manned: Pools that have a live worker, and None when no served run waits.
    """

    failed: dict[str, FlowRun]
    well: dict[str, FlowRun]
    waiting: dict[str, Waiting]
    deserted: dict[str | None, tuple[Waiting, ...]]
    manned: frozenset[str | None]


def look(
    client: SyncPrefectClient, deployments: Iterable[tuple[str, DeploymentResponse]], now: datetime
) -> Look:
    """Ask the API.

    Args:
        client: Of the API.
        deployments: By their full names; those that are paused are left alone.
        now: Decides which runs wait for too long.
    """
    ours = [(name, one) for name, one in deployments if not one.paused]
    ended = {name: run for name, one in ours if (run := _last_ended(client, one))}
    waiting = [one for name, deployment in ours for one in _waiting(client, name, deployment, now)]
    pools = {one.work_pool_name for _, one in ours}
    alive: dict[str | None, bool | None] = {
        pool: _alive(client, pool) for pool in pools if pool is not None
    }
    if None in pools:
        alive[None] = not any(one.pool is None for one in waiting)
    return Look(
        failed={name: run for name, run in ended.items() if _is_bad(run)},
        well={name: run for name, run in ended.items() if not _is_bad(run)},
        waiting={one.deployment: one for one in waiting if alive[one.pool]},
        deserted={
            pool: tuple(one for one in waiting if one.pool == pool)
            for pool, live in alive.items()
            if live is False
        },
        manned=frozenset(pool for pool, live in alive.items() if live),
    )


def _is_bad(run: FlowRun) -> bool:
    return run.state_type is not StateType.COMPLETED and run.state_name not in JUDGED


def _last_ended(client: SyncPrefectClient, deployment: DeploymentResponse) -> FlowRun | None:
    ended = [StateType.COMPLETED, StateType.FAILED, StateType.CRASHED]
    runs = client.read_flow_runs(
        flow_run_filter=FlowRunFilter(
            deployment_id=FlowRunFilterDeploymentId(any_=[deployment.id]),
            state=FlowRunFilterState(
                type=FlowRunFilterStateType(any_=ended),
                name=FlowRunFilterStateName(not_any_=[SKIPPED]),
            ),
        ),
        sort=FlowRunSort.END_TIME_DESC,
        limit=1,
    )
    return runs[0] if runs else None


def _waiting(
    client: SyncPrefectClient, name: str, deployment: DeploymentResponse, now: datetime
) -> Iterator[Waiting]:
    runs = client.read_flow_runs(
        flow_run_filter=FlowRunFilter(
            deployment_id=FlowRunFilterDeploymentId(any_=[deployment.id]),
            state=FlowRunFilterState(name=FlowRunFilterStateName(any_=WAITING)),
            expected_start_time=FlowRunFilterExpectedStartTime.model_validate(
                {"before_": now - GRACE}
            ),
        ),
        sort=FlowRunSort.EXPECTED_START_TIME_ASC,
        limit=RECENT,
    )
    for run in runs:
        yield Waiting(deployment=name, run=run, pool=deployment.work_pool_name)


def _alive(client: SyncPrefectClient, pool: str) -> bool | None:
    """Tell whether a pool has a live worker; None when an operator has paused it."""
    try:
        if client.read_work_pool(pool).is_paused:
            return None
        workers = client.read_workers_for_work_pool(pool)
    except ObjectNotFound:
        return False
    return any(worker.status is WorkerStatus.ONLINE for worker in workers)
