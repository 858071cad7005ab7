"""Whether Prefect will do what a cutover asks of its schedules: asked, nothing changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

import httpx

from parity.monitoring.prefect_api import NoAnswerError, client_of, why_not

__all__ = ["prefect_there"]

VARIABLE = "PREFECT_API_URL"
SECONDS = 3.0


def prefect_there(names: Sequence[str], environ: Mapping[str, str]) -> str:
    """What is wrong with Prefect, in one line; empty where it knows every deployment.

    Args:
        names: deployments as FLOW/DEPLOYMENT; where there is none, nothing is asked.
        environ: has PREFECT_API_URL, and the login for it.
    """
    if not names:
        return ""
    url = environ.get(VARIABLE, "").strip()
    if not url:
        return f"{VARIABLE} is not set"
    shown = "Prefect's API"
    try:
        client, address = client_of(url, environ, seconds=SECONDS)
        with client:
            shown = f"Prefect's API at {address}"
            unknown = [name for name in names if not _knows(client, name)]
    except NoAnswerError as error:
        return f"{shown} does not answer ({error})"
    return f"Prefect knows no deployment {', '.join(unknown)}" if unknown else ""


def _knows(client: httpx.Client, name: str) -> bool:
    flow, _, deployment = name.partition("/")
    path = f"deployments/name/{quote(flow, safe='')}/{quote(deployment, safe='')}"
    try:
        code = client.get(path).status_code
    except httpx.HTTPError as error:
        raise NoAnswerError(why_not(error)) from None
    if code not in (httpx.codes.OK, httpx.codes.NOT_FOUND):
        raise NoAnswerError(f"HTTP {code}")
    return code == httpx.codes.OK
