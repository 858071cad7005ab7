"""A team's site in small: a Prefect server, a database, the vendors, and workers on their pools."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg

from parity.demo.server import ReplayServer
from tests.flows.forking import Commands

PATIENCE_SECONDS = 240.0
# What both ways to deploy have in common.
SAME = (
    "flow_id",
    "entrypoint",
    "description",
    "tags",
    "parameters",
    "paused",
    "enforce_parameter_schema",
    "parameter_openapi_schema",
    "concurrency_options",
)
Json = dict[str, Any]


@dataclass(frozen=True)
class Worker:
    """A worker that runs, and the file with its output."""

    process: psutil.Popen
    log: Path

    def kill(self) -> None:
        """End it and its flow runs without a word, as a machine that loses its power does."""
        kill_all(self.process)


@dataclass(frozen=True)
class Site:
    """What a test of deployments runs against.

    Attributes:
        url: Of the Prefect server's API.
        environ: Of a shell in which an operator types commands.
        database_url: As the role that writes.
        admin_url: The same database, as administrator.
        replay: The vendors.
        folder: Empty; for the workers to stand in.
        client: Asks the server; one for all, since making one takes longer than an answer.
        commands: What starts `python -m prefect_flows …`.
    """

    url: str
    environ: dict[str, str]
    database_url: str
    admin_url: str
    replay: ReplayServer
    folder: Path
    client: httpx.Client
    commands: Commands

    def flows(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `python -m prefect_flows …` in the project's folder."""
        return self.commands.run(*arguments, environ=self.environ)

    def get(self, path: str) -> Any:
        """Ask the server over HTTP, apart from Prefect's own client."""
        return self._send("GET", path)

    def post(self, path: str, **body: Any) -> Any:
        """Tell the server something over HTTP."""
        return self._send("POST", path, body)

    def patch(self, path: str, **body: Any) -> None:
        """Change something over HTTP, as the UI does."""
        self._send("PATCH", path, body)

    def delete(self, path: str) -> None:
        """Delete something over HTTP."""
        self._send("DELETE", path)

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        for _ in range(20):
            answer = self.client.request(method, f"{self.url}/{path}", json=body)
            if answer.status_code != 503:  # on SQLite: busy, and nothing is done
                break
            time.sleep(0.5)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def start(self, name: str, **parameters: object) -> str:
        """Start a deployment's run, by `flow/deployment`; return the run's id."""
        deployment = self.get(f"deployments/name/{name}")
        run = self.post(f"deployments/{deployment['id']}/create_flow_run", parameters=parameters)
        return str(run["id"])

    def ended(self, run: str) -> Json:
        """Wait until a run has ended and return it."""
        until(lambda: self.get(f"flow_runs/{run}")["state_type"] in ENDED)
        found: Json = self.get(f"flow_runs/{run}")
        return found

    def rows(self, statement: str, url: str = "") -> list[tuple[Any, ...]]:
        """Query the database as an administrator."""
        with psycopg.connect(url or self.admin_url) as connection:
            return connection.execute(statement.encode()).fetchall()

    @contextmanager
    def worker(self, pool: str, *options: str, **variables: str) -> Iterator[Worker]:
        """Run a worker as another machine would: elsewhere, with nothing of the project around."""
        folder = self.folder / f"{pool}-{len(list(self.folder.iterdir()))}"
        folder.mkdir()
        log = folder / "worker.log"
        command = ["prefect", "worker", "start", "--pool", pool, "--install-policy", "never"]
        environ = self.environ | variables
        with background([*command, *options], environ, log, folder) as process:
            until(lambda: "started!" in log.read_text())
            yield Worker(process, log)


ENDED = {"COMPLETED", "FAILED", "CANCELLED", "CRASHED"}


@contextmanager
def background(
    command: list[str], environ: dict[str, str], log: Path, folder: Path | None = None
) -> Iterator[psutil.Popen]:
    """Run a command until the block ends, and nothing of it longer."""
    with log.open("wb") as sink:
        process = psutil.Popen(
            command,
            env=environ,
            cwd=folder,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        kill_all(process, gently=True)


def kill_all(process: psutil.Popen, *, gently: bool = False) -> None:
    """End a process and what it started, each of which has a process group of its own."""
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        family = []
    if gently and family:
        os.killpg(process.pid, signal.SIGINT)  # Ctrl+C
        psutil.wait_procs(family, timeout=10)
    for one in family:
        if one.is_running():
            one.kill()
    psutil.wait_procs(family, timeout=10)
    process.wait(timeout=10)


def until(condition: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for something to become true; fail when it does not."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.3)


def operators_shell(prefect_home: Path) -> dict[str, str]:
    """Return the environment of a shell with the project's commands and nothing of Prefect's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    commands = Path(sys.executable).parent
    return kept | {
        "PREFECT_HOME": str(prefect_home),
        "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "80",
    }


def registered(site: Site) -> dict[str, Json]:
    """All deployments by name, with what both ways to deploy have in common."""
    found = {}
    for one in site.post("deployments/filter"):
        schedules = [
            {key: each[key] for key in ("slug", "schedule", "active", "parameters")}
            for each in one["schedules"]
        ]
        limit = one["global_concurrency_limit"]["limit"]
        found[one["name"]] = {key: one[key] for key in SAME} | {
            "schedules": schedules,
            "limit": limit,
        }
    return found
