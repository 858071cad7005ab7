"""The nightly comparison as a flow of a real Prefect server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from parity.database import Database
from tests.flows.conftest import StartedServer
from tests.nightly.toy import CONFIG, ROWS, script

pytestmark = pytest.mark.slow


def api(started: StartedServer, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Asks the server over HTTP, apart from Prefect's own client."""
    answer = httpx.post(f"{started.state.api_url}/{path}", json=body, timeout=30)
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()
    return found


@pytest.mark.parametrize(("price", "exit_code", "state"), [(1.0, 0, "Completed"), (9.0, 1, "Fail")])
def test_the_flow_run_ends_as_the_verdict_and_links_to_the_report(
    prefect_server: StartedServer,
    database: Database,
    tmp_path: Path,
    price: float | None,
    exit_code: int,
    state: str,
) -> None:
    (tmp_path / "old.py").write_text(script("legacy", ROWS), encoding="utf-8")
    new = script("prefect", [("A", price), *ROWS[1:]] if price else [])
    (tmp_path / "new.py").write_text(new, encoding="utf-8")
    (tmp_path / "parity.yaml").write_text(CONFIG, encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-m", "prefect_flows", "nightly", "--session", "2024-02-29"],
        cwd=tmp_path,
        env=prefect_server.environ
        | {"PARITY_DATABASE_URL": database.admin_url, "PYTHONPATH": os.fspath(Path.cwd())},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert ended.returncode == exit_code, ended.stderr
    page = tmp_path / "reports" / "parallel_run" / "2024-02-29" / "index.html"
    assert page.is_file()

    runs = api(prefect_server, "flow_runs/filter", {
        "flows": {"name": {"any_": ["parity_nightly"]}}, "sort": "START_TIME_DESC", "limit": 1,
    })  # fmt: skip
    assert runs[0]["state_name"] == state
    artifacts = api(prefect_server, "artifacts/filter", {
        "artifacts": {"flow_run_id": {"any_": [runs[0]["id"]]}},
    })  # fmt: skip
    by_key = {artifact["key"]: artifact["data"] for artifact in artifacts}
    assert page.as_uri() in by_key["parity-report"]
    tasks = api(prefect_server, "task_runs/filter", {
        "flow_runs": {"id": {"any_": [runs[0]["id"]]}},
    })  # fmt: skip
    assert {run["name"].rsplit("-", 1)[0] for run in tasks} == {"run jobs", "compare", "publish"}
