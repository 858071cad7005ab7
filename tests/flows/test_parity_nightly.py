"""The nightly comparison as a flow of a real Prefect server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from prefect.client.schemas.objects import State
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_LOGGING_TO_API_ENABLED,
    temporary_settings,
)

from parity.database import Database
from tests.alerts.receivers import Webhook, webhook
from tests.flows.conftest import StartedServer
from tests.flows.forking import Commands
from tests.nightly.toy import CONFIG, ROWS, script

pytestmark = [pytest.mark.slow, pytest.mark.timeout(360)]
LINK = "https://reports.example.org/parity"
ALERTS = f"alerts: {{to: [HOOK], link: {LINK}}}\n"


@pytest.fixture
def hook() -> Iterator[Webhook]:
    """A webhook."""
    with webhook() as receiver:
        yield receiver


def api(started: StartedServer, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Asks the server over HTTP, apart from Prefect's own client."""
    answer = httpx.post(f"{started.state.api_url}/{path}", json=body, timeout=30)
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()
    return found


def process(
    *arguments: str, environ: dict[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """Runs `python -m prefect_flows …` itself."""
    command = [sys.executable, "-m", "prefect_flows", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=150, check=False
    )


@pytest.mark.parametrize(("price", "exit_code", "state"), [(1.0, 0, "Completed"), (9.0, 1, "Fail")])
def test_the_flow_run_ends_as_the_verdict_leaves_artifacts_and_tells(
    prefect_server: StartedServer,
    commands: Commands,
    database: Database,
    hook: Webhook,
    tmp_path: Path,
    price: float,
    exit_code: int,
    state: str,
) -> None:
    (tmp_path / "old.py").write_text(script("legacy", ROWS), encoding="utf-8")
    new = script("prefect", [("A", price), *ROWS[1:]])
    (tmp_path / "new.py").write_text(new, encoding="utf-8")
    (tmp_path / "parity.yaml").write_text(CONFIG + ALERTS, encoding="utf-8")
    environ = prefect_server.environ | {
        "PARITY_DATABASE_URL": database.admin_url,
        "PYTHONPATH": os.fspath(Path.cwd()),
        "HOOK": hook.address,
    }
    asked = ("nightly", "--session", "2024-02-29")
    # One of the two starts as an operator's does, and imports Prefect itself.
    if exit_code == 0:
        ended = process(*asked, environ=environ, folder=tmp_path)
    else:
        ended = commands.run(*asked, environ=environ, folder=tmp_path)
    assert ended.returncode == exit_code, ended.stderr
    assert (tmp_path / "reports" / "parallel_run" / "2024-02-29" / "index.html").is_file()
    page = f"{LINK}/parallel_run/2024-02-29/index.html"

    runs = api(prefect_server, "flow_runs/filter", {
        "flows": {"name": {"any_": ["parity_nightly"]}}, "sort": "START_TIME_DESC", "limit": 1,
    })  # fmt: skip
    assert runs[0]["state_name"] == state
    artifacts = api(prefect_server, "artifacts/filter", {
        "artifacts": {"flow_run_id": {"any_": [runs[0]["id"]]}},
    })  # fmt: skip
    by_key = {artifact["key"]: artifact["data"] for artifact in artifacts}
    assert page in by_key["parity-report"]
    differs = price != 1.0
    assert json.loads(by_key["parity-verdict"]) == [
        {"dataset": "prices", "verdict": "fail" if differs else "pass", "rows": 3,
         "differing": int(differs), "waived": 0, "incidents": int(differs)},
    ]  # fmt: skip
    assert by_key["parity-jobs"] == 100.0
    assert "prices" in by_key["parity-night"]
    tasks = api(prefect_server, "task_runs/filter", {
        "flow_runs": {"id": {"any_": [runs[0]["id"]]}},
    })  # fmt: skip
    steps = {run["name"].rsplit("-", 1)[0] for run in tasks}
    assert steps == {"run jobs", "compare", "publish", "alert"}
    assert hook.titles == (["toy 2024-02-29: Fail"] if differs else [])
    assert all(page in message["message"] for message in hook.got)


def test_a_day_without_session_runs_nothing_and_bad_input_is_one_line(
    prefect_server: StartedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect_flows.parity_nightly import parity_nightly

    (tmp_path / "parity.yaml").write_text(CONFIG, encoding="utf-8")
    # Should it look for a database in spite of all, there is none.
    monkeypatch.setenv("PARITY_DATABASE_URL", f"postgresql://x@/x?host={tmp_path}")

    def run(**parameters: Any) -> State[Any]:
        config = str(tmp_path / "parity.yaml")
        state: State[Any] = parity_nightly(config=config, return_state=True, **parameters)
        return state

    def at(text: str) -> datetime:
        return datetime.fromisoformat(text)

    settings = {
        PREFECT_API_URL: prefect_server.state.api_url,
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
        PREFECT_LOGGING_TO_API_ENABLED: False,
    }
    with temporary_settings(settings):
        # The Friday before Christmas 2004, and a Saturday in New York that is Sunday elsewhere.
        closed = run(as_of=at("2004-12-24T20:00:00-05:00"), sessions_only=True)
        weekend = run(as_of=at("2005-02-27T03:00:00+00:00"), sessions_only=True)
        asked = run(session=date(2005, 2, 25), sessions_only=True)
        bare = run(as_of=datetime(2005, 2, 28))  # noqa: DTZ001
        (tmp_path / "parity.yaml").write_text("version: 1\n", encoding="utf-8")
        broken = run()

    assert (closed.type, closed.name) == ("COMPLETED", "NoSession")
    assert closed.message == "2004-12-24 is no session of XNYS: nothing was run"
    assert (weekend.name, str(weekend.message)[:10]) == ("NoSession", "2005-02-26")
    # What is asked for by name is run, holiday or not.
    assert (asked.name, "PARITY_DATABASE_URL" in str(asked.message)) == ("Failed", True)
    assert "no time zone" in str(bare.message)
    assert (broken.name, "parity.yaml: " in str(broken.message)) == ("Failed", True)
