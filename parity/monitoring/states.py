"""How a run counts: what a table, Prefect or an exit code says of it, in the words of States."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from parity.model.monitoring import JobRun
from parity.monitoring.rows import FlowRun, PrefectRun

__all__ = ["State", "state_of_flow_run", "state_of_job", "state_of_prefect_run"]

State = Literal[
    "ok", "symbols_failed", "failed", "did_not_end", "running", "late", "cancelled", "no_session"
]
LONGEST = timedelta(hours=2)  # a run that has said nothing for so long has gone

_TABLE: dict[str, State] = {
    "completed": "ok",
    "symbols_failed": "symbols_failed",
    "failed": "failed",
    "no_session": "no_session",
    "interrupted": "did_not_end",
}
_PREFECT: dict[str, State] = {
    "COMPLETED": "ok",
    "FAILED": "failed",
    "CRASHED": "did_not_end",
    "CANCELLED": "cancelled",
    "CANCELLING": "cancelled",
}
# Names of states that our flows end with. A night whose verdict is fail has done its work.
_NAMED: dict[str, State] = {
    "NoSession": "no_session",
    "SymbolsFailed": "symbols_failed",
    "Fail": "ok",
    "Late": "late",
}


def state_of_job(run: JobRun, *, running: bool) -> State:
    """A job's; `running`: its night has not ended."""
    if run.ended is None:
        return "running" if running else "did_not_end"
    return "ok" if run.exit_code == 0 else "failed"


def state_of_flow_run(run: FlowRun, prefect: PrefectRun | None, now: datetime) -> State:
    """A flow run's in a table. Where that leaves it running, Prefect may know more."""
    if run.state != "running":
        return _TABLE.get(run.state, "failed")
    told = None if prefect is None else state_of_prefect_run(prefect, now)
    if told not in (None, "running", "late"):
        return told
    return "running" if now - run.started_at <= LONGEST else "did_not_end"


def state_of_prefect_run(run: PrefectRun, now: datetime) -> State | None:
    """A flow run's as Prefect knows it; None where it has only just become due."""
    if run.state in _NAMED:
        return _NAMED[run.state]
    if run.kind in _PREFECT:
        return _PREFECT[run.kind]
    if run.kind == "SCHEDULED" and run.started_at is None:
        return None
    return "running" if now - (run.started_at or run.due) <= LONGEST else "did_not_end"
