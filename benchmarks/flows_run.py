"""Runs the arms, interleaved, on one PostgreSQL, one Prefect server and one vendor replay."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

import yaml

from benchmarks.flows_arms import (
    BATCH,
    GRANULARITIES,
    LEGACY,
    PLAIN,
    Arm,
    Bed,
    Job,
    Night,
    Sample,
    run_night,
)
from benchmarks.flows_bed import (
    EMPTY,
    LIGHT,
    ROOT,
    STORED,
    Limit,
    Orchestrator,
    Warehouse,
    tickers,
)
from parity.demo.bars import EXCHANGE_TZ
from parity.demo.server import ReplayServer

__all__ = ["LIFTED", "Measured", "Series", "Sizes", "configured_limit", "measure", "open_bed"]

Say = Callable[[str], None]

LIFTED = Limit(100_000, 100_000.0)


def _night(day: int, bars: int = 0) -> Night:
    as_of = datetime(2006, 3, day, 20, tzinfo=EXCHANGE_TZ)
    return Night(as_of, as_of.date(), bars)


# Seven days back from 1 March lie six sessions of seven hourly bars, each raw and adjusted.
LOADED = _night(1, bars=6 * 7 * 2)
FIRST, SECOND = _night(1), _night(2)


@dataclass(slots=True)
class Series:
    """One arm's runs of one night."""

    arm: Arm
    samples: list[Sample] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything.

    Attributes:
        symbols: Tickers of each run but the last.
        ingestion: A first night's hourly bars, the vendor's limit lifted.
        limited: The same by one flow, with the limit of pools.yaml; None where so few symbols
            do not reach it.
        limit: That limit.
        first: Indicators where none are stored yet.
        second: The night after, one session later.
        records: Indicators with a task a ticker, of `recorded_symbols`.
    """

    symbols: int
    ingestion: list[Series]
    limited: Series | None
    limit: Limit
    first: list[Series]
    second: list[Series]
    records: Series
    recorded_symbols: int


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is run.

    Attributes:
        symbols: Tickers of each run but the last.
        recorded: Tickers of the last, each a task.
        rounds: How often each arm runs.
        granularities: Of flows; `batch:50` must be one.
        starts: Whether start-up is measured too.
    """

    symbols: int
    recorded: int
    rounds: int
    granularities: tuple[str, ...] = GRANULARITIES
    starts: bool = True


def configured_limit() -> Limit:
    """Yahoo's, of pools.yaml."""
    text = (ROOT / "prefect_flows" / "deploying" / "pools.yaml").read_text(encoding="utf-8")
    found = yaml.safe_load(text)["limits"]["yahoo"]
    return Limit(int(found["limit"]), float(found["slot_decay_per_second"]))


@contextmanager
def open_bed(folder: Path, sizes: Sizes, say: Say) -> Iterator[Bed]:
    """Start what the arms run on, and fill its templates."""
    with ExitStack() as stack:
        warehouse = Warehouse(folder / "pg")
        stack.callback(warehouse.stop)
        say("templates: bars of made-up tickers in the tables of both sides")
        for template, names in (
            (EMPTY, ()),
            (STORED, tickers(sizes.symbols)),
            (LIGHT, tickers(sizes.recorded)),
        ):
            warehouse.make(template, names, SECOND.as_of)
        warehouse.ship()
        orchestrator = Orchestrator(folder / "prefect", warehouse.prefect_url())
        stack.callback(orchestrator.stop)
        vendors = stack.enter_context(ReplayServer(LOADED.as_of, folder / "vendors", made_up=True))
        yield Bed(warehouse, orchestrator, vendors)


def measure(bed: Bed, sizes: Sizes, say: Say) -> Measured:
    """Run everything.

    Raises:
        FailedError: An arm ended with an error.
    """
    symbols, recorded, rounds = sizes.symbols, sizes.recorded, sizes.rounds
    arms = tuple(Arm(name) for name in (LEGACY, PLAIN, *sizes.granularities))
    names = tickers(symbols)
    bed.orchestrator.limit("yahoo", LIFTED)
    run = partial(_interleaved, bed, say=say, starts=sizes.starts)
    (ingestion,) = run(Job("yahoo", EMPTY, names), arms, (LOADED,), rounds)
    limit = configured_limit()
    limited = None
    if alone := limit.seconds(symbols):
        bed.orchestrator.limit("yahoo", limit)
        say(f"with the vendor's limit: {alone:.0f} s at least")
        ((limited,),) = run(Job("yahoo", EMPTY, names), (Arm(BATCH),), (LOADED,), 1)
    indicators = Job("indicators", STORED, names)
    first, second = run(indicators, arms, (FIRST, SECOND), rounds)
    many = Job("indicators", LIGHT, tickers(recorded))
    ((records,),) = run(many, (Arm("symbol"),), (FIRST,), 1)
    return Measured(symbols, ingestion, limited, limit, first, second, records, recorded)


def _interleaved(
    bed: Bed,
    job: Job,
    arms: Sequence[Arm],
    nights: Sequence[Night],
    rounds: int,
    *,
    say: Say,
    starts: bool,
) -> list[list[Series]]:
    """In each round each arm has its nights, one after the other, in a database of its own."""
    found = [[Series(arm) for arm in arms] for _ in nights]
    for number in range(1, rounds + 1):
        for place, arm in enumerate(arms):
            with bed.warehouse.copy(job.template) as database:
                for night, series in zip(nights, found, strict=True):
                    sample = run_night(bed, arm, job, night, database, starts=starts)
                    series[place].samples.append(sample)
                    say(
                        f"{job.name:10} {night.session} round {number}  {arm.name:25} "
                        f"{sample.wall:7.2f} s"
                    )
    return found
