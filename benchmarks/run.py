"""One whole measurement: for each case, rounds in which every contender runs once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.contenders import Contender, contenders
from benchmarks.datasets import Case, Truth, forget, load, tiny_case
from benchmarks.measure import FailedError, Sample, Summary
from benchmarks.server import Server

__all__ = ["Outcome", "Result", "measure"]


@dataclass(slots=True)
class Outcome:
    """What a contender did on a case: summaries of it and of its start-up, or why there is none."""

    contender: Contender
    verdict: str
    summary: Summary | None = None
    start: Summary | None = None
    samples: list[Sample] = field(default_factory=list)

    @property
    def beyond(self) -> tuple[float, float] | None:
        """Wall and CPU seconds without those of start-up; a mere query has no start-up."""
        if self.summary is None:
            return None
        if self.start is None:
            return self.summary.wall, self.summary.cpu
        return self.summary.wall - self.start.wall, self.summary.cpu - self.start.cpu


@dataclass(slots=True)
class Result:
    """All outcomes of a case, in the order in which they ran."""

    case: Case
    truth: Truth
    outcomes: list[Outcome]

    def of(self, name: str) -> Outcome | None:
        """A contender's outcome, None where it did not run or failed."""
        return next((o for o in self.outcomes if o.contender.name == name and o.summary), None)


def measure(
    server: Server,
    cases: Sequence[Case],
    *,
    rounds: int,
    peers: Path | None,
    everything: bool,
    keep: bool,
    say: Callable[[str], None],
) -> list[Result]:
    """Measures the cases one after the other.

    Args:
        server: where the data sets are, or are made.
        cases: what to measure.
        rounds: how often each contender runs, the slow ones at most as often as they allow.
        peers: the other comparers' interpreter; None leaves them out.
        everything: datacompy on the large data sets too, which takes about 5 GB of memory.
        keep: leave the data sets where they are.
        say: told what is going on.
    """
    results = []
    server.use_buffers(cases[0].buffers)
    tiny = {late: tiny_case(late=late) for late in {case.late for case in cases}}
    for late, case in tiny.items():
        load(server, case, plain=peers is not None and not late, say=say)
    for case in cases:
        server.use_buffers(case.buffers)
        plain = peers is not None and case.peers and not case.large
        truth = load(server, case, plain=plain, say=say)
        found = list(contenders(case, peers=peers, everything=everything))
        runs = [_Run(contender, server, case, tiny[case.late]) for contender in found]
        # Round 0 is not kept: it brings tables and indexes into memory.
        for number in range(rounds + 1):
            for run in runs:
                run.round(number, rounds)
        results.append(Result(case, truth, [run.outcome(truth) for run in runs]))
        for outcome in results[-1].outcomes:
            wall = f"{outcome.summary.wall:8.3f} s" if outcome.summary else " " * 10
            say(f"{case.name:14} {outcome.contender.name:20} {wall}  {outcome.verdict}")
        if not keep:
            forget(server, case)
    return results


class _Run:
    """The rounds of one contender on one case, each after the same on a tiny data set."""

    def __init__(self, contender: Contender, server: Server, case: Case, tiny: Case) -> None:
        self._contender = contender
        self._server = server
        self._case = case
        self._tiny = tiny
        self._samples: list[Sample] = []
        self._starts: list[Sample] = []
        self._failed = ""

    def round(self, number: int, rounds: int) -> None:
        """One round; those that take long have fewer, and none that is thrown away."""
        most = self._contender.most
        if self._failed or number > most or (number == 0 and most < rounds):
            return
        try:
            if number and self._contender.process:
                self._starts.append(self._contender.run(self._server, self._tiny))
            sample = self._contender.run(self._server, self._case)
        except FailedError as error:
            self._failed = f"FAILED: {error}"
            return
        if number:
            self._samples.append(sample)

    def outcome(self, truth: Truth) -> Outcome:
        """What came of it."""
        if self._failed:
            return Outcome(self._contender, self._failed)
        verdicts = {self._contender.verdict(sample.found, truth) for sample in self._samples}
        return Outcome(
            self._contender,
            # One wrong count is enough.
            max(verdicts, key=lambda verdict: (verdict not in ("", "ok"), verdict)),
            Summary.of(self._samples),
            Summary.of(self._starts) if self._starts else None,
            self._samples,
        )
