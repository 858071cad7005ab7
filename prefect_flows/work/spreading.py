"""Submit a run's tasks, watch them end, and say of each symbol what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID

from prefect import get_run_logger
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.futures import PrefectFuture

from prefect_flows.queries.connection import connect
from prefect_flows.queries.runs import newest, record, settled
from prefect_flows.work.failing import reason
from prefect_flows.work.outcome import Outcome, Status
from prefect_flows.work.running import Run

__all__ = ["Submit", "spread"]

# From so many tasks on, the run has a bar of progress in the UI, moved every few seconds.
_LONG = 10
_EVERY_SECONDS = 3.0

Future = PrefectFuture[list[Outcome]]
Submit = Callable[[tuple[str, ...]], Sequence[Future]]


def spread(run: Run, submit: Submit) -> list[Outcome]:
    """Have the missing symbols done, a portion a submission.

    What came of a symbol stands in load_runs, where its task wrote it. So it is the same whatever
    ran the task: not every runner brings a task's exception home.

    Args:
        run: What is to be done, and how it is cut.
        submit: Submits the task for a portion, or its chain of tasks.

    Returns:
        An outcome a symbol, in order. A task that could not write one, such as one whose process
        died, has it written here.
    """
    started_at = datetime.now(UTC)
    with connect(run.settings.database_url) as connection:
        before = newest(connection)
    chains = {portion: submit(portion) for portion in run.granularity.portions(run.missing)}
    causes = _ends(run, chains)
    with connect(run.settings.database_url) as connection:
        found = settled(connection, run.id, run.job, run.missing, after=before)
        lost = [
            Outcome(
                symbol=symbol,
                started_at=started_at,
                status=Status.FAILED,
                message=reason(cause) if cause else "its task ended without an account",
            )
            for portion, cause in causes.items()
            for symbol in portion
            if symbol not in found
        ]
        record(connection, run.job, lost, run.id)
    found |= {one.symbol: one for one in lost}
    return [found[symbol] for symbol in run.missing]


def _ends(
    run: Run, chains: dict[tuple[str, ...], Sequence[Future]]
) -> dict[tuple[str, ...], BaseException | None]:
    """Wait for all, show how far it is, and return what each portion's chain failed of first."""
    bar = _Bar(run, len(chains))
    causes = {}
    for count, (portion, chain) in enumerate(chains.items(), start=1):
        # To the end of the chain, whatever fails first: nothing may run on when the flow ends.
        failed = [cause for future in chain if (cause := _cause(future))]
        causes[portion] = failed[0] if failed else None
        bar.move(count)
    return causes


def _cause(future: Future) -> BaseException | None:
    """Why a task failed; None where it did not."""
    try:
        future.result()
    except Exception as error:  # noqa: BLE001  # whatever it is, it is this portion's alone
        return error
    return None


class _Bar:
    """The progress of a long run in the UI. A server that does not answer costs the bar only."""

    def __init__(self, run: Run, tasks: int) -> None:
        self._tasks = tasks
        self._shown = time.monotonic()
        self._artifact: UUID | None = None
        if tasks < _LONG:
            return
        try:
            self._artifact = create_progress_artifact(  # type: ignore[assignment]
                progress=0.0,
                key=f"{run.job.replace('_', '-')}-progress",
                description=f"{len(run.missing)} symbols in {tasks} tasks",
            )
        except Exception as error:  # noqa: BLE001
            get_run_logger().warning("no bar of progress: %s", type(error).__name__)

    def move(self, done: int) -> None:
        """Show so many tasks as done, if it is time for that."""
        if self._artifact is None:
            return
        if done < self._tasks and time.monotonic() - self._shown < _EVERY_SECONDS:
            return
        self._shown = time.monotonic()
        try:
            update_progress_artifact(self._artifact, progress=100.0 * done / self._tasks)
        except Exception as error:  # noqa: BLE001
            get_run_logger().warning("the bar of progress stays: %s", type(error).__name__)
            self._artifact = None
