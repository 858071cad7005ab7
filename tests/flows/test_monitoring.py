"""What monitoring learns from a real Prefect server: retries, crashes, runs that are late."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest

from parity.database import Database
from parity.model.monitoring import States
from parity.monitoring import PrefectApi, Seen, count_figures, prefect_api
from tests.flows.conftest import StartedServer

pytestmark = pytest.mark.slow

DAY = date(2005, 2, 28)
# A task that is tried three times, in a flow that stands for an evening of 2005.
FLOW = """
from datetime import datetime
from pathlib import Path
from prefect import flow, task
@task(retries=2)
def load(counter):
    tries = len(counter.read_bytes()) if counter.exists() else 0
    counter.write_bytes(b"x" * (tries + 1))
    if tries < 2:
        raise RuntimeError("not yet")
@flow(name="watched_flow")
def run(as_of: datetime, counter: Path):
    load(counter)
run(datetime.fromisoformat("2005-02-28T20:00:00-05:00"), Path({counter!r}))
"""


@pytest.fixture
def by_hand(prefect_server: StartedServer) -> Iterator[httpx.Client]:
    """The server's API, to make with it what only happens when something dies."""
    with httpx.Client(base_url=prefect_server.state.api_url, trust_env=False) as client:
        yield client


def post(by_hand: httpx.Client, path: str, **content: Any) -> Any:
    answer = by_hand.post(path, json=content)
    answer.raise_for_status()
    return answer.json()


def made(by_hand: httpx.Client, flow: str, *states: dict[str, Any]) -> str:
    """A flow run that has gone through states; its id."""
    flow_id = post(by_hand, "flows/", name=flow)["id"]
    first, *others = states
    parameters = {"as_of": "2005-02-28T20:00:00-05:00"}
    run = post(by_hand, "flow_runs/", flow_id=flow_id, state=first, parameters=parameters)
    for state in others:
        post(by_hand, f"flow_runs/{run['id']}/set_state", state=state, force=True)
    return str(run["id"])


def settled(api: PrefectApi, run_ids: list[str]) -> dict[str, int]:
    """Retries, when the server's recorder of task runs has caught up."""
    deadline = time.monotonic() + 30
    while not any((found := api.retries(run_ids)).values()) and time.monotonic() < deadline:
        time.sleep(0.3)
    return found


def test_what_never_reached_a_table(
    prefect_server: StartedServer,
    by_hand: httpx.Client,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prefect_api, "PAGE", 2)  # so that there are pages to turn
    counter = tmp_path_factory.mktemp("watched") / "counter"
    url = prefect_server.state.api_url
    subprocess.run(
        [sys.executable, "-c", FLOW.format(counter=str(counter))],
        env=prefect_server.environ | {"PREFECT_API_URL": url}, check=True, timeout=120,
    )  # fmt: skip
    running = {"type": "RUNNING", "name": "Running"}
    ended = made(by_hand, "watched_flow", running, {"type": "CRASHED", "name": "Crashed"})
    made(by_hand, "watched_flow", running, {"type": "CANCELLED", "name": "Cancelled"})
    made(by_hand, "watched_flow", running, {"type": "COMPLETED", "name": "NoSession"})
    made(by_hand, "watched_flow", running, {"type": "FAILED", "name": "SymbolsFailed"})
    early = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    late = {"type": "SCHEDULED", "name": "Late", "state_details": {"scheduled_time": early}}
    made(by_hand, "watched_flow", late)
    made(by_hand, "flow_of_others", running, {"type": "CRASHED", "name": "Crashed"})
    deployed = post(by_hand, "flows/", name="tagged_flow")["id"]
    post(by_hand, "deployments/", name="nightly", flow_id=deployed, tags=["watched", "more"])

    with PrefectApi(url, {}) as api:
        flows = api.flows(known=["watched-flow"], tag="watched")
        assert set(flows.values()) == {"watched_flow", "tagged_flow"}
        assert "flow_of_others" in api.flows(known=(), tag="no deployment has this tag").values()
        now = datetime.now(UTC)
        runs = api.runs(flows, first=now - timedelta(days=1), now=now)
        assert api.runs(flows, first=now - timedelta(days=2), now=now - timedelta(days=1)) == ()
        retries = settled(api, [run.run_id for run in runs])
    assert ended in {run.run_id for run in runs}

    lines, _ = count_figures(
        Seen(
            sessions=[DAY], session_of=lambda moment: moment.date(), now=now,
            flows=list(flows.values()), flow_runs=[], prefect_runs=runs, retries=retries,
        )
    )  # fmt: skip
    found = {line.name: line for line in lines}
    watched = found["watched_flow"]
    assert watched.states == States(
        ok=1, did_not_end=1, cancelled=1, no_session=1, symbols_failed=1, late=1
    )
    assert watched.success_rate == 1 / 3
    assert watched.retries == 2
    assert watched.slowest_seconds is not None
    assert found["tagged_flow"].success_rate is None


def test_the_command_asks_the_server(
    prefect_server: StartedServer, by_hand: httpx.Client, database: Database, tmp_path: Any
) -> None:
    """A run that the table left running has crashed, says Prefect."""
    from parity.nightly import open_harness
    from parity.nightly.monitoring import monitor
    from tests.nightly.toy import CONFIG

    running = {"type": "RUNNING", "name": "Running"}
    run_id = made(by_hand, "toy_flow", running, {"type": "CRASHED", "name": "Crashed"})
    (tmp_path / "parity.yaml").write_text(f"{CONFIG}\nflows: {{runs: prefect.flow_runs}}\n")
    harness = open_harness(tmp_path / "parity.yaml", {"PARITY_DATABASE_URL": database.admin_url})
    with psycopg.connect(database.admin_url) as connection:
        connection.execute(
            "CREATE TABLE prefect.flow_runs AS SELECT %s::text AS run_id, 'toy_flow'::text AS job, "
            "'2005-02-28 20:00-05'::timestamptz AS as_of, now() AS started_at, "
            "NULL::timestamptz AS finished_at, 'running'::text AS state",
            [run_id],
        )
        connection.execute("GRANT SELECT ON prefect.flow_runs TO parity_harness")
    now = datetime.now(UTC)
    api = prefect_server.state.api_url
    alone = monitor(harness, 2, now=now, environ={})
    asked = monitor(harness, 2, now=now, prefect_api=api, environ={})
    assert alone.sessions == asked.sessions == (date(2005, 2, 25), DAY)
    assert [asked.prefect_asked, alone.prefect_asked] == [True, False]
    for found, expected in ((alone, States(running=1)), (asked, States(did_not_end=1))):
        (line,) = (line for line in found.lines if line.name == "toy_flow")
        assert line.states == expected
