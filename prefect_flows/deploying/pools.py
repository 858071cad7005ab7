"""Pools, vendor limits and the rule for dead runs, made or brought in line with pools.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from prefect.exceptions import ObjectNotFound
from prefect.workers.process import ProcessWorker

from prefect_flows.deploying.reading import DefinitionError
from prefect_flows.deploying.shapes import PoolsFile, PoolShape

__all__ = ["DEAD_RUNS", "apply_pools", "apply_shared"]

DEAD_RUNS = "Runs whose process died"
_HEARTBEAT = "prefect.flow-run.heartbeat"
_ENDED = ("Completed", "Failed", "Cancelled", "Crashed")


def apply_pools(client: SyncPrefectClient, file: PoolsFile) -> Iterator[str]:
    """Apply the pools; say in a line each what stands now. One that is paused stays paused.

    Raises:
        DefinitionError: A pool of that name is of another type.
    """
    for name, pool in file.pools.items():
        paused = _apply_pool(client, name, pool)
        yield f"pool {name}: {pool.concurrency_limit} runs at once{_paused(paused)}"


def apply_shared(client: SyncPrefectClient, file: PoolsFile) -> Iterator[str]:
    """Apply what both ways to deploy need: vendor limits and the rule for dead runs.

    Say in a line each what stands now. What is paused stays paused.
    """
    for name, limit in file.limits.items():
        client.upsert_global_concurrency_limit_by_name(
            name, limit.limit, limit.slot_decay_per_second
        )
        stopped = not client.read_global_concurrency_limit_by_name(name).active
        rate = f"{limit.slot_decay_per_second:g} requests a second"
        yield f"limit {name}: {rate}, {limit.limit} in a burst{_paused(stopped)}"
    enabled = _apply_dead_runs(client, file.dead_after_seconds)
    yield f"runs silent for {file.dead_after_seconds} s are marked Crashed{_paused(not enabled)}"


def _apply_pool(client: SyncPrefectClient, name: str, pool: PoolShape) -> bool:
    try:
        existing = client.read_work_pool(name)
    except ObjectNotFound:
        client.create_work_pool(
            WorkPoolCreate(
                name=name,
                type=pool.type,
                description=pool.description,
                concurrency_limit=pool.concurrency_limit,
                base_job_template=ProcessWorker.get_default_base_job_template(),
            )
        )
        return False
    if existing.type != pool.type:
        raise DefinitionError(
            f"the server has a pool {name!r} of type {existing.type!r}, pools.yaml says "
            f"{pool.type!r}: rename it here or delete it there"
        )
    client.update_work_pool(
        name,
        WorkPoolUpdate(description=pool.description, concurrency_limit=pool.concurrency_limit),
    )
    return existing.is_paused


def _apply_dead_runs(client: SyncPrefectClient, seconds: int) -> bool:
    """Mark a run Crashed when its signs of life stop; return whether the rule is in force.

    Nobody else does: a worker that died cannot report, and its run would hold the place of its
    deployment's next one.
    """
    existing = client.read_automations_by_name(DEAD_RUNS)
    enabled = existing[0].enabled if existing else True
    rule = AutomationCore(
        name=DEAD_RUNS,
        description="From prefect_flows/deploying/pools.yaml",
        enabled=enabled,
        trigger=EventTrigger(
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            for_each={"prefect.resource.id"},
            after={_HEARTBEAT},
            expect={_HEARTBEAT, *(f"prefect.flow-run.{state}" for state in _ENDED)},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=seconds),
        ),
        actions=[
            ChangeFlowRunState(
                name="Crashed",
                state=StateType.CRASHED,
                message=f"no sign of life for {seconds} seconds",
                force=False,
            )
        ],
    )
    if not existing:
        client.create_automation(rule)
    elif existing[0].trigger != rule.trigger:
        client.update_automation(existing[0].id, rule)
    return enabled


def _paused(paused: bool) -> str:
    return " (paused)" if paused else ""
