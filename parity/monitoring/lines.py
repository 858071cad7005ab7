"""Which runs belong to which script, job and flow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from parity.model.monitoring import JobRun, RunKind
from parity.model.verdict import Side
from parity.monitoring.pairing import plain
from parity.monitoring.rows import FlowRun, PrefectRun, SymbolCount
from parity.monitoring.states import (
    State,
    state_of_flow_run,
    state_of_job,
    state_of_prefect_run,
)

__all__ = ["Line", "Ran", "Seen", "flow_lines", "job_lines"]

SessionOf = Callable[[datetime], date]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All that the sources say.

    Attributes:
        sessions: those that count.
        session_of: which session a moment belongs to.
        now: the moment of asking.
        configured: the jobs of the config in its order, with their sides.
        jobs: runs of jobs; those of other sessions are ignored.
        night_runs: a night is running now: the newest jobs without an end are running too.
        flows: names of all flows that the table of flow runs ever held, or that Prefect knows.
        flow_runs: its rows; None where there is no such table.
        prefect_runs: what Prefect says of the same time.
        retries: by run id, of runs that only Prefect knows.
        symbols: rows of the tables of symbols, by side.
    """

    sessions: Sequence[date]
    session_of: SessionOf
    now: datetime
    configured: Sequence[tuple[str, Side]] = ()
    jobs: Sequence[JobRun] = ()
    night_runs: bool = False
    flows: Sequence[str] = ()
    flow_runs: Sequence[FlowRun] | None = None
    prefect_runs: Sequence[PrefectRun] = ()
    retries: Mapping[str, int] = field(default_factory=dict)
    symbols: Mapping[Side, Sequence[SymbolCount]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One run, whoever told of it."""

    session: date
    state: State
    seconds: float | None = None
    cpu_seconds: float | None = None
    peak_memory: int | None = None
    retries: int | None = None
    symbols: int | None = None
    symbols_failed: int | None = None


@dataclass(slots=True, kw_only=True)
class Line:
    """All runs of one script, job or flow."""

    name: str
    kind: RunKind
    side: Side
    runs: list[Ran] = field(default_factory=list)
    symbols: list[SymbolCount] | None = None  # None: no table counts them


def job_lines(seen: Seen) -> list[Line]:
    """The jobs of the config, and those that it no longer has but that ran."""
    wanted = set(seen.sessions)
    runs = [run for run in seen.jobs if run.session in wanted]
    sides = dict(seen.configured) | {run.name: run.side for run in runs}
    lines = {
        name: Line(
            name=name, side=side,
            kind=RunKind.SCRIPT if side is Side.LEGACY else RunKind.JOB,
        )
        for name, side in sides.items()
    }  # fmt: skip
    # That a night is running does not say which: it can only be the one that began last.
    begun = [run.begun for run in seen.jobs if run.begun is not None]
    newest = max(begun, default=None)
    for run in runs:
        lines[run.name].runs.append(
            Ran(
                session=run.session,
                state=state_of_job(run, running=seen.night_runs and run.begun == newest),
                seconds=run.seconds,
                cpu_seconds=run.cpu_seconds,
                peak_memory=run.peak_memory,
            )
        )
    return list(lines.values())


def flow_lines(seen: Seen) -> list[Line]:
    """The flows that a table or Prefect knows, by name; also those that did not run."""
    told = {run.run_id: run for run in seen.prefect_runs}
    noted = seen.flow_runs or ()
    ran = [(run.job, _of_table(run, told.get(run.run_id), seen)) for run in noted]
    in_table = {run.run_id for run in noted}
    for prefect in seen.prefect_runs:
        state = state_of_prefect_run(prefect, seen.now)
        if prefect.run_id not in in_table and state is not None:
            ran.append((prefect.flow, _of_prefect(prefect, state, seen)))
    names = {plain(name): name for name in seen.flows}
    for name, _ in ran:
        names.setdefault(plain(name), name)
    lines = {
        key: Line(name=name, kind=RunKind.FLOW, side=Side.CANDIDATE)
        for key, name in sorted(names.items())
    }
    wanted = set(seen.sessions)
    for name, one in ran:
        if one.session in wanted:
            lines[plain(name)].runs.append(one)
    return list(lines.values())


def _of_table(run: FlowRun, prefect: PrefectRun | None, seen: Seen) -> Ran:
    return Ran(
        session=seen.session_of(run.at),
        state=state_of_flow_run(run, prefect, seen.now),
        seconds=_between(run.started_at, run.finished_at),
        cpu_seconds=run.cpu_seconds,
        peak_memory=run.peak_memory,
        retries=run.retries,
        symbols=run.symbols,
        symbols_failed=run.failed,
    )


def _of_prefect(run: PrefectRun, state: State, seen: Seen) -> Ran:
    return Ran(
        session=seen.session_of(run.at),
        state=state,
        seconds=_between(run.started_at, run.ended_at),
        retries=seen.retries.get(run.run_id),
    )


def _between(first: datetime | None, last: datetime | None) -> float | None:
    return None if first is None or last is None else (last - first).total_seconds()
