"""A real Prefect server pauses and resumes what a switch asks of it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from parity.monitoring.schedules import Deployments, NoDeploymentError
from tests.flows.conftest import StartedServer


@pytest.mark.slow
def test_a_deployment_is_paused_and_resumed(prefect_server: StartedServer) -> None:
    url = prefect_server.addresses[0]

    def post(path: str, **body: Any) -> Any:
        answer = httpx.post(f"{url}/{path}", json=body, timeout=60)
        answer.raise_for_status()
        return answer.json()

    flow = post("flows/", name="a flow")
    schedules = [{"schedule": {"cron": "0 20 * * *"}, "active": True, "slug": "daily"}]
    made = post("deployments/", name="to pause", flow_id=flow["id"], schedules=schedules)

    def seen() -> tuple[bool, list[bool]]:
        found = httpx.get(f"{url}/deployments/{made['id']}", timeout=60).json()
        return found["paused"], [one["active"] for one in found["schedules"]]

    assert seen() == (False, [True])
    with Deployments(url, {}) as deployments:
        deployments.set_paused("a flow/to pause", paused=True)
        assert seen() == (True, [True])  # its schedule is kept as it was
        deployments.set_paused("a flow/to pause", paused=False)
        assert seen() == (False, [True])
        with pytest.raises(NoDeploymentError, match="a flow/other"):
            deployments.set_paused("a flow/other", paused=True)
