"""Run all deployments in this process's own runner: one machine, no pools, no workers."""

from __future__ import annotations

from prefect import serve
from prefect.client.orchestration import get_client

from prefect_flows.deploying.definitions import for_serving
from prefect_flows.deploying.reading import Definitions
from prefect_flows.deploying.registering import existing

__all__ = ["serve_all"]


def serve_all(definitions: Definitions, *, limit: int) -> None:
    """Register all deployments and execute their runs until the process is told to end.

    Args:
        definitions: What to serve; pools and limits of vendors are applied before.
        limit: Runs at once, over all deployments.
    """
    with get_client(sync_client=True) as client:
        deployments = [for_serving(one, existing(client, one)) for one in definitions.deployments]
    # Not paused at the end: what was due meanwhile runs at the next start, as with pools, and
    # what an operator paused is told from what was not.
    serve(*deployments, pause_on_shutdown=False, print_starting_message=False, limit=limit)
