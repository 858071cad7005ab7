"""The tasks that load prices: a symbol each, a symbol in three stages, or a batch of symbols."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from prefect import get_run_logger, task
from prefect.futures import PrefectFuture
from psycopg import Connection

from prefect_flows.errors import PassingError
from prefect_flows.feeds import Feed
from prefect_flows.loading import Fetched, check, fetch, store
from prefect_flows.queries.connection import connect
from prefect_flows.queries.runs import done
from prefect_flows.settings import Settings
from prefect_flows.work.batching import Batch, fetch_checked
from prefect_flows.work.granularity import Kind
from prefect_flows.work.limits import Permits, packet_of
from prefect_flows.work.outcome import Outcome
from prefect_flows.work.retrying import RETRIES, accounted, attempt, pause, retrying
from prefect_flows.work.running import Run
from prefect_flows.work.sealed import Sealed
from prefect_flows.work.spreading import Submit, spread

__all__ = ["load"]


def load(run: Run, feed: Feed) -> list[Outcome]:
    """Load the run's missing symbols, cut into tasks as it says."""
    packet = packet_of(feed.vendor, run.granularity.size)
    stages = run.granularity.kind is Kind.STAGES
    submit = _stages(run, feed) if stages else _batches(run, feed, packet)
    return spread(run, submit)


def _batches(run: Run, feed: Feed, packet: int) -> Submit:
    kind = load_symbol if run.granularity.kind is Kind.SYMBOL else load_batch

    def submit(portion: tuple[str, ...]) -> Sequence[PrefectFuture[Any]]:
        named: Any = portion[0] if kind is load_symbol else portion
        future = kind.submit(named, feed=feed, as_of=run.as_of, run_id=run.id, packet=packet)
        return [future]

    return submit


def _stages(run: Run, feed: Feed) -> Submit:
    about: dict[str, Any] = {"feed": feed, "run_id": run.id}

    def submit(portion: tuple[str, ...]) -> Sequence[PrefectFuture[Any]]:
        (symbol,) = portion
        fetched: Any = fetch_symbol.submit(symbol, as_of=run.as_of, **about)
        checked: Any = validate_symbol.submit(symbol, fetched, as_of=run.as_of, **about)
        stored: Any = store_symbol.submit(symbol, checked, **about)
        return [fetched, checked, stored]

    return submit


@contextmanager
def _database(
    feed: Feed, symbol: str, run_id: str, *, tried: int = 0
) -> Iterator[tuple[Connection, Settings]]:
    """A connection for a symbol's task; what goes wrong meanwhile is accounted for."""
    settings = Settings.from_environment(os.environ)
    with (
        accounted(settings.database_url, feed.job, [symbol], run_id, tried=tried),
        connect(settings.database_url) as connection,
    ):
        yield connection, settings


@task(name="load_symbol", task_run_name="{feed.vendor}-{symbol}", **retrying)
def load_symbol(symbol: str, *, feed: Feed, as_of: datetime, run_id: str, packet: int) -> None:
    """Fetch, check and store one symbol; Prefect tries again what can pass."""
    with _database(feed, symbol, run_id) as (connection, settings):
        if done(connection, [run_id], feed.job, [symbol]):
            return  # the last attempt stored it and failed after that
        fetched = fetch_checked(
            connection,
            feed,
            symbol,
            as_of=as_of,
            settings=settings,
            permit=Permits(feed.vendor, packet),
        )
        store(connection, feed, [fetched], run_id=run_id, attempts={symbol: attempt()})


@task(name="fetch", task_run_name="fetch-{feed.vendor}-{symbol}", **retrying)
def fetch_symbol(
    symbol: str, *, feed: Feed, as_of: datetime, run_id: str
) -> Sealed[tuple[Fetched, int]]:
    """Fetch one symbol; Prefect tries again what can pass."""
    with _database(feed, symbol, run_id) as (connection, settings):
        permit = Permits(feed.vendor)
        fetched = fetch(connection, feed, symbol, as_of=as_of, settings=settings, permit=permit)
    return Sealed((fetched, attempt()))


@task(name="validate", task_run_name="validate-{feed.vendor}-{symbol}", **retrying)
def validate_symbol(
    symbol: str, fetched: Sealed[tuple[Fetched, int]], *, feed: Feed, as_of: datetime, run_id: str
) -> Sealed[tuple[Fetched, int]]:
    """Check what was fetched. When it is refused and tried again, it is fetched again first."""
    found, tried = fetched.value
    with _database(feed, symbol, run_id, tried=tried - 1) as (connection, settings):
        if attempt() == 1:
            check(found)
            return fetched
        permit = Permits(feed.vendor)
        found = fetch_checked(
            connection, feed, symbol, as_of=as_of, settings=settings, permit=permit
        )
    return Sealed((found, tried + attempt() - 1))


@task(name="store", task_run_name="store-{symbol}", **retrying)
def store_symbol(
    symbol: str, checked: Sealed[tuple[Fetched, int]], *, feed: Feed, run_id: str
) -> None:
    """Store one symbol."""
    fetched, tried = checked.value
    with _database(feed, symbol, run_id, tried=tried - 1) as (connection, _):
        if done(connection, [run_id], feed.job, [symbol]):
            return
        attempts = {symbol: tried + attempt() - 1}
        store(connection, feed, [fetched], run_id=run_id, attempts=attempts)


@task(name="load_batch", task_run_name="{feed.vendor}-batch", **retrying)
def load_batch(
    symbols: tuple[str, ...], *, feed: Feed, as_of: datetime, run_id: str, packet: int
) -> None:
    """Load symbols one after another and store them together; see `batching.Batch`.

    Prefect tries the task again where the database failed; what was stored by then stays.
    """
    settings = Settings.from_environment(os.environ)
    with connect(settings.database_url) as connection:
        Batch(
            connection=connection,
            feed=feed,
            as_of=as_of,
            settings=settings,
            permit=Permits(feed.vendor, packet),
            run_id=run_id,
            rounds=RETRIES + 1,
            pause=_pause,
        ).load(symbols)


def _pause(number: int, errors: Iterable[PassingError]) -> None:
    failed = list(errors)
    for error in failed:
        get_run_logger().warning("%s; trying again", error)
    pause(number, failed)
