"""What the comparison is meant to reach, held against what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.contenders import FLOOR, NIGHTLY, PARITY, POLARS, RELADIFF
from benchmarks.measure import Summary
from benchmarks.run import Result

__all__ = ["Goal", "goals"]

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal, what was measured, and whether that meets it; None where nothing is demanded."""

    text: str
    measured: str
    met: bool | None


class _Measured:
    """Looks results up by the name of the data set."""

    def __init__(self, results: Sequence[Result]) -> None:
        # What is asked is asked of a million rows and more.
        self._results = {r.case.name: r for r in results if r.case.rows >= MILLION}

    def whole(self, case: str, contender: str) -> Summary | None:
        result = self._results.get(case)
        outcome = result.of(contender) if result else None
        return outcome.summary if outcome else None

    def beyond(self, case: str, contender: str) -> tuple[float, float] | None:
        """Wall and CPU beyond start-up."""
        result = self._results.get(case)
        outcome = result.of(contender) if result else None
        return outcome.beyond if outcome else None

    def largest(self) -> float | None:
        """Of parity's processes, in MB."""
        sizes = [
            outcome.summary.rss
            for result in self._results.values()
            for outcome in (result.of(PARITY), result.of(NIGHTLY))
            if outcome and outcome.summary and outcome.summary.rss is not None
        ]
        return max(sizes) if sizes else None


def goals(results: Sequence[Result]) -> list[Goal]:
    """Those of which everything needed was measured."""
    measured = _Measured(results)
    return [goal for make in _ALL for goal in make(measured)]


def _against_the_floor(measured: _Measured) -> Iterator[Goal]:
    for case, what in (
        ("large_few", "10 million bars, 0.01 % differing"),
        ("large_time", "the same, heap in time order"),
        ("indicators", "indicators, 20 columns"),
    ):
        found, floor = measured.beyond(case, PARITY), measured.beyond(case, FLOOR)
        if found is None or floor is None:
            continue
        wall, cpu = (mine / least for mine, least in zip(found, floor, strict=True))
        demanded = case != "large_time"
        yield Goal(
            f"{what}: {'at most 2.5 × ' if demanded else 'against '}the scan floor",
            f"{wall:.2f} × its wall time, {cpu:.2f} × its CPU",
            wall <= 2.5 if demanded else None,
        )


def _against_polars(measured: _Measured) -> Iterator[Goal]:
    ours, theirs = (measured.whole("large_few", name) for name in (PARITY, POLARS))
    if ours and theirs:
        times = theirs.wall / ours.wall
        text = "10 million bars: at least 7 × faster than datacompy on Polars, whole processes"
        yield Goal(text, f"{times:.1f} ×, CPU {theirs.cpu / ours.cpu:.1f} ×", times >= 7)


def _against_reladiff(measured: _Measured) -> Iterator[Goal]:
    ours, whole = measured.beyond("bars_few", PARITY), measured.whole("bars_few", PARITY)
    for name in RELADIFF:
        theirs, all_of_it = measured.beyond("bars_few", name), measured.whole("bars_few", name)
        if ours and whole and theirs and all_of_it:
            times = theirs[0] / ours[0]
            yield Goal(
                f"1 million bars: at least 20 × faster than {name}, beyond start-up",
                f"{times:.0f} ×; whole processes {all_of_it.wall / whole.wall:.0f} ×",
                times >= 20,
            )


def _seconds(measured: _Measured) -> Iterator[Goal]:
    for case, contender, most, what in (
        ("bars_equal", PARITY, 1.0, "1 million identical bars: under 1 s beyond start-up"),
        (
            "large_nightly",
            NIGHTLY,
            0.5,
            "nightly, 20,000 rows written: under 0.5 s beyond start-up",
        ),
    ):
        found = measured.beyond(case, contender)
        if found:
            yield Goal(what, f"{found[0]:.2f} s", found[0] < most)


def _memory(measured: _Measured) -> Iterator[Goal]:
    largest = measured.largest()
    if largest is not None:
        yield Goal("the process stays under 150 MB", f"{largest:.0f} MB at most", largest < 150)


def _linear(measured: _Measured) -> Iterator[Goal]:
    for more, less, what in (
        ("large_few", "bars_few", "10 × the rows"),
        ("bars_some", "bars_few", "1 % differing instead of 0.01 %"),
        ("bars_many", "bars_few", "10 % differing instead of 0.01 %"),
        ("large_some", "large_few", "1 % differing instead of 0.01 %, 10 million"),
    ):
        one, other = measured.beyond(more, PARITY), measured.beyond(less, PARITY)
        if one and other and other[1] > 0:
            yield Goal(
                f"linear: {what}",
                f"{one[1] / other[1]:.2f} × the CPU, {one[0] / other[0]:.2f} × the wall time",
                None,
            )


_ALL: tuple[Callable[[_Measured], Iterator[Goal]], ...] = (
    _against_the_floor,
    _against_polars,
    _against_reladiff,
    _seconds,
    _memory,
    _linear,
)
