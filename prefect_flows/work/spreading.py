"""Submit a run's tasks, watch them end, and say of each symbol what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from prefect.futures import PrefectFuture

from prefect_flows.queries.connection import connect
from prefect_flows.queries.runs import newest, record, settled
from prefect_flows.work.failing import reason
from prefect_flows.work.outcome import Outcome, Status
from prefect_flows.work.progress import Bar
from prefect_flows.work.running import Run

__all__ = ["Submit", "spread"]

# From so many tasks on, the run has a bar of progress in the UI, moved every few seconds.
_LONG = 10
_EVERY_SECONDS = 3.0

Future = PrefectFuture[Any]
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
    bar = _bar(run, len(chains))
    causes = {}
    for count, (portion, chain) in enumerate(chains.items(), start=1):
        # To the end of the chain, whatever fails first: nothing may run on when the flow ends.
        failed = [cause for future in chain if (cause := _cause(future))]
        causes[portion] = failed[0] if failed else None
        if bar is not None:
            bar.move(count)
    return causes


def _bar(run: Run, tasks: int) -> Bar | None:
    if tasks < _LONG:
        return None
    key = f"{run.job.replace('_', '-')}-progress"
    description = f"{len(run.missing)} symbols in {tasks} tasks"
    return Bar(key, description, tasks, every_seconds=_EVERY_SECONDS)


def _cause(future: Future) -> BaseException | None:
    """Why a task failed; None where it did not."""
    try:
        future.result()
    except Exception as error:  # noqa: BLE001  # whatever it is, it is this portion's alone
        return error
    return None
