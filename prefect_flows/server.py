"""One real Prefect server for a night's flows: find it, or start it.

Prefect's own temporary server starts for every command, takes 6-18 s and forgets task runs.
This one is started once, outlives the command, and is found again through `server.json` in
PREFECT_HOME. This module must not import prefect: it sets the variables that prefect reads
at import.
"""

from __future__ import annotations

import fcntl
import http.client
import json
import logging
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from prefect_flows import processes
from prefect_flows.errors import ServerError
from prefect_flows.server_settings import (
    CONNECTION_VARIABLE,
    DATABASE_VARIABLE,
    home,
    server_environment,
)
from prefect_flows.tables import TRIGRAMS_AVAILABLE

__all__ = ["ServerState", "ensure_server", "is_ready", "read_state", "stop_server"]

_log = logging.getLogger(__name__)

START_SECONDS = 120.0
BUSY_SECONDS = 15.0
STOP_SECONDS = 10.0
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class ServerState:
    """The server that was started last.

    Attributes:
        pid: Its process.
        token: Start time of that process, as `processes.start_token` gives it.
        port: TCP port on 127.0.0.1.
    """

    pid: int
    token: str
    port: int

    @property
    def api_url(self) -> str:
        """Address for PREFECT_API_URL."""
        return f"http://{HOST}:{self.port}/api"


def ensure_server(environ: Mapping[str, str]) -> str:
    """Return the API address of a server that answers, starting one if there is none.

    PREFECT_API_URL wins: a server that the user named is used as it is, and never started.
    Of several callers at once one starts the server and the others wait for it.

    Raises:
        ServerError: It did not become ready; the message names its log.
        SettingsError: The server's database address is malformed.
    """
    if named := environ.get("PREFECT_API_URL"):
        return named
    folder = home(environ)
    state = read_state(folder)
    if state and _is_alive(state) and is_ready(state.port):
        return state.api_url
    folder.mkdir(parents=True, exist_ok=True)
    with _lock(folder):
        return _find_or_start(folder, environ).api_url


def stop_server(environ: Mapping[str, str]) -> bool:
    """End the recorded server, and only it.

    Returns:
        True when one was running.

    Raises:
        ServerError: It would not end.
    """
    folder = home(environ)
    if read_state(folder) is None:
        return False
    with _lock(folder):
        state = read_state(folder)
        if state is None:
            return False
        return _stop(folder, state)


def read_state(folder: Path) -> ServerState | None:
    """Return what `server.json` records; None when there is none or it cannot be read."""
    try:
        fields = json.loads((folder / "server.json").read_text())
        return ServerState(int(fields["pid"]), str(fields["token"]), int(fields["port"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_ready(port: int, *, timeout_seconds: float = 2.0) -> bool:
    """Tell whether a Prefect server answers there and reaches its database."""
    # http.client knows no proxies: a job's HTTPS_PROXY must not stand between us and loopback.
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout_seconds)
    try:
        connection.request("GET", "/api/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _find_or_start(folder: Path, environ: Mapping[str, str]) -> ServerState:
    state = read_state(folder)
    if state and _is_alive(state):
        if _wait_ready(state, BUSY_SECONDS):
            return state
        _stop(folder, state)
    for _ in range(2):  # a second time in case another program took the port in between
        state = _start(folder, environ)
        if _wait_ready(state, START_SECONDS):
            return state
        _stop(folder, state)
    raise ServerError(f"the Prefect server did not become ready; see {folder / 'server.log'}")


def _start(folder: Path, environ: Mapping[str, str]) -> ServerState:
    chosen = server_environment(environ)
    if DATABASE_VARIABLE in environ and not _knows_trigrams(environ[DATABASE_VARIABLE]):
        _log.warning(
            "%s: that PostgreSQL has no extension pg_trgm, which Prefect's tables need; "
            "Prefect's history goes to SQLite in %s",
            DATABASE_VARIABLE,
            folder,
        )
        del chosen[CONNECTION_VARIABLE]
    port = _free_port()
    command = [sys.executable, "-m", "prefect", "server", "start"]
    command += ["--host", HOST, "--port", str(port)]
    pid = processes.spawn_detached(command, environ=chosen, log=folder / "server.log")
    state = ServerState(pid, processes.start_token(pid) or "gone", port)
    partial = folder / "server.json.part"
    partial.write_text(json.dumps(asdict(state)))
    partial.replace(folder / "server.json")
    return state


def _knows_trigrams(uri: str) -> bool:
    """Tell whether Prefect's migrations can run there; PostgreSQL may come without contrib."""
    import psycopg

    try:
        with psycopg.connect(uri, connect_timeout=10) as connection:
            return connection.execute(TRIGRAMS_AVAILABLE).fetchone() is not None
    except psycopg.Error as error:
        raise ServerError(f"{DATABASE_VARIABLE}: {str(error).splitlines()[0]}") from None


def _stop(folder: Path, state: ServerState) -> bool:
    was_running = processes.end(state.pid, state.token, patience_seconds=STOP_SECONDS)
    if _is_alive(state):
        raise ServerError(f"the Prefect server (pid {state.pid}) would not end")
    (folder / "server.json").unlink(missing_ok=True)
    return was_running


def _is_alive(state: ServerState) -> bool:
    return processes.is_same(state.pid, state.token)


def _wait_ready(state: ServerState, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and _is_alive(state):
        if is_ready(state.port):
            return True
        time.sleep(0.1)
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    # The system drops the lock when its holder dies, so no stale lock can be left behind.
    deadline = time.monotonic() + 2 * START_SECONDS + BUSY_SECONDS
    with (folder / "server.lock").open("w") as handle:
        while True:
            with suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            if time.monotonic() > deadline:
                raise ServerError(f"another process holds {folder / 'server.lock'}")
            time.sleep(0.1)
        yield
