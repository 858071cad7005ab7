"""The flow that watches, against a real Prefect server, database and webhook."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import State
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_LOGGING_TO_API_ENABLED,
    temporary_settings,
)
from prefect.states import Completed, Crashed, Failed, Scheduled
from pydantic import SecretStr

from parity.database import Database
from parity.nightly import Harness, open_harness
from tests.alerts.receivers import SECRET, Webhook, webhook
from tests.flows.conftest import StartedServer
from tests.nightly.toy import CONFIG

pytestmark = [
    pytest.mark.slow,
    # Apprise's module for mail imports one that Python 3.13 has no more.
    pytest.mark.filterwarnings("ignore:'imghdr' is deprecated"),
]
POOL = "analytics-pool"
INDICATORS = "calculate_daily_indicators/e-indicators"
NIGHTLY = "parity_nightly/e-nightly"
DEPLOYMENTS = f"""
name: toy
pull: []
deployments:
  - &one
    name: e-indicators
    entrypoint: prefect_flows.analytics.calculate_daily_indicators
    description: one
    tags: []
    concurrency_limit: {{limit: 1, collision_strategy: ENQUEUE}}
    work_pool: {{name: {POOL}}}
  - <<: *one
    name: e-nightly
    entrypoint: prefect_flows.parity_nightly.parity_nightly
"""
Watch = Callable[..., State[Any]]


@pytest.fixture
def hook() -> Iterator[Webhook]:
    """A webhook."""
    with webhook() as receiver:
        yield receiver


@pytest.fixture
def client(prefect_server: StartedServer) -> Iterator[SyncPrefectClient]:
    """The server's client, which is also that of the flows in this process."""
    url = prefect_server.state.api_url
    settings = {
        PREFECT_API_URL: url,
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
        PREFECT_LOGGING_TO_API_ENABLED: False,  # what is left would be sent after the server's end
    }
    with temporary_settings(settings), SyncPrefectClient(url) as found:
        yield found


@pytest.fixture
def harness(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Harness:
    """A small migration of which no night is stored."""
    monkeypatch.setenv("PARITY_DATABASE_URL", database.admin_url)
    (tmp_path / "parity.yaml").write_text(f"{CONFIG}alerts: {{to: [HOOK]}}\n", encoding="utf-8")
    return open_harness(tmp_path / "parity.yaml", {"PARITY_DATABASE_URL": database.admin_url})


@pytest.fixture
def watch(
    client: SyncPrefectClient, harness: Harness, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> Watch:
    """Runs the flow in this process."""
    monkeypatch.setenv("HOOK", hook.address)

    def run(**parameters: Any) -> State[Any]:
        from prefect_flows.watch import watch

        config = str(harness.suite.root / "parity.yaml")
        state: State[Any] = watch(config=config, return_state=True, **parameters)
        return state

    return run


@pytest.fixture
def deployed(client: SyncPrefectClient, harness: Harness) -> None:
    """Two deployments on a pool, defined beside parity.yaml, with no run in their past."""
    from prefect_flows.deploying.pools import apply_pools
    from prefect_flows.deploying.reading import read
    from prefect_flows.deploying.registering import register

    path = harness.suite.root / "prefect.yaml"
    path.write_text(DEPLOYMENTS, encoding="utf-8")
    definitions = read(path)
    list(apply_pools(client, definitions.pools))
    list(register(client, definitions))
    for run in client.read_flow_runs(limit=200):
        if run.deployment_id is not None:
            client.delete_flow_run(run.id)


def worker(client: SyncPrefectClient) -> None:
    """A sign of life of a worker, as a worker gives it."""
    answer = httpx.post(
        f"{client.api_url}work_pools/{POOL}/workers/heartbeat",
        json={"name": "e-worker", "heartbeat_interval_seconds": 600},
    )
    answer.raise_for_status()


def ended(client: SyncPrefectClient, deployment: str, state: State[Any]) -> None:
    """A run of a deployment that came to this end."""
    found = client.read_deployment_by_name(deployment)
    run = client.create_flow_run_from_deployment(found.id, name="e-run")
    client.set_flow_run_state(run.id, state, force=True)


def test_runs_that_failed_and_runs_that_wait_are_told_once_and_so_is_the_end(
    watch: Watch, client: SyncPrefectClient, deployed: None, hook: Webhook
) -> None:
    # Nobody works on the pool.
    state = watch()
    assert (state.name, state.message) == ("Completed", "1 alert open, 1 message sent")
    assert hook.titles == ["toy: no live worker for the pool analytics-pool"]
    assert f"prefect worker start --install-policy never --pool {POOL}" in hook.got[0]["message"]

    worker(client)
    watch()
    assert hook.titles[1:] == ["toy: the pool analytics-pool has a worker again"]

    # A run fails, the night finds differences, which is no failure; both at every quarter hour.
    ended(client, INDICATORS, Failed(name="SymbolsFailed", message="1 of 4 symbols failed: IBM: no"
                                     " route to postgresql://me:5ecret@host/db"))  # fmt: skip
    ended(client, NIGHTLY, Failed(name="Fail", message="3 rows differ"))
    watch()
    watch()
    (failed,) = hook.got[2:]
    assert failed["title"] == f"toy: flow {INDICATORS} failed"
    assert "SymbolsFailed: 1 of 4 symbols failed: IBM: no route to" in failed["message"]
    assert "/runs/flow-run/" in failed["message"]
    assert "5ecret" not in failed["message"]

    # Another failure of a flow that fails is no news; a day without session proves nothing.
    ended(client, INDICATORS, Crashed(message="no sign of life for 600 seconds"))
    ended(client, INDICATORS, Completed(name="NoSession"))
    watch()
    assert len(hook.got) == 3
    ended(client, INDICATORS, Completed(message="4 symbols"))
    watch()
    assert hook.titles[3:] == [f"toy: flow {INDICATORS} completed again"]
    ended(client, NIGHTLY, Crashed(message="no sign of life for 600 seconds"))
    watch()
    assert hook.titles[4:] == [f"toy: flow {NIGHTLY} crashed"]


def test_a_run_that_nobody_begins_is_told_unless_an_operator_wants_it_so(
    watch: Watch, client: SyncPrefectClient, deployed: None, hook: Webhook, harness: Harness
) -> None:
    from prefect.client.schemas.actions import WorkPoolUpdate

    now = datetime.now(UTC)
    worker(client)
    found = client.read_deployment_by_name(INDICATORS)
    due: State[Any] = Scheduled(scheduled_time=now - timedelta(minutes=30))
    client.create_flow_run_from_deployment(found.id, state=due)

    watch(as_of=now - timedelta(minutes=25))  # five minutes are none
    assert hook.got == []
    client.update_work_pool(POOL, WorkPoolUpdate(is_paused=True))
    watch()
    assert hook.got == []
    client.update_work_pool(POOL, WorkPoolUpdate(is_paused=False))
    watch()
    watch()
    assert hook.titles == [f"toy: a run of flow {INDICATORS} waits"]

    # The same deployment, served without a pool: nobody does.
    from prefect_flows.deploying.definitions import for_serving
    from prefect_flows.deploying.reading import read

    for_serving(read(harness.suite.root / "prefect.yaml").deployments[0], found).apply()
    client.create_flow_run_from_deployment(found.id, state=due)
    watch()
    assert hook.titles[1:] == ["toy: nobody serves the flows"]
    assert f"Runs of {INDICATORS} wait, the oldest since" in hook.got[1]["message"]


def test_a_night_that_is_late_is_told_through_blocks(
    watch: Watch, client: SyncPrefectClient, harness: Harness, hook: Webhook
) -> None:
    from prefect.blocks.notifications import CustomWebhookNotificationBlock
    from prefect.blocks.system import Secret

    Secret(value=SecretStr(hook.address)).save("e-team")
    address = f"http://127.0.0.1:{hook.port}/{SECRET}"
    message = {"title": "{{subject}}", "message": "{{body}}"}
    CustomWebhookNotificationBlock(
        name="x", url=address, json_data=message, headers=None, cookies=None
    ).save("e-hook")
    text = (
        f'{CONFIG}alerts: {{to: ["block:e-team", "block:e-hook", "block:e-none"], '
        'deadline: "22:00"}\n'
    )
    (harness.suite.root / "parity.yaml").write_text(text, encoding="utf-8")

    state = watch(as_of=datetime.fromisoformat("2005-02-28T22:01:00-05:00"))

    assert hook.titles == ["toy 2005-02-28: the night is late"] * 2
    assert (state.name, SECRET in str(state.message)) == ("Failed", False)
    assert "block:e-none: Prefect has no block of that name" in str(state.message)
    assert "1 alert not told to everybody" in str(state.message)


def test_what_keeps_it_from_watching_is_one_line(
    watch: Watch, harness: Harness, hook: Webhook
) -> None:
    (harness.suite.root / "prefect.yaml").write_text("name: toy\n", encoding="utf-8")
    state = watch()
    assert state.name == "Failed"
    assert "deployments are not watched: " in str(state.message)
    assert "prefect.yaml: pull: is missing" in str(state.message)

    (harness.suite.root / "prefect.yaml").unlink()
    (harness.suite.root / "parity.yaml").write_text(CONFIG, encoding="utf-8")
    state = watch()
    assert state.name == "Completed"
    assert "names nobody to tell under alerts.to" in str(state.message)

    assert "no time zone" in str(watch(as_of=datetime(2005, 2, 28)).message)  # noqa: DTZ001
    (harness.suite.root / "parity.yaml").unlink()
    assert "parity.yaml" in str(watch().message)
