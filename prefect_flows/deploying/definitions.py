"""A deployment of prefect.yaml as Prefect's own object, for both ways to deploy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from prefect.deployments.runner import RunnerDeployment
from prefect.types.entrypoint import EntrypointType

from prefect_flows.deploying.reading import load_flow
from prefect_flows.deploying.shapes import DeploymentShape

__all__ = ["for_pool", "for_serving"]

# Anything else asks git, and sends the address of the repository, which may hold a token.
PLAIN_VERSION: Any = "prefect:simple"


class PullSteps:
    """Code that lies on each worker already: nothing is fetched, the steps only find it.

    What RunnerDeployment asks of a storage; of it only the steps reach the server.
    """

    def __init__(self, steps: list[dict[str, Any]]) -> None:
        self._steps = steps
        self._folder = Path()

    def set_base_path(self, path: Path) -> None:
        """Remember where a runner would put code."""
        self._folder = path

    @property
    def pull_interval(self) -> int | None:
        """None: there is nothing to fetch again."""
        return None

    @property
    def destination(self) -> Path:
        """Where a runner would put code."""
        return self._folder

    async def pull_code(self) -> None:
        """Fetch nothing."""

    def to_pull_step(self) -> list[dict[str, Any]]:
        """Return the steps that a worker's process takes before it imports the flow."""
        return self._steps


def for_pool(
    shape: DeploymentShape, existing: DeploymentResponse | None, pull: list[dict[str, Any]]
) -> RunnerDeployment:
    """Return the deployment for its pool's workers; what is paused in `existing` stays paused."""
    deployment = _deployment(shape, existing)
    deployment.work_pool_name = shape.work_pool.name
    deployment.storage = PullSteps(pull)
    return deployment


def for_serving(shape: DeploymentShape, existing: DeploymentResponse | None) -> RunnerDeployment:
    """Return the deployment for `prefect.serve()`; what is paused in `existing` stays paused."""
    deployment = _deployment(shape, existing)
    # Said, and not left out: so it leaves the pool that it was on, and no worker takes its runs.
    deployment.work_pool_name = None
    return deployment


def _deployment(shape: DeploymentShape, existing: DeploymentResponse | None) -> RunnerDeployment:
    overlap = shape.concurrency_limit
    strategy = ConcurrencyLimitStrategy(overlap.collision_strategy)
    deployment = load_flow(shape).to_deployment(
        name=shape.name,
        description=shape.description,
        tags=shape.tags,
        parameters=shape.parameters,
        schedules=_schedules(shape, existing),
        concurrency_limit=ConcurrencyLimitConfig(limit=overlap.limit, collision_strategy=strategy),
        # Left out, it would be resumed.
        paused=existing.paused if existing else False,
        version_type=PLAIN_VERSION,
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    assert isinstance(deployment, RunnerDeployment)  # a coroutine only where a loop is running
    return deployment


def _schedules(
    shape: DeploymentShape, existing: DeploymentResponse | None
) -> list[DeploymentScheduleCreate]:
    active = {one.slug: one.active for one in existing.schedules} if existing else {}
    return [
        DeploymentScheduleCreate(
            slug=one.slug,
            schedule=CronSchedule(cron=one.cron, timezone=one.timezone),
            active=active.get(one.slug, True),
        )
        for one in shape.schedules
    ]
