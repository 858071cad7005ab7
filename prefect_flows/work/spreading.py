"""Submit a run's tasks, watch them end, and say of each symbol what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.futures import PrefectFuture, as_completed

from prefect_flows.queries.connection import connect
from prefect_flows.queries.runs import record
from prefect_flows.work.outcome import Outcome, Status
from prefect_flows.work.retrying import RETRIES, can_pass, reason
from prefect_flows.work.running import Run

__all__ = ["Submit", "spread"]

# From so many tasks on, the run has a bar of progress in the UI, moved every few seconds.
_LONG = 10
_EVERY_SECONDS = 3.0

Submit = Callable[[tuple[str, ...]], Sequence[PrefectFuture[list[Outcome]]]]


def spread(run: Run, submit: Submit) -> list[Outcome]:
    """Have the missing symbols done, a portion a submission.

    Args:
        run: What is to be done, and how it is cut.
        submit: Submits the task for a portion, or its chain of tasks; the last one of them
            returns an outcome for each symbol of the portion.

    Returns:
        An outcome a symbol, in order. What the tasks could not write into load_runs themselves,
        is written.
    """
    started_at = datetime.now(UTC)
    portions = run.granularity.portions(run.missing)
    chains = {portion: submit(portion) for portion in portions}
    _watch(run, [chain[-1] for chain in chains.values()])
    outcomes, lost = [], []
    for portion, chain in chains.items():
        failed = next((one for one in chain if not one.state.is_completed()), None)
        if failed is None:
            outcomes += chain[-1].result()
        else:
            lost += _lost(portion, failed, started_at)
    if lost:
        with connect(run.settings.database_url) as connection:
            record(connection, run.job, lost, run.id)
    found = {one.symbol: one for one in (*outcomes, *lost)}
    return [found[symbol] for symbol in run.missing]


def _lost(
    portion: tuple[str, ...], future: PrefectFuture[list[Outcome]], started_at: datetime
) -> list[Outcome]:
    """The outcomes of a portion whose task failed as a whole."""
    cause = future.state.result(raise_on_failure=False)
    return [
        Outcome(
            symbol=symbol,
            started_at=started_at,
            status=Status.FAILED,
            message=reason(cause),
            attempts=RETRIES + 1 if can_pass(cause) else 1,
        )
        for symbol in portion
    ]


def _watch(run: Run, futures: Sequence[PrefectFuture[list[Outcome]]]) -> None:
    """Wait for all, and show how far it is."""
    if len(futures) < _LONG:
        for future in futures:
            future.wait()
        return
    artifact = create_progress_artifact(
        progress=0.0,
        key=f"{run.job.replace('_', '-')}-progress",
        description=f"{len(run.missing)} symbols in {len(futures)} tasks",
    )
    shown = time.monotonic()
    for count, _ in enumerate(as_completed(list(futures)), start=1):
        if time.monotonic() - shown > _EVERY_SECONDS or count == len(futures):
            shown = time.monotonic()
            update_progress_artifact(artifact, progress=100.0 * count / len(futures))  # type: ignore[arg-type]
