"""Upkeep as flows of a real Prefect server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from parity.database import Database
from prefect_flows.server_settings import flow_environment
from tests.flows.conftest import StartedServer
from tests.upkeep.conftest import CONFIG

pytestmark = pytest.mark.slow

# One process for all, as the import of Prefect is what takes time.
RUN = """
import json
from datetime import UTC, datetime, timedelta
from prefect import flow
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect_flows.maintenance import archive, backup, cleanup

@flow(name="somebody_elses")
def other():
    pass

def told(state):
    details = state.state_details
    print("STATE", json.dumps([state.name, state.message, str(details.flow_run_id)]), flush=True)

with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
    told(other(return_state=True))
    told(archive(return_state=True, folder="out"))
    told(archive(return_state=True, folder="out", side="neither"))
    told(backup(return_state=True, folder="out"))
    later = datetime.now(UTC) + timedelta(days=31)
    told(cleanup(return_state=True, as_of=later, dry_run=True))
    told(cleanup(return_state=True, as_of=later))
    told(cleanup(return_state=True, config="nowhere.yaml"))
"""


def test_each_ends_with_its_counts_and_leaves_them_as_an_artifact(
    prefect_server: StartedServer, database: Database, tmp_path: Path
) -> None:
    with psycopg.connect(database.admin_url) as connection:
        connection.execute(
            "SET ROLE legacy_writer; CREATE TABLE legacy.prices (symbol text, day date);"
            "INSERT INTO legacy.prices VALUES ('A', '2005-02-28'), ('A', '2005-03-01')"
        )
    (tmp_path / "parity.yaml").write_text(CONFIG, encoding="utf-8")
    url = prefect_server.state.api_url
    variables = {"PARITY_DATABASE_URL": database.admin_url, "PYTHONPATH": os.fspath(Path.cwd())}
    environ = prefect_server.environ | variables
    ran = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=tmp_path,
        env=environ | flow_environment(environ, api_url=url),
        capture_output=True, text=True, timeout=150, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    lines = [line.removeprefix("STATE ") for line in ran.stdout.splitlines()]
    states = [json.loads(line) for line in lines if line.startswith('["')]
    names, messages, runs = zip(*states, strict=True)
    assert names == ("Completed", "Completed", "Failed", "Completed", "Completed", "Completed",
                     "Failed")  # fmt: skip
    assert messages[1:4] == (
        "Archive toy-legacy-whole written and read back: 2 rows of legacy.prices",
        "side 'neither' is not known; it is legacy or candidate",
        messages[3],
    )
    assert messages[3].endswith(
        ".dump made and restored: 2 rows of schema legacy, 1 rows of schema parity"
    )  # that one is the version of schema parity
    # Of this server others too may have run maintenance flows, but none later than this test's.
    counted = int(messages[4].split(" flow runs of Prefect")[0].rsplit(maxsplit=1)[-1])
    assert counted >= 3
    assert messages[5].endswith(f"{counted + 1} flow runs of Prefect")  # the dry run's own
    assert messages[6].startswith("nowhere.yaml")

    found = api(url, "flow_runs/filter", {"flow_runs": {"id": {"any_": list(runs)}}})
    assert {run["id"] for run in found} == {runs[0], runs[5], runs[6]}
    artifacts = api(url, "artifacts/filter", {
        "artifacts": {"flow_run_id": {"any_": [runs[5]]}},
    })  # fmt: skip
    assert [one["key"] for one in artifacts] == ["parity-cleanup"]
    assert f"| flow runs of Prefect | {counted + 1} |" in artifacts[0]["data"]


def api(url: str, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Asks the server over HTTP, apart from Prefect's own client."""
    answer = httpx.post(f"{url}/{path}", json=body, timeout=30)
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()
    return found
