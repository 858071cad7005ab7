"""What flows are meant to reach, held against what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from benchmarks.flows_arms import BATCH, LEGACY, PLAIN, Sample, Vendor
from benchmarks.flows_run import Measured, Series
from benchmarks.goals import Goal

__all__ = ["Medians", "goals", "of_arm"]

LEAST_TIMES = 20.0
MOST_OVERHEAD = 0.10
# What is asked is asked of so many symbols and more; with fewer, start-up is most of it.
MANY = 1000


@dataclass(frozen=True, slots=True)
class Medians:
    """Of the rounds of an arm; the memory is the largest."""

    wall: float
    fastest: float
    slowest: float
    start: float
    beyond: float
    client: float
    server: float
    orchestrator: float | None
    rss: float
    rows: int
    tasks: int
    recorded: int
    vendor: Vendor | None

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> Medians:
        """Medians of samples."""
        walls = [sample.wall for sample in samples]
        recording = [s.orchestrator for s in samples if s.orchestrator is not None]
        asked = [sample.vendor for sample in samples if sample.vendor is not None]
        return cls(
            wall=median(walls),
            fastest=min(walls),
            slowest=max(walls),
            start=median(sample.start for sample in samples),
            beyond=median(sample.wall - sample.start for sample in samples),
            client=median(sample.client for sample in samples),
            server=median(sample.server for sample in samples),
            orchestrator=median(recording) if recording else None,
            rss=max(sample.rss for sample in samples),
            rows=samples[-1].found.rows,
            tasks=samples[-1].tasks,
            recorded=min(sample.recorded[1] for sample in samples),
            vendor=_median_vendor(asked),
        )

    @property
    def own(self) -> float | None:
        """Seconds in which no answer of the vendor was waited for."""
        return None if self.vendor is None else self.wall - self.vendor.covered


def _median_vendor(asked: Sequence[Vendor]) -> Vendor | None:
    if not asked:
        return None
    return Vendor(
        requests=max(one.requests for one in asked),
        summed=median(one.summed for one in asked),
        covered=median(one.covered for one in asked),
    )


def of_arm(series: Sequence[Series], arm: str) -> Medians:
    return next(Medians.of(one.samples) for one in series if one.arm.name == arm)


def goals(told: Measured) -> list[Goal]:
    """What is asked for, and what is told beside it."""
    nights = {"first night": told.first, "night after": told.second}
    works = {"ingestion": told.ingestion, "indicators": told.first, "night after": told.second}
    found = [
        *(goal for name, series in nights.items() for goal in _against_script(name, series)),
        *_vendor(told),
        *(goal for name, series in works.items() for goal in _overhead(name, series)),
    ]
    if told.symbols < MANY:
        found = [replace(goal, met=None) for goal in found]
    return [*found, _records(told)]


def _against_script(name: str, series: Sequence[Series]) -> Iterator[Goal]:
    script = of_arm(series, LEGACY)
    for one in series:
        if not one.arm.is_flow:
            continue
        flow = Medians.of(one.samples)
        demanded = one.arm.name == BATCH
        yield Goal(
            f"indicators, {name}, {one.arm.name}: "
            + ("at least 20 × faster than the script" if demanded else "against the script")
            + ", beyond start-up",
            f"{_times(script.beyond, flow.beyond)} ×; whole processes "
            f"{script.wall / flow.wall:.1f} ×, their CPU {script.client / flow.client:.1f} ×",
            script.beyond >= LEAST_TIMES * flow.beyond if demanded else None,
        )


def _vendor(told: Measured) -> Iterator[Goal]:
    if told.limited is None:
        return
    flow, limited = of_arm(told.ingestion, BATCH), Medians.of(told.limited.samples)
    alone = told.limit.seconds(told.symbols)
    rate = f"{told.limit.burst} at once, then {told.limit.rate:g} a second"
    assert flow.own is not None
    yield Goal(
        f"ingestion is bounded by the vendor's rate ({rate}: {alone:.0f} s for "
        f"{told.symbols:,} symbols)",
        f"{limited.wall:.1f} s with the limit, {limited.wall - alone:.1f} s of it beyond the "
        f"limit's own ({(limited.wall - alone) / limited.wall:.0%}); without the limit our own "
        f"work takes {flow.own:.1f} s",
        # Start-up is ours whatever the rate is.
        limited.beyond <= alone * (1 + MOST_OVERHEAD),
    )


def _overhead(name: str, series: Sequence[Series]) -> Iterator[Goal]:
    flow, plain = of_arm(series, BATCH), of_arm(series, PLAIN)
    share = flow.beyond / plain.beyond - 1 if plain.beyond > 0 else float("inf")
    yield Goal(
        f"{name}, {BATCH}: under 10 % orchestration overhead beyond start-up",
        f"{share:+.0%} ({flow.beyond:.2f} s for {plain.beyond:.2f} s); whole processes "
        f"{flow.wall / plain.wall - 1:+.0%} ({flow.wall:.2f} s for {plain.wall:.2f} s)",
        share < MOST_OVERHEAD,
    )


def _records(told: Measured) -> Goal:
    (sample,) = told.records.samples
    known, completed = sample.recorded
    return Goal(
        f"no task record is lost: {sample.tasks:,} tasks of one symbol",
        f"{known:,} recorded, {completed:,} as Completed; {sample.wall:.1f} s, "
        f"{sample.orchestrator or 0:.1f} s CPU of the Prefect server",
        (known, completed) == (sample.tasks, sample.tasks),
    )


def _times(one: float, other: float) -> str:
    return f"{one / other:.1f}" if other > 0 else "many"
