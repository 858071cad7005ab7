"""The verbs `deploy` and `serve` of `python -m prefect_flows`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from prefect_flows import server
from prefect_flows.errors import FlowError, ServerError
from prefect_flows.server_settings import flow_environment

# Everything of deploying imports prefect, so it is imported when the variables are set.

__all__ = ["add_parsers", "run"]


def add_parsers(commands: Any) -> None:
    """Add both verbs to the subparsers of `python -m prefect_flows`."""
    deploy = commands.add_parser(
        "deploy",
        help="register all deployments for workers on pools",
        description="Make pools and limits, and register all deployments for workers on pools.",
    )
    serve = commands.add_parser(
        "serve",
        help="run all deployments on this machine, without pools",
        description="Register all deployments and run them here, until interrupted.",
    )
    serve.add_argument("--limit", type=_count, default=4, help="runs at once; default: 4")
    for parser in (deploy, serve):
        parser.add_argument(
            "--file", type=Path, default=Path("prefect.yaml"), help="default: prefect.yaml"
        )
        parser.add_argument("--pools", type=Path, help="default: the package's own pools.yaml")


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Deploy or serve.

    Returns:
        0, or 2 with a line on standard error for everything that is wrong.
    """
    try:
        os.environ.update(flow_environment(environ, api_url=server.ensure_server(environ)))
        return _run(options)
    except FlowError as error:
        for line in str(error).splitlines():
            print(f"prefect_flows: {line}", file=sys.stderr)
        return 2


def _run(options: argparse.Namespace) -> int:
    import httpx

    from prefect_flows.deploying import reading

    definitions = reading.read(options.file, options.pools or reading.DEFAULT_POOLS)
    try:
        if options.command == "serve":
            return _serve(definitions, options.limit)
        return _deploy(definitions)
    except httpx.HTTPStatusError as error:
        raise ServerError(f"{_server()} answers {error.response.status_code}") from None
    except httpx.HTTPError as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ServerError(f"{_server()} cannot be used: {reason}") from None


def _deploy(definitions: Any) -> int:
    from prefect.client.orchestration import get_client

    from prefect_flows.deploying import pools, registering

    with get_client(sync_client=True) as client:
        for line in pools.apply_pools(client, definitions.pools):
            print(line)
        for line in pools.apply_shared(client, definitions.pools):
            print(line)
        for line in registering.register(client, definitions):
            print(line)
        for line in registering.leftovers(client, definitions):
            print(f"note: {line}")
    address = _address()
    if any(f"://{host}" in address for host in ("127.0.0.1", "localhost")):
        print('\nOn this machine (for several, see docs/deployment.md, "Several machines"):')
    else:
        print("\nOn each machine that is to work:")
    print("  export DATABASE_URL=... POLYGON_API_KEY=...  # more: docs/deployment.md")
    print(f"  export PREFECT_API_URL={address}")
    for name in definitions.pools.pools:
        print(f"  prefect worker start --install-policy never --pool {name}")
    return 0


def _serve(definitions: Any, limit: int) -> int:
    from prefect.client.orchestration import get_client

    from prefect_flows.deploying import pools, serving

    with get_client(sync_client=True) as client:
        for line in pools.apply_shared(client, definitions.pools):
            print(line)
    print(f"serving {len(definitions.deployments)} deployments; end it with Ctrl+C", flush=True)
    serving.serve_all(definitions, limit=limit)
    return 0


def _server() -> str:
    return f"the server that PREFECT_API_URL names ({_address()})"


def _address() -> str:
    """The API's address without a name and password that may stand in it."""
    parts = urlsplit(os.environ["PREFECT_API_URL"])
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of runs")
    return int(text)
