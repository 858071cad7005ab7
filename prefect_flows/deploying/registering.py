"""Register all deployments for workers on pools; say what stands and what is left over."""

from __future__ import annotations

from collections.abc import Iterator

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.responses import DeploymentResponse
from prefect.deployments.runner import DeploymentApplyError
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError

from prefect_flows.deploying.definitions import for_pool
from prefect_flows.deploying.reading import DefinitionError, Definitions, load_flow
from prefect_flows.deploying.shapes import DeploymentShape

__all__ = ["existing", "full_name", "leftovers", "register"]


def register(client: SyncPrefectClient, definitions: Definitions) -> Iterator[str]:
    """Create or update every deployment; say in a line each what stands now.

    Raises:
        DefinitionError: The server refuses one, such as a parameter of the wrong type.
    """
    for shape in definitions.deployments:
        known = existing(client, shape)
        try:
            for_pool(shape, known, definitions.pull).apply()
        except (DeploymentApplyError, PrefectHTTPStatusError) as error:
            raise DefinitionError(f"{full_name(shape)}: {_refusal(error)}") from None
        paused = " (paused)" if known and known.paused else ""
        yield f"{full_name(shape)}: {_when(shape)}{paused}"


def existing(client: SyncPrefectClient, shape: DeploymentShape) -> DeploymentResponse | None:
    """Return the deployment as the server has it; None when it has none."""
    try:
        return client.read_deployment_by_name(full_name(shape))
    except ObjectNotFound:
        return None


def full_name(shape: DeploymentShape) -> str:
    """Return `flow/deployment`, the name by which Prefect's commands know it."""
    return f"{load_flow(shape).name}/{shape.name}"


def leftovers(client: SyncPrefectClient, definitions: Definitions) -> Iterator[str]:
    """Say what the server has of ours that prefect.yaml does not name.

    It goes on running, and is not deleted here: it may be an operator's own.
    """
    named = {full_name(shape): shape for shape in definitions.deployments}
    flows = {one.id: one.name for one in client.read_flows()}
    for known in client.read_deployments():
        name = f"{flows.get(known.flow_id)}/{known.name}"
        if shape := named.get(name):
            slugs = {one.slug for one in shape.schedules}
            for schedule in known.schedules:
                if schedule.slug not in slugs:
                    yield f"{name} has a schedule that prefect.yaml does not name: {schedule.slug}"
        elif (known.entrypoint or "").startswith("prefect_flows."):
            yield f"{name} is deployed, and prefect.yaml does not name it"


def _when(shape: DeploymentShape) -> str:
    return ", ".join(f"{one.cron} {one.timezone}" for one in shape.schedules) or "no schedule"


def _refusal(error: Exception) -> str:
    if isinstance(error, PrefectHTTPStatusError):
        error = ValueError(error.response.json().get("detail", error.response.status_code))
    return " ".join(str(error).split())[:300]
