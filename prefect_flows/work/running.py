"""A flow's run from its start to its account: settings, symbols, what is done already, the end."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
from prefect import get_run_logger, runtime
from prefect.artifacts import create_table_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from psycopg import Connection

from prefect_flows.errors import SettingsError
from prefect_flows.queries import runs
from prefect_flows.queries.connection import connect
from prefect_flows.sessions import no_session
from prefect_flows.settings import Settings, choose_symbols
from prefect_flows.tables import create_tables
from prefect_flows.work.granularity import Granularity
from prefect_flows.work.outcome import Outcome, Usage, failures, summary_lines, table
from prefect_flows.work.runner_names import DEFAULT, VARIABLE
from prefect_flows.work.usage import usage

__all__ = ["FLOW_SECONDS", "Run", "moment", "open_run", "skipped"]

# A plan that allows five requests a minute needs its time.
FLOW_SECONDS = 4 * 3600
SYMBOLS_FAILED = "SymbolsFailed"
NO_SESSION = "NoSession"
# A database takes no message of a megabyte in a state; the table artifact has all of it.
_MESSAGE_SYMBOLS = 20


def moment(as_of: datetime | None) -> datetime:
    """Return the moment that a run stands for (flows are an edge that has a clock).

    None is when the run was due: one that a worker begins late, or after midnight, is still that
    evening's. A run that is started by hand is due now.

    Raises:
        SettingsError: The time has no zone.
    """
    if as_of is None:
        due: datetime | None = runtime.flow_run.scheduled_start_time
        return due or datetime.now(UTC)
    if as_of.tzinfo is None:
        raise SettingsError(f"as_of {as_of.isoformat()} has no time zone")
    return as_of


def skipped(job: str, as_of: datetime) -> State[Any] | None:
    """Return the final state of a run on a day that is no session; None where it is one."""
    why = no_session(as_of)
    if not why:
        return None
    print(f"{job}: nothing done: {why}", flush=True)
    return Completed(name=NO_SESSION, message=why)


@dataclass(slots=True)
class Run:
    """One run of a flow.

    Attributes:
        id: Prefect's id of the flow run.
        job: Name of the flow.
        as_of: The moment it stands for.
        settings: Of its surroundings.
        symbols: All that it is about.
        granularity: How much one task does.
        done: What the same run, or an interrupted one that was asked for the same, did already.
    """

    id: str
    job: str
    as_of: datetime
    settings: Settings
    symbols: tuple[str, ...]
    granularity: Granularity
    done: Mapping[str, Outcome]
    state: str = field(default="failed", init=False)
    outcomes: Sequence[Outcome] = field(default=(), init=False)

    @property
    def missing(self) -> tuple[str, ...]:
        """The symbols that are still to be done."""
        return tuple(symbol for symbol in self.symbols if symbol not in self.done)

    def close(self, outcomes: Sequence[Outcome], *, also_failed: str = "") -> State[Any]:
        """Publish the account and return the flow's final state.

        Args:
            outcomes: One a symbol that was missing.
            also_failed: Why a flow that this one called failed; empty when it did not.

        Returns:
            Completed; Failed, named SymbolsFailed, where others were done; Failed otherwise.
        """
        every = [*self.done.values(), *outcomes]
        self.outcomes = every
        print("\n".join(summary_lines(self.job, every)), flush=True)
        try:
            create_table_artifact(
                key=self.job.replace("_", "-"),
                table=table(every),
                description="What became of each symbol",
            )
        except Exception as error:  # noqa: BLE001  # the rows are stored; the table is a courtesy
            get_run_logger().warning("no table in the UI: %s", type(error).__name__)
        failed = failures(every)
        reasons = [f"{one.symbol}: {one.message}" for one in failed[:_MESSAGE_SYMBOLS]]
        if len(failed) > _MESSAGE_SYMBOLS:
            reasons.append(f"and {len(failed) - _MESSAGE_SYMBOLS} symbols more")
        if also_failed:
            reasons.append(also_failed)
        if not reasons:
            self.state = "completed"
            return Completed(message=f"{len(every)} symbols")
        get_run_logger().error("%s: %s", self.job, "; ".join(reasons))
        message = "; ".join(reasons)
        if failed and len(failed) < len(every) and not also_failed:
            self.state = "symbols_failed"
            message = f"{len(failed)} of {len(every)} symbols failed: {message}"
            return Failed(name=SYMBOLS_FAILED, message=message, data=None)
        return Failed(message=message, data=None)


@contextmanager
def open_run(
    job: str,
    symbols: Sequence[str] | None,
    *,
    as_of: datetime,
    arguments: Mapping[str, object],
    max_symbols: int | None = None,
    granularity: str | None = None,
) -> Iterator[Run]:
    """Choose the symbols, make sure that the tables exist, and keep account of the run.

    Where a run that was asked for the same was interrupted (its process is gone), this one goes
    on from it: what that one stored need not be done again. So does a run that Prefect runs again.

    Args:
        job: Name of the flow.
        symbols: As asked for; None means the variable SYMBOLS, or the four of the demo.
        as_of: The moment the run stands for.
        arguments: What else decides about its rows.
        max_symbols: Take at most so many.
        granularity: How much one task does; None means the variable GRANULARITY.

    Raises:
        SettingsError: A variable or an argument is missing or wrong.
        psycopg.Error: The database does not answer, or refuses.
    """
    settings = Settings.from_environment(os.environ)
    chosen = choose_symbols(symbols, default=settings.symbols, limit=max_symbols)
    size = settings.granularity if granularity is None else Granularity.parse(granularity)
    run_id = str(runtime.flow_run.id)
    with connect(settings.database_url) as connection:
        create_tables(connection)
        asked = dict(arguments)
        before = runs.begin(
            connection,
            run_id,
            job,
            as_of=as_of,
            arguments=asked,
            granularity=str(size),
            runner=os.environ.get(VARIABLE) or DEFAULT,
            symbols=len(chosen),
        )
        done = runs.done(connection, [run_id, *before], job, chosen)
        if done:
            get_run_logger().info("%d of %d symbols are done already", len(done), len(chosen))
        run = Run(run_id, job, as_of, settings, chosen, size, done)
        before_it = usage()
        try:
            yield run
        except BaseException as error:
            # Out of time, cancelled, or the worker is told to go: the next run goes on from it.
            unended = isinstance(error, TimeoutError) or not isinstance(error, Exception)
            run.state = "interrupted" if unended else "failed"
            raise
        finally:
            _finish(connection, run, before_it)


def _finish(connection: Connection, run: Run, before: Usage) -> None:
    spent = usage()
    since = Usage(spent.cpu_seconds - before.cpu_seconds, spent.peak_memory)
    account = {
        "failed": len(failures(run.outcomes)),
        "retries": sum(one.attempts - 1 for one in run.outcomes if one.symbol not in run.done),
        "usage": since,
    }
    try:
        runs.finish(connection, run.id, run.state, **account)  # type: ignore[arg-type]
    except psycopg.OperationalError:
        # The connection lay idle while the tasks ran, and may have been cut.
        with suppress(psycopg.Error), connect(run.settings.database_url) as another:
            runs.finish(another, run.id, run.state, **account)  # type: ignore[arg-type]
