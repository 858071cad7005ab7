"""The flow that watches: tells of runs that failed, crashed or wait, and of a late night."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger
from prefect.artifacts import create_table_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.states import Completed, Failed
from prefect.utilities.urls import url_for

from parity.alerts import short
from parity.model.alert import Alert, Changes, Trouble, TroubleKind
from parity.model.errors import ParityError, UsageError
from parity.nightly import Harness, open_harness
from parity.nightly.alerting import Told, alert
from parity.report.words import count
from prefect_flows.blocks import alert_block
from prefect_flows.errors import FlowError
from prefect_flows.watching import Look, Waiting, look

__all__ = ["watch"]

FLOW = "flow:"
POOL = "pool:"
SERVED = "served"  # stands for the pool of deployments that have none
DEFINITIONS = "prefect.yaml"
NAMED = 3


@flow(name="watch")
def watch(config: str = "parity.yaml", as_of: datetime | None = None) -> State[Any]:
    """Tell, once each, what is wrong with our deployments' runs and nights, and what is over.

    Watched are the deployments of the prefect.yaml beside the config; without one only nights.

    Args:
        config: path of parity.yaml.
        as_of: taken as now; runs and nights that are late by then are told of.

    Returns:
        Completed when everybody has been told; Failed when somebody has not, or something could
        not be looked at.
    """
    try:
        if as_of is not None and as_of.tzinfo is None:
            raise UsageError(f"as_of {as_of.isoformat()} has no time zone")
        return _watch(open_harness(Path(config), os.environ), Path(config), as_of)
    except ParityError as error:
        return Failed(message=str(error))


def _watch(harness: Harness, config: Path, as_of: datetime | None) -> State[Any]:
    now = as_of or datetime.now(UTC)
    problems: list[str] = []
    seen = None
    try:
        seen = _look(config.absolute().parent / DEFINITIONS, now)
    except FlowError as error:
        problems.append(f"deployments are not watched: {' '.join(str(error).split())}")
    except Exception as error:  # noqa: BLE001
        # Nights are told of, whatever the API says about runs.
        problems.append(f"deployments are not watched: Prefect's API: {type(error).__name__}")
    troubles = tuple(_troubles(harness, seen)) if seen else ()
    if not harness.suite.alerts.to:
        wrong = "; ".join(one.title for one in troubles) or "no run failed, crashed or waits"
        return _end([*problems], f"{config} names nobody to tell under alerts.to; {wrong}")

    def also(alerts: Sequence[Alert]) -> Changes:
        over = dict(_over(harness, alerts, seen)) if seen else {}
        return Changes(opened=troubles, closed=over)

    told = alert(harness, now, os.environ, block=alert_block, also=also)
    _leave(told)
    problems += told.problems
    if told.untold:
        left = count(told.untold, "alert")
        problems.append(f"{left} not told to everybody; the next run tries again")
    shown = [one for one in told.open if one.trouble.kind is not TroubleKind.INCIDENT]
    return _end(problems, f"{count(len(shown), 'alert')} open, {count(told.sent, 'message')} sent")


def _end(problems: Sequence[str], message: str) -> State[Any]:
    if not problems:
        return Completed(message=message)
    for problem in problems:
        get_run_logger().warning(problem)
    return Failed(message="; ".join(problems))


def _look(definitions: Path, now: datetime) -> Look | None:
    if not definitions.exists():
        return None
    from prefect_flows.deploying.reading import read
    from prefect_flows.deploying.registering import existing, full_name

    shapes = read(definitions).deployments
    with get_client(sync_client=True) as client:
        found = [(full_name(shape), existing(client, shape)) for shape in shapes]
        # This flow cannot tell that it does not run; see docs/alerts.md.
        ours = [(name, one) for name, one in found if one and not name.startswith("watch/")]
        return look(client, ours, now)


def _troubles(harness: Harness, seen: Look) -> Iterator[Trouble]:
    for name, run in seen.failed.items():
        how = "crashed" if run.state and run.state.is_crashed() else "failed"
        said = run.state.message if run.state and run.state.message else "it does not say why"
        title = f"{harness.suite.migration}: flow {name} {how}"
        lines: tuple[str, ...] = (
            short(f"{run.state_name}: {said}"),
            f"Run {run.name}, due {_time(harness, run)}. Mend what is wrong, then",
            f"prefect deployment run {name}",
        )
        yield _trouble(FLOW + name, title, lines, run)
    for name, waiting in seen.waiting.items():
        if name not in seen.failed:
            title = f"{harness.suite.migration}: a run of flow {name} waits"
            lines = (
                f"Run {waiting.run.name} was due {_time(harness, waiting.run)}; nobody began it,",
                f"though the pool {waiting.pool} has a worker: is it busy, or its queue paused?",
            )
            yield _trouble(FLOW + name, title, lines, waiting.run)
    for pool, runs in seen.deserted.items():
        yield _deserted(harness, pool, runs)


def _deserted(harness: Harness, pool: str | None, runs: Sequence[Waiting]) -> Trouble:
    names = list(dict.fromkeys(one.deployment for one in runs))
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    waits = (
        f"Runs of {', '.join(names[:NAMED])}{more} wait, the oldest since "
        f"{_time(harness, runs[0].run)}."
        if runs
        else "What is due next will not run."
    )
    title = f"no live worker for the pool {pool}" if pool else "nobody serves the flows"
    start = (
        f"prefect worker start --install-policy never --pool {pool}"
        if pool
        else "python -m prefect_flows serve"
    )
    lines = (waits, "Start one where the flows are to run:", start)
    identity = POOL + (pool or SERVED)
    return _trouble(identity, f"{harness.suite.migration}: {title}", lines, None)


def _trouble(identity: str, title: str, lines: Iterable[str], run: FlowRun | None) -> Trouble:
    return Trouble(
        identity=identity,
        kind=TroubleKind.POOL if identity.startswith(POOL) else TroubleKind.FLOW,
        title=title,
        body="\n".join(lines),
        link=(url_for("flow-run", obj_id=run.id) or "") if run else "",
    )


def _over(harness: Harness, alerts: Sequence[Alert], seen: Look) -> Iterator[tuple[str, str]]:
    for one in alerts:
        identity, migration = one.trouble.identity, harness.suite.migration
        if identity.startswith(FLOW):
            name = identity.removeprefix(FLOW)
            if name in seen.well and name not in seen.waiting:
                run = seen.well[name]
                when = _time(harness, run)
                yield identity, f"{migration}: flow {name} completed again\nThe run due {when}."
        elif identity.startswith(POOL):
            pool = identity.removeprefix(POOL)
            if (None if pool == SERVED else pool) in seen.manned:
                what = "the flows are served" if pool == SERVED else f"the pool {pool} has a worker"
                yield identity, f"{migration}: {what} again"


def _time(harness: Harness, run: FlowRun) -> str:
    due = run.expected_start_time
    return f"{due.astimezone(harness.exchange.zone):%Y-%m-%d %H:%M}" if due else "some time ago"


def _leave(told: Told) -> None:
    """Show the open alerts in Prefect's UI; nothing where there is none, every quarter hour."""
    if told.open:
        create_table_artifact(
            key="parity-alerts",
            table=[
                {
                    "since": f"{one.opened_at:%Y-%m-%d %H:%M} UTC",
                    "what": one.trouble.title,
                    "told": "yes" if one.told_at else "no",
                }
                for one in told.open
                if one.trouble.kind is not TroubleKind.INCIDENT
            ],
            description="What is wrong now",
        )
