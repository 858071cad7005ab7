"""What monitoring asks Prefect's HTTP API: which flow runs there were, and how they are."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Self, TypeVar

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from parity.monitoring.pairing import plain
from parity.monitoring.rows import PrefectRun

__all__ = ["NoAnswerError", "PrefectApi", "client_of", "why_not"]

Row = TypeVar("Row", bound=BaseModel)

PAGE = 200  # the server gives no more at once
MOST = 20_000  # rows of one kind; part of them is never told as all of them
CONNECT_SECONDS, READ_SECONDS, ALL_SECONDS = 3.0, 15.0, 60.0
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class NoAnswerError(Exception):
    """The API did not say what it was asked; the text says why, in one line without secrets."""


class _Named(BaseModel):
    id: str
    name: str


class _Deployment(BaseModel):
    flow_id: str


class _Run(BaseModel):
    id: str
    flow_id: str
    state_type: str | None = None
    state_name: str | None = None
    run_count: int = 0
    expected_start_time: datetime
    start_time: datetime | None = None
    end_time: datetime | None = None
    parameters: dict[str, Any] = {}


class _Task(BaseModel):
    flow_run_id: str | None = None
    run_count: int = 0


class PrefectApi:
    """A connection to one server. Used in a `with` block."""

    def __init__(self, url: str, environ: Mapping[str, str]) -> None:
        """Names the server.

        Args:
            url: address of the API, such as http://127.0.0.1:4200/api.
            environ: may hold PREFECT_API_AUTH_STRING (`user:password`) or PREFECT_API_KEY.

        Raises:
            NoAnswerError: that is no address.
        """
        self._client, self.url = client_of(url, environ)
        self._until = time.monotonic() + ALL_SECONDS

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def flows(self, *, known: Collection[str], tag: str) -> dict[str, str]:
        """Names of our flows, by id.

        A server may serve others too: where a deployment has the tag, only `known` flows and
        those of such deployments are ours; where none has, all are.

        Raises:
            NoAnswerError: the server does not answer, or not as Prefect does.
        """
        names = {flow.id: flow.name for flow in self._pages("flows", {}, _Named)}
        wanted = {"deployments": {"tags": {"all_": [tag]}}}
        tagged = {one.flow_id for one in self._pages("deployments", wanted, _Deployment)}
        if not tagged:
            return names
        ours = {plain(name) for name in known}
        return {id_: name for id_, name in names.items() if id_ in tagged or plain(name) in ours}

    def runs(
        self, flows: Mapping[str, str], *, first: datetime, now: datetime
    ) -> tuple[PrefectRun, ...]:
        """Runs of flows (names by id) that were due between two moments, the newest first.

        Raises:
            NoAnswerError: as `flows`.
        """
        if not flows:
            return ()
        asked = {
            "sort": "EXPECTED_START_TIME_DESC",
            "flows": {"id": {"any_": sorted(flows)}},
            "flow_runs": {
                "expected_start_time": {"after_": first.isoformat(), "before_": now.isoformat()}
            },
        }
        # A run that comes in while pages are read moves the others: one may be seen twice.
        found = {run.id: run for run in self._pages("flow_runs", asked, _Run)}
        return tuple(_run(run, flows[run.flow_id]) for run in found.values())

    def retries(self, run_ids: Sequence[str]) -> dict[str, int]:
        """How often tasks of each run, and the run itself, were tried again.

        Raises:
            NoAnswerError: as `flows`.
        """
        found = dict.fromkeys(run_ids, 0)
        for start in range(0, len(run_ids), PAGE):
            ids = {"id": {"any_": list(run_ids[start : start + PAGE])}}
            for run in self._pages("flow_runs", {"flow_runs": ids}, _Run):
                found[run.id] += max(0, run.run_count - 1)
            for task in self._pages("task_runs", {"flow_runs": ids}, _Task):
                if task.flow_run_id in found:
                    found[task.flow_run_id] += max(0, task.run_count - 1)
        return found

    def _pages(self, what: str, asked: Mapping[str, Any], shape: type[Row]) -> Iterator[Row]:
        adapter = TypeAdapter(list[shape])  # type: ignore[valid-type]
        for offset in range(0, MOST, PAGE):
            page = self._page(f"{what}/filter", {**asked, "limit": PAGE, "offset": offset})
            try:
                rows: list[Row] = adapter.validate_json(page)
            except ValidationError:
                raise NoAnswerError(f"what it says of {what} is not what Prefect says") from None
            yield from rows
            if len(rows) < PAGE:
                return
        raise NoAnswerError(f"it has more than {MOST:,} {what.replace('_', ' ')}")

    def _page(self, path: str, asked: Mapping[str, Any]) -> bytes:
        if time.monotonic() > self._until:
            raise NoAnswerError(f"it has not told all within {ALL_SECONDS:g} s")
        try:
            answer = self._client.post(path, json=asked)
        except httpx.HTTPError as error:
            raise NoAnswerError(why_not(error)) from None
        if answer.status_code != httpx.codes.OK:
            raise NoAnswerError(f"HTTP {answer.status_code} {answer.reason_phrase}".rstrip())
        return answer.content


def client_of(
    url: str, environ: Mapping[str, str], *, seconds: float = READ_SECONDS
) -> tuple[httpx.Client, str]:
    """A client of the API, and the address as it may be shown: without a login.

    Args:
        url: address of the API.
        environ: may hold PREFECT_API_AUTH_STRING (`user:password`) or PREFECT_API_KEY.
        seconds: how long an answer may take.

    Raises:
        NoAnswerError: that is no address.
    """
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        address = httpx.URL("")
    if address.scheme not in ("http", "https") or not address.host:
        raise NoAnswerError("its address must begin with http:// or https://")
    login = (address.username, address.password) if address.userinfo else None
    address = address.copy_with(username=None, password=None)
    headers = {}
    if key := environ.get("PREFECT_API_KEY"):
        headers["Authorization"] = f"Bearer {key}"
    user, mark, password = environ.get("PREFECT_API_AUTH_STRING", "").partition(":")
    client = httpx.Client(
        base_url=address,
        headers=headers,
        auth=(user, password) if mark else login,
        timeout=httpx.Timeout(seconds, connect=CONNECT_SECONDS),
        trust_env=address.host not in LOOPBACK,  # no proxy stands between us and ourselves
    )
    return client, str(address)


def why_not(error: httpx.HTTPError) -> str:
    """Why nothing came back, in one line."""
    return " ".join(str(error).split()) or type(error).__name__


def _run(run: _Run, flow: str) -> PrefectRun:
    return PrefectRun(
        run_id=run.id,
        flow=flow,
        at=_as_of(run.parameters) or run.start_time or run.expected_start_time,
        due=run.expected_start_time,
        kind=run.state_type or "",
        state=run.state_name or "",
        started_at=run.start_time,
        ended_at=run.end_time,
    )


def _as_of(parameters: Mapping[str, Any]) -> datetime | None:
    """The moment that a run was asked to stand for."""
    try:
        found = datetime.fromisoformat(str(parameters.get("as_of")))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
