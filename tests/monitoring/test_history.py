"""Runs of jobs as the store tells them: each once, also those whose end nobody saw."""

from __future__ import annotations

from datetime import date

from parity.database import Database
from parity.model.result import JobOutcome
from parity.model.verdict import Side
from parity.store import Store

FIRST, SECOND = date(2005, 2, 25), date(2005, 2, 28)
START = JobOutcome(
    name="load", side=Side.LEGACY, exit_code=None, seconds=0, log="", reason="started"
)
END = JobOutcome(
    name="load", side=Side.LEGACY, exit_code=0, seconds=2.5, log="logs/load.log",
    cpu_seconds=1.5, peak_memory=90_000_000,
)  # fmt: skip
LATE = JobOutcome(
    name="load", side=Side.LEGACY, exit_code=None, seconds=600, log="logs/load.log", reason="time"
)


def test_a_start_and_its_end_are_one_run(database: Database) -> None:
    store = Store(database.engine_as("parity_harness"))
    store.migrate()
    for session, outcome in (
        (FIRST, START), (FIRST, END),  # as usual
        (FIRST, START),  # killed
        (FIRST, START), (FIRST, LATE),  # again, and too slow
        (SECOND, END),  # noted without a start
        (SECOND, START),  # killed, or running
    ):  # fmt: skip
        store.record_jobs("toy", session, [outcome])
    store.record_jobs("other", FIRST, [END])

    runs = store.job_history("toy")
    assert [(run.session, run.seconds, run.exit_code) for run in runs] == [
        (FIRST, 2.5, 0), (FIRST, None, None), (FIRST, 600, None),
        (SECOND, 2.5, 0), (SECOND, None, None),
    ]  # fmt: skip
    assert [run.ended is None for run in runs] == [False, True, False, False, True]
    assert [run.begun is None for run in runs] == [False, False, False, True, False]
    assert (runs[0].cpu_seconds, runs[0].peak_memory) == (1.5, 90_000_000)
    whole = runs[0]
    assert whole.begun is not None
    assert whole.ended is not None
    assert whole.begun <= whole.ended
