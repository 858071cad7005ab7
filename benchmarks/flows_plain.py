"""The work of a flow without Prefect: `python -m benchmarks.flows_plain yahoo|indicators`.

The same modules fetch, check, calculate and store, in as many threads as a flow has by default;
only what Prefect adds is missing: runs, tasks, states, permits. Symbols come from SYMBOLS.
"""

from __future__ import annotations

import argparse
import os
import sys
import uuid
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from prefect_flows.calculating import calculate
from prefect_flows.errors import PassingError
from prefect_flows.feeds import YahooFeed
from prefect_flows.permit import nothing
from prefect_flows.queries.connection import connect
from prefect_flows.settings import Settings
from prefect_flows.tables import create_tables
from prefect_flows.work.batching import Batch
from prefect_flows.work.granularity import Granularity
from prefect_flows.work.outcome import Outcome, Status

DAYS_BACK = {"yahoo": 7, "indicators": 300}
THREADS = 4

Work = Callable[[tuple[str, ...]], list[Outcome]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Does it; 1 when a symbol failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", choices=tuple(DAYS_BACK))
    parser.add_argument("--as-of", type=datetime.fromisoformat, required=True)
    parser.add_argument("--granularity", type=Granularity.parse, default="batch:50")
    options = parser.parse_args(arguments)
    settings = Settings.from_environment(os.environ)
    with connect(settings.database_url) as connection:
        create_tables(connection)
    outcomes = list(_all(options, settings, settings.symbols))
    failed = [one for one in outcomes if one.status is not Status.OK]
    for one in failed:
        print(f"{one.symbol}: {one.status}: {one.message}", file=sys.stderr)
    return 1 if failed else 0


def _all(
    options: argparse.Namespace, settings: Settings, symbols: Sequence[str]
) -> Iterable[Outcome]:
    size: Granularity = options.granularity
    if options.job == "yahoo":
        loaded = list(_spread(size, symbols, _loading(options.as_of, settings)))
        yield from (one for one in loaded if one.status is not Status.OK)
        # As the flow does: a run without bars has nothing to calculate.
        symbols = [one.symbol for one in loaded if one.status is Status.OK]
    yield from _spread(size, symbols, _calculating(options.as_of, settings))


def _spread(size: Granularity, symbols: Sequence[str], work: Work) -> Iterable[Outcome]:
    with ThreadPoolExecutor(THREADS) as pool:
        for outcomes in pool.map(work, size.portions(symbols)):
            yield from outcomes


def _loading(as_of: datetime, settings: Settings) -> Work:
    run_id = str(uuid.uuid4())

    def work(portion: tuple[str, ...]) -> list[Outcome]:
        with connect(settings.database_url) as connection:
            return Batch(
                connection=connection,
                feed=YahooFeed("1h", DAYS_BACK["yahoo"]),
                as_of=as_of,
                settings=settings,
                permit=nothing,
                run_id=run_id,
                rounds=1,
                pause=_never,
            ).load(portion)

    return work


def _never(number: int, errors: Iterable[PassingError]) -> None:
    raise AssertionError((number, list(errors)))


def _calculating(as_of: datetime, settings: Settings) -> Work:
    def work(portion: tuple[str, ...]) -> list[Outcome]:
        return calculate(portion, days_back=DAYS_BACK["indicators"], as_of=as_of, settings=settings)

    return work


if __name__ == "__main__":
    sys.exit(main())
