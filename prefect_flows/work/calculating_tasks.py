"""The tasks that calculate indicators: a symbol each, a symbol in three stages, or a batch."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from prefect import get_run_logger, task
from prefect.futures import PrefectFuture

from prefect_flows.calculating import INDICATORS_JOB, History, compute_all, read, store
from prefect_flows.indicators import IndicatorRow
from prefect_flows.queries.connection import connect
from prefect_flows.queries.runs import done
from prefect_flows.settings import Settings
from prefect_flows.work.granularity import Kind
from prefect_flows.work.outcome import Outcome
from prefect_flows.work.retrying import accounted, attempt, retrying
from prefect_flows.work.running import Run
from prefect_flows.work.sealed import Sealed
from prefect_flows.work.spreading import Submit, spread

__all__ = ["calculate_all"]

Computed = list[tuple[History, list[IndicatorRow]]]


def calculate_all(run: Run, *, days_back: int, restated: frozenset[str]) -> list[Outcome]:
    """Calculate the run's missing symbols, cut into tasks as it says."""
    if run.granularity.kind is Kind.STAGES:
        return spread(run, _stages(run, days_back, restated))
    return spread(run, _batches(run, days_back, restated))


def _batches(run: Run, days_back: int, restated: frozenset[str]) -> Submit:
    def submit(portion: tuple[str, ...]) -> Sequence[PrefectFuture[Any]]:
        again = sorted(restated.intersection(portion))
        future = calculate_batch.submit(
            portion, days_back=days_back, as_of=run.as_of, restated=again, run_id=run.id
        )
        return [future]

    return submit


def _stages(run: Run, days_back: int, restated: frozenset[str]) -> Submit:
    def submit(portion: tuple[str, ...]) -> Sequence[PrefectFuture[Any]]:
        again = sorted(restated.intersection(portion))
        histories: Any = read_history.submit(
            portion, days_back=days_back, as_of=run.as_of, restated=again, run_id=run.id
        )
        computed: Any = compute_indicators.submit(
            portion, histories, days_back=days_back, run_id=run.id
        )
        stored: Any = store_indicators.submit(portion, computed, run_id=run.id)
        return [histories, computed, stored]

    return submit


@contextmanager
def _accounted(symbols: Sequence[str], run_id: str) -> Iterator[str]:
    """The database's URL; what goes wrong meanwhile is accounted for."""
    url = Settings.from_environment(os.environ).database_url
    with accounted(url, INDICATORS_JOB, symbols, run_id):
        yield url


@task(name="calculate", task_run_name="indicators-{symbols[0]}", **retrying)
def calculate_batch(
    symbols: tuple[str, ...], *, days_back: int, as_of: datetime, restated: list[str], run_id: str
) -> None:
    """Read, calculate and store symbols in one pass."""
    with _accounted(symbols, run_id) as url, connect(url) as connection:
        before = done(connection, [run_id], INDICATORS_JOB, symbols)
        left = [symbol for symbol in symbols if symbol not in before]
        histories = read(
            connection, left, days_back=days_back, as_of=as_of, restated=frozenset(restated)
        )
        computed = compute_all(histories, days_back)
        _warn(computed)
        store(connection, computed, run_id=run_id, attempts=attempt())


@task(name="read", task_run_name="read-{symbols[0]}", **retrying)
def read_history(
    symbols: tuple[str, ...], *, days_back: int, as_of: datetime, restated: list[str], run_id: str
) -> Sealed[list[History]]:
    """Read what is stored."""
    again = frozenset(restated)
    with _accounted(symbols, run_id) as url, connect(url) as connection:
        return Sealed(read(connection, symbols, days_back=days_back, as_of=as_of, restated=again))


@task(name="compute", task_run_name="compute-{symbols[0]}", **retrying)
def compute_indicators(
    symbols: tuple[str, ...], histories: Sealed[list[History]], *, days_back: int, run_id: str
) -> Sealed[Computed]:
    """Calculate."""
    with _accounted(symbols, run_id):
        computed = compute_all(histories.value, days_back)
    _warn(computed)
    return Sealed(computed)


@task(name="store", task_run_name="store-{symbols[0]}", **retrying)
def store_indicators(symbols: tuple[str, ...], computed: Sealed[Computed], *, run_id: str) -> None:
    """Store."""
    with _accounted(symbols, run_id) as url, connect(url) as connection:
        store(connection, computed.value, run_id=run_id, attempts=attempt())


def _warn(computed: Computed) -> None:
    logger = get_run_logger()
    for history, rows in computed:
        for row in rows:
            if row.missing:
                logger.warning(
                    "%s %s: too few rows for %s", history.symbol, row.date, ", ".join(row.missing)
                )
