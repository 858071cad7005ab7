"""What may stand in prefect.yaml and pools.yaml. Prefect ignores keys that it does not know; here
they are errors, as a misspelt limit or schedule would otherwise be no limit and no schedule.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from prefect.client.schemas.schedules import CronSchedule
from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["DeploymentShape", "LimitShape", "PoolShape", "PoolsFile", "PrefectFile"]

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")]
ZONES = available_timezones()


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ScheduleShape(_Shape):
    """When a deployment runs by itself.

    It has no parameters of its own: the server (3.8.8) forgets them as soon as an operator pauses
    the schedule and resumes it.

    Attributes:
        slug: Name of the schedule within its deployment; what an operator pauses goes by it.
        cron: Five fields.
        timezone: In which the cron expression is read, summer time included.
    """

    slug: Name
    cron: str
    timezone: str

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        if self.timezone not in ZONES:
            raise ValueError(f"timezone {self.timezone!r} is not known")
        try:
            CronSchedule(cron=self.cron, timezone=self.timezone)
        except ValueError:
            raise ValueError(f"cron {self.cron!r} cannot be read") from None
        return self


class OverlapShape(_Shape):
    """How many runs of a deployment at once, and what becomes of one too many."""

    limit: Annotated[int, Field(ge=1)]
    collision_strategy: Literal["CANCEL_NEW", "ENQUEUE"]


class WorkPoolShape(_Shape):
    """The pool whose workers execute a deployment."""

    name: Name


class DeploymentShape(_Shape):
    """One deployment.

    Attributes:
        name: Of the deployment.
        entrypoint: `package.module.flow`; it is imported, so no path of a machine is in it.
    """

    name: Name
    entrypoint: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$")]
    description: str
    tags: list[Name]
    parameters: dict[str, Any] = Field(default_factory=dict)
    schedules: list[ScheduleShape] = Field(default_factory=list)
    concurrency_limit: OverlapShape
    work_pool: WorkPoolShape

    @model_validator(mode="after")
    def _says_what_it_means(self) -> Self:
        slugs = [one.slug for one in self.schedules]
        if len(set(slugs)) < len(slugs):
            raise ValueError("two schedules have the same slug")
        # Prefect would fill them in for workers, and for workers only.
        if "{{" in repr(self.parameters):
            raise ValueError("parameters cannot hold {{ placeholders }}")
        return self


class PrefectFile(_Shape):
    """prefect.yaml. `definitions` holds YAML anchors only."""

    name: str
    pull: list[dict[str, dict[str, Any]]]
    definitions: Any = None
    deployments: Annotated[list[DeploymentShape], Field(min_length=1)]


class PoolShape(_Shape):
    """A work pool. `concurrency_limit` counts flow runs over all its workers."""

    type: Literal["process"]
    concurrency_limit: Annotated[int, Field(ge=1)]
    description: str = ""


class LimitShape(_Shape):
    """A vendor's limit: requests at once, and how many of those places are free again a second."""

    limit: Annotated[int, Field(ge=1)]
    # Without decay it would be no rate: each request gives its place back when it ends.
    slot_decay_per_second: Annotated[float, Field(gt=0, strict=False)]


class PoolsFile(_Shape):
    """pools.yaml. `dead_after_seconds`: silence after which a run counts as crashed."""

    pools: Annotated[dict[Name, PoolShape], Field(min_length=1)]
    limits: dict[Name, LimitShape]
    # Less than two signs of life apart would end runs that are well.
    dead_after_seconds: Annotated[int, Field(ge=10, le=86_400)]
