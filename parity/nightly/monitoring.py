"""How scripts and flows have run over some sessions: `parity status --flows`, and gates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from parity.database import Role
from parity.model.errors import UsageError
from parity.model.monitoring import JobRun, Monitored
from parity.monitoring import (
    NoAnswerError,
    PrefectApi,
    PrefectRun,
    Read,
    Seen,
    Span,
    Tables,
    count_figures,
    night_runs,
)
from parity.nightly.harness import Harness

__all__ = ["monitor"]

_MIDNIGHT = time(0)
_LONGEST_BREAK = timedelta(days=30)  # between two sessions of any exchange


def monitor(
    harness: Harness,
    sessions: int,
    *,
    now: datetime,
    until: date | None = None,
    prefect_api: str | None = None,
    environ: Mapping[str, str],
) -> Monitored:
    """Counts the runs of every script, job and flow.

    Args:
        harness: whose jobs and tables.
        sessions: how many sessions of the exchange, whether or not anything ran in them.
        now: the moment of asking; later ones are not looked at.
        until: the last of the sessions; None: the newest one in which anything ran.
        prefect_api: address of Prefect's API; None: it is not asked.
        environ: may hold the login for that API.

    Raises:
        DatabaseError: the database does not answer.
        StoreError: schema `parity` cannot be read.
        UsageError: `until` is no session.
    """
    suite = harness.suite
    jobs = harness.store.job_history(suite.migration)
    with harness.database.connect_as(Role.PARITY_HARNESS, autocommit=True) as connection:
        tables = Tables(connection, suite.flows)
        last = until or _newest(harness, jobs, tables, now)
        if last is None:
            days: tuple[date, ...] = ()
            first = now
        else:
            days = harness.exchange.last(harness.exchange.require(last), sessions)
            first = harness.exchange.night(days[0], _MIDNIGHT)
        end = None if until is None else _begin_of_next(harness, until)
        read = tables.read(
            first=first, end=end, nights=_spans(jobs), zone=str(harness.exchange.zone)
        )
        told = _ask(harness, read, prefect_api, environ, first, now)
        figures, notes = count_figures(
            Seen(
                sessions=days,
                session_of=lambda moment: _session_of(harness, moment),
                now=now,
                configured=[(job.name, job.side) for job in suite.jobs],
                jobs=jobs,
                night_runs=night_runs(connection, suite.migration),
                flows=[*(read.flows or ()), *told.flows],
                flow_runs=read.runs,
                prefect_runs=told.runs,
                retries=told.retries,
                symbols=read.symbols,
            )
        )
    return Monitored(
        migration=suite.migration,
        sessions=days,
        lines=figures,
        notes=(*tables.notes, *notes, *told.notes),
        prefect_asked=told.answered,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What Prefect says, or why it does not."""

    flows: Sequence[str] = ()
    runs: Sequence[PrefectRun] = ()
    retries: Mapping[str, int]
    notes: tuple[str, ...] = ()
    answered: bool = False


def _ask(
    harness: Harness,
    read: Read,
    url: str | None,
    environ: Mapping[str, str],
    first: datetime,
    now: datetime,
) -> _Told:
    if not url:
        note = (
            "Prefect's API was not asked (--prefect-api or PREFECT_API_URL names it): what never "
            "reached a table is not counted"
        )
        return _Told(retries={}, notes=(note,))
    shown = "Prefect's API"
    try:
        with PrefectApi(url, environ) as api:
            shown = f"Prefect's API at {api.url}"
            flows = api.flows(known=read.flows or (), tag=harness.suite.migration)
            runs = api.runs(flows, first=first, now=now)
            noted = {run.run_id for run in read.runs or ()}
            retries = api.retries([run.run_id for run in runs if run.run_id not in noted])
    except NoAnswerError as error:
        return _Told(retries={}, notes=(f"{shown} does not answer ({error}): the figures come "
                                        "from the tables",))  # fmt: skip
    return _Told(flows=tuple(flows.values()), runs=runs, retries=retries, answered=True)


def _newest(harness: Harness, jobs: Sequence[JobRun], tables: Tables, now: datetime) -> date | None:
    """The newest session in which anything ran."""
    found = [job.session for job in jobs]
    if (moment := tables.newest()) is not None:
        found.append(_session_of(harness, min(moment, now)))
    return max(found, default=None)


def _session_of(harness: Harness, moment: datetime) -> date:
    """The newest session that had begun by the exchange's calendar; a day that is none else."""
    try:
        return harness.exchange.latest(moment, _MIDNIGHT)
    except UsageError:  # the calendar does not reach that far: it is of no session
        return moment.astimezone(harness.exchange.zone).date()


def _begin_of_next(harness: Harness, session: date) -> datetime | None:
    """Where the next session's runs begin; None where the calendar ends."""
    later = harness.exchange.between(session + timedelta(days=1), session + _LONGEST_BREAK)
    return harness.exchange.night(later[0], _MIDNIGHT) if later else None


def _spans(jobs: Sequence[JobRun]) -> list[Span]:
    """When the nights' jobs ran, as far as their beginning and end were seen."""
    return sorted(
        {
            Span(job.begun, job.ended, job.session)
            for job in jobs
            if job.begun is not None and job.ended is not None
        },
        key=lambda span: span.begun,
    )
