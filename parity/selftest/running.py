"""Runs the self-test: a night's worth of seconds, or so many faults of every cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from random import Random

import psycopg

from parity.exchange import Exchange
from parity.explain import explain_dataset
from parity.model.errors import UsageError
from parity.model.suite import Dataset, Suite
from parity.selftest.bedding import Bedding, Stage
from parity.selftest.copying import Sizes
from parity.selftest.fault import ImpossibleError
from parity.selftest.faults import causes_of, faults_of
from parity.selftest.scoring import NotSeeded, Report
from parity.selftest.scratch import Copies
from parity.selftest.trial import Bench, Explain, Outcome, tried

__all__ = ["FAULTS", "Asking", "run_selftest"]

FAULTS = 20  # of every cause and dataset, where time does not matter
USUAL = Sizes()
FAILURES = 3  # to seed one way of a cause in a dataset, until it is given up there


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What is wanted.

    Attributes:
        seed: What is drawn; the same on the same rows gives the same faults.
        seconds: After so many no further fault is seeded; None: all of them are.
        faults: How many of every cause and dataset, where `seconds` is None.
        dataset: Only in this one; None for all.
    """

    seed: str
    seconds: float | None = None
    faults: int = FAULTS
    dataset: str | None = None


def run_selftest(
    connection: psycopg.Connection,
    suite: Suite,
    exchange: Exchange,
    asking: Asking,
    *,
    as_of: datetime,
    now: Callable[[], float],
    explain: Explain = explain_dataset,
    sizes: Sizes = USUAL,
    progress: Callable[[Outcome], None] | None = None,
) -> Report:
    """Seeds faults in copies of real rows and reports what was found and said of them.

    Everything happens in one transaction that is rolled back: nobody else ever sees any of it,
    and nothing is left however this ends.

    Args:
        connection: not in a transaction; its role makes tables in schema `parity`.
        suite: whose datasets are tested.
        exchange: whose sessions hold.
        asking: what is wanted.
        as_of: the moment of the comparisons.
        now: seconds from any start.
        explain: finds the causes.
        sizes: how many rows are copied.
        progress: told after every fault.

    Raises:
        UsageError: no dataset has the wanted name.
        DatabaseError: the database refuses scratch tables.
    """
    datasets = _wanted(suite, asking.dataset)
    # A statement prepared for a table that is gone must not be used for the next one.
    connection.prepare_threshold = None
    with connection.transaction(force_rollback=True):
        copies = Copies(connection)
        bedding = Bedding(copies, suite, exchange, as_of, asking.seed, sizes)
        bench = Bench(copies, bedding.compared, exchange, explain, asking.seed)
        stages = _Stages(bedding, datasets)
        return _Round(bench, stages, asking, now, progress).run()


def _wanted(suite: Suite, name: str | None) -> Sequence[Dataset]:
    found = [dataset for dataset in suite.datasets if name in (None, dataset.name)]
    if not found:
        names = ", ".join(dataset.name for dataset in suite.datasets)
        raise UsageError(f"--dataset {name}: there is none of that name; there are {names}")
    return found


class _Stages:
    """Makes each dataset's stage when it is first needed."""

    def __init__(self, bedding: Bedding, datasets: Sequence[Dataset]) -> None:
        self._bedding = bedding
        self.datasets = {dataset.name: dataset for dataset in datasets}
        self._made: dict[str, Stage] = {}

    def of(self, name: str) -> Stage:
        if name not in self._made:
            # A savepoint: a dataset that cannot be copied leaves the others' copies.
            with self._bedding.connection.transaction():
                self._made[name] = self._bedding.stage(self.datasets[name])
        return self._made[name]


class _Round:
    """Goes through the faults."""

    def __init__(
        self,
        bench: Bench,
        stages: _Stages,
        asking: Asking,
        now: Callable[[], float],
        progress: Callable[[Outcome], None] | None,
    ) -> None:
        self._bench = bench
        self._stages = stages
        self._asking = asking
        self._now = now
        self._progress = progress
        self._outcomes: list[Outcome] = []
        self._impossible: set[tuple[str, str]] = set()  # dataset and cause; "": all of them
        self._reasons: dict[tuple[str, str], str] = {}
        self._numbers: Counter[tuple[str, str]] = Counter()
        self._failures: Counter[tuple[str, str, str]] = Counter()  # by dataset, cause, way

    def run(self) -> Report:
        started = self._now()
        for dataset, cause in self._order():
            seconds = self._asking.seconds
            if seconds is not None and self._now() - started >= seconds:
                break
            self._one(dataset, cause)
        seeded = {(one.dataset, one.cause) for one in self._outcomes}
        not_seeded = [
            NotSeeded(dataset, cause, reason)
            for (dataset, cause), reason in sorted(self._reasons.items())
            if (dataset, cause) not in seeded
        ]
        return Report(self._asking.seed, self._outcomes, not_seeded)

    def _order(self) -> Iterator[tuple[str, str]]:
        pairs = [
            (name, cause)
            for name, dataset in self._stages.datasets.items()
            for cause in causes_of(dataset.kind)
        ]
        if self._asking.seconds is None:
            for dataset, cause in pairs:
                for _ in range(self._asking.faults):
                    yield dataset, cause
            return
        rng = Random(f"{self._asking.seed}|order")
        causes = list(dict.fromkeys(cause for _, cause in pairs))
        for _ in count():
            rng.shuffle(causes)
            before = len(self._outcomes)
            for cause in causes:
                yield from self._once(cause, rng.sample(pairs, len(pairs)))
            if len(self._outcomes) == before and all(self._given_up(*pair) for pair in pairs):
                return

    def _once(self, cause: str, pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
        """One fault of a cause, in the first of the datasets that allows it."""
        before = len(self._outcomes)
        for dataset, of in pairs:
            if of == cause and not self._given_up(dataset, cause):
                yield dataset, cause
                if len(self._outcomes) > before:
                    return

    def _given_up(self, dataset: str, cause: str) -> bool:
        return bool(self._impossible & {(dataset, cause), (dataset, "")})

    def _one(self, dataset: str, cause: str) -> None:
        if self._given_up(dataset, cause):
            return
        number = self._numbers[dataset, cause]
        self._numbers[dataset, cause] += 1
        try:
            stage = self._stages.of(dataset)
        except Exception as error:  # noqa: BLE001
            # An odd dataset is told, and does not keep the others from being tested.
            self._reasons[dataset, ""] = (str(error).splitlines() or [type(error).__name__])[0]
            self._impossible.add((dataset, ""))
            return
        ways = [
            fault
            for fault in faults_of(cause, self._stages.datasets[dataset].kind)
            if self._failures[dataset, fault.cause, fault.name] < FAILURES
        ]
        fault = ways[number % len(ways)]
        try:
            outcome = tried(self._bench, stage, fault, number)
        except ImpossibleError as error:
            self._reasons[dataset, cause] = str(error)
            self._failures[dataset, cause, fault.name] += 1
            if len(ways) == 1 and self._failures[dataset, cause, fault.name] == FAILURES:
                self._impossible.add((dataset, cause))
            return
        self._outcomes.append(outcome)
        if self._progress is not None:
            self._progress(outcome)
