"""Environment variables for the Prefect server and for the flows that talk to it.

All are set before prefect is imported: it reads them once.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from prefect_flows.errors import SettingsError

__all__ = [
    "CONNECTION_VARIABLE",
    "DATABASE_VARIABLE",
    "asyncpg_url",
    "flow_environment",
    "home",
    "server_environment",
]

DATABASE_VARIABLE = "PREFECT_SERVER_DATABASE_URL"
CONNECTION_VARIABLE = "PREFECT_API_DATABASE_CONNECTION_URL"

_QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
}
# Batched, a task run costs the server 5-7 ms instead of 25, and bursts lose no records.
_RECORDER = "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER"
_BATCHED = {
    f"{_RECORDER}_BATCH_SIZE": "100",
    f"{_RECORDER}_READ_BATCH_SIZE": "100",
    f"{_RECORDER}_FLUSH_INTERVAL": "1",
}
# What asyncpg.connect() understands, by the name that libpq gives it.
_ASYNCPG_PARAMETERS = {"host": "host", "port": "port", "sslmode": "ssl"}


def home(environ: Mapping[str, str]) -> Path:
    """Return the folder of the server's state: PREFECT_HOME, or `prefect` under PARITY_STATE."""
    if chosen := environ.get("PREFECT_HOME"):
        return Path(chosen).expanduser().absolute()
    return Path(environ.get("PARITY_STATE") or ".parity").absolute() / "prefect"


def server_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment to start the server with.

    Raises:
        SettingsError: PREFECT_SERVER_DATABASE_URL is malformed.
    """
    # The server must not take another server's address for its own.
    kept = {name: value for name, value in environ.items() if name != "PREFECT_API_URL"}
    chosen = {**_QUIET, **_BATCHED, **kept, "PREFECT_HOME": str(home(environ))}
    if uri := environ.get(DATABASE_VARIABLE):
        chosen[CONNECTION_VARIABLE] = asyncpg_url(uri)
    return chosen


def flow_environment(environ: Mapping[str, str], *, api_url: str) -> dict[str, str]:
    """Return the variables that a flow's process needs before it imports prefect."""
    return {
        **{name: environ.get(name, value) for name, value in _QUIET.items()},
        "PREFECT_HOME": str(home(environ)),
        "PREFECT_API_URL": api_url,
        # Without a server a flow must fail: the temporary one forgets what it recorded.
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    }


def asyncpg_url(uri: str) -> str:
    """Turn a libpq URI into SQLAlchemy's address for asyncpg; a socket folder in `host` is kept.

    Raises:
        SettingsError: Not a PostgreSQL URI, or a parameter that asyncpg does not take.
    """
    parts = urlsplit(uri)
    if parts.scheme.partition("+")[0] not in {"postgresql", "postgres"}:
        raise SettingsError(f"{DATABASE_VARIABLE} is not a postgresql:// URI")
    query = {}
    for name, value in parse_qsl(parts.query):
        if name not in _ASYNCPG_PARAMETERS:
            raise SettingsError(f"{DATABASE_VARIABLE}: the parameter {name!r} is not supported")
        query[_ASYNCPG_PARAMETERS[name]] = value
    ending = f"?{urlencode(query, quote_via=quote, safe='/')}" if query else ""
    return f"postgresql+asyncpg://{parts.netloc}{parts.path}{ending}"
