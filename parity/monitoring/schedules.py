"""What is changed through Prefect's HTTP API: whether a deployment's schedules run."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from parity.monitoring.prefect_api import NoAnswerError, client_of, why_not

__all__ = ["Deployments", "NoDeploymentError"]

# A rollback waits for it: what does not answer soon is asked again later.
READ_SECONDS, ALL_SECONDS = 5.0, 20.0


class NoDeploymentError(Exception):
    """The server knows no deployment of that name; the text is the name."""


class _Deployment(BaseModel):
    id: str
    paused: bool = False


class Deployments:
    """The deployments of one server. Used in a `with` block."""

    def __init__(self, url: str, environ: Mapping[str, str]) -> None:
        """Names the server.

        Args:
            url: address of the API, such as http://127.0.0.1:4200/api.
            environ: may hold PREFECT_API_AUTH_STRING (`user:password`) or PREFECT_API_KEY.

        Raises:
            NoAnswerError: that is no address.
        """
        self._client, self.url = client_of(url, environ, seconds=READ_SECONDS)
        self._until = time.monotonic() + ALL_SECONDS

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def set_paused(self, name: str, *, paused: bool) -> None:
        """Pauses or resumes all schedules of a deployment; one that is so already is left alone.

        Args:
            name: FLOW/DEPLOYMENT, as `prefect deployment ls` shows it.
            paused: what it is to be.

        Raises:
            NoDeploymentError: the server does not know it.
            NoAnswerError: the server does not answer, or not as Prefect does.
        """
        flow, _, deployment = name.partition("/")
        path = f"deployments/name/{quote(flow, safe='')}/{quote(deployment, safe='')}"
        answer = self._ask("GET", path)
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise NoDeploymentError(name)
        _require(answer, httpx.codes.OK)
        try:
            found = _Deployment.model_validate_json(answer.content)
        except ValidationError:
            raise NoAnswerError("what it says of a deployment is not what Prefect says") from None
        if found.paused is not paused:
            change = self._ask("PATCH", f"deployments/{found.id}", {"paused": paused})
            _require(change, httpx.codes.NO_CONTENT, httpx.codes.OK)

    def _ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        if time.monotonic() > self._until:
            raise NoAnswerError(f"it has not done all within {ALL_SECONDS:g} s")
        try:
            return self._client.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise NoAnswerError(why_not(error)) from None


def _require(answer: httpx.Response, *codes: int) -> None:
    if answer.status_code not in codes:
        raise NoAnswerError(f"HTTP {answer.status_code} {answer.reason_phrase}".rstrip())
