"""Upkeep as flows: the same use cases as `parity maintain`, and Prefect's own records of runs.

One of the few modules of the flows that know the harness. Nothing is retried: each can be started
again at any time, and goes on where it was.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterEndTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import TERMINAL_STATES, State
from prefect.exceptions import ObjectNotFound
from prefect.states import Completed, Failed

from parity.model.errors import ParityError
from parity.model.verdict import Side
from parity.nightly import open_harness
from parity.nightly.upkeep.archive import archive as write_archive
from parity.nightly.upkeep.backup import back_up
from parity.nightly.upkeep.cleanup import clean_up
from parity.upkeep.account import Account, Line

__all__ = ["FLOWS", "archive", "backup", "cleanup", "delete_flow_runs"]

# Whose records are deleted: a server may hold those of others.
FLOWS = (
    "yahoo_market_data_flow",
    "polygon_daily_ingestion",
    "polygon_historical_backfill",
    "calculate_daily_indicators",
    "parity_nightly",
    "cleanup",
    "archive",
    "backup",
    "watch",
)
PAGE = 200


@flow(name="cleanup")
def cleanup(
    config: str = "parity.yaml", as_of: datetime | None = None, dry_run: bool = False
) -> State[Any]:
    """Delete what is older than `retention` in parity.yaml says; evidence of a phase stays.

    Args:
        config: path of parity.yaml.
        as_of: from when ages count; by default now.
        dry_run: only say what would go.

    Returns:
        Completed with the counts, or Failed with the reason.
    """

    def work() -> Account:
        moment = as_of or datetime.now(UTC)
        if moment.tzinfo is None:
            raise ParityError(f"as_of {moment.isoformat()} has no time zone")
        harness = open_harness(Path(config), os.environ)
        account = clean_up(harness, moment, dry_run=dry_run, say=get_run_logger().info)
        with get_client(sync_client=True) as client:
            ended = moment - harness.suite.retention.flow_runs
            number = delete_flow_runs(client, ended, dry_run=dry_run)
        line = Line(what="flow runs of Prefect", number=number)
        return Account(
            title=account.title, lines=(*account.lines, line), notes=account.notes, path=""
        )

    return _ended("parity-cleanup", work)


@flow(name="archive")
def archive(
    config: str = "parity.yaml",
    side: str = "legacy",
    first: date | None = None,
    last: date | None = None,
    folder: str | None = None,
) -> State[Any]:
    """Write the rows of a side to Parquet files, and read them back.

    Args:
        config: path of parity.yaml.
        side: legacy or candidate.
        first: from this session on; by default from the first.
        last: up to this session; by default to the last.
        folder: where the archive is made; by default in the state folder.

    Returns:
        Completed with the counts, or Failed with the reason.
    """

    def work() -> Account:
        if side not in list(Side):
            raise ParityError(f"side {side!r} is not known; it is legacy or candidate")
        return write_archive(
            open_harness(Path(config), os.environ),
            side=Side(side),
            first=first,
            last=last,
            folder=Path(folder) if folder else None,
            say=get_run_logger().info,
        )

    return _ended("parity-archive", work)


@flow(name="backup")
def backup(config: str = "parity.yaml", folder: str | None = None) -> State[Any]:
    """Dump the schemas and restore them into a scratch database to see that it works.

    Args:
        config: path of parity.yaml.
        folder: where backups are kept; by default in the state folder.

    Returns:
        Completed with the counts, or Failed with the reason.
    """

    def work() -> Account:
        return back_up(
            open_harness(Path(config), os.environ),
            datetime.now(UTC),
            folder=Path(folder) if folder else None,
            say=get_run_logger().info,
        )

    return _ended("parity-backup", work)


def delete_flow_runs(client: SyncPrefectClient, before: datetime, *, dry_run: bool) -> int:
    """Delete Prefect's records of our flows' runs that ended before a moment.

    Args:
        client: of the server.
        before: runs that ended later stay, and so do those that have not ended.
        dry_run: only count them.

    Returns:
        How many.
    """
    flows = FlowFilter(name=FlowFilterName(any_=list(FLOWS)))
    runs = FlowRunFilter(
        end_time=FlowRunFilterEndTime.model_validate({"before_": before}),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(TERMINAL_STATES))),
    )
    if dry_run:
        return client.count_flow_runs(flow_filter=flows, flow_run_filter=runs)
    number = 0
    while found := client.read_flow_runs(flow_filter=flows, flow_run_filter=runs, limit=PAGE):
        for run in found:
            try:
                client.delete_flow_run(run.id)
                number += 1
            except ObjectNotFound:
                pass  # somebody else was faster
    return number


def _ended(key: str, work: Callable[[], Account]) -> State[Any]:
    """Do the work; leave its account as an artifact."""
    try:
        account = work()
    except (ParityError, OSError) as error:
        return Failed(message=" ".join(str(error).split()))
    create_markdown_artifact(key=key, markdown=account.markdown())
    return Completed(message=account.message)
