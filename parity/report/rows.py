"""The stored discrepancies of a dataset as CSV, streamed; and the few that the page shows."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from parity.model.errors import ComparisonError
from parity.model.names import file_slug
from parity.model.result import DatasetResult, Discrepancy, RowState
from parity.report.csv_cells import columns_of, header

__all__ = ["BUDGET", "Sample", "budget_of", "csv_name", "write_csv"]

BUDGET = 200  # rows of a dataset that its page has, fewer where it is so wide that they exceed
_VALUES = 20_000  # so many values
_CHUNK = 1024  # rows that are held at once
_FIRST = 3  # rows of an incident that get a place, of so many incidents:
_INCIDENTS = 30


@dataclass(slots=True)
class Sample:
    """At most `budget_of` rows, in the order they came: rows in pairs, and rows without a partner.

    Both kinds get a place when there are many of both, and so do the first rows of each
    incident: a flood of one never hides the other.
    """

    mismatched: list[Discrepancy] = field(default_factory=list)
    unpaired: list[Discrepancy] = field(default_factory=list)


@dataclass(slots=True)
class _Sampler:
    """Picks a sample of `most` rows from a stream, holding little more than that."""

    most: int
    kept: dict[bool, dict[int, Discrepancy]] = field(default_factory=lambda: {True: {}, False: {}})
    first: dict[int, None] = field(default_factory=dict)  # places of rows that are to be shown
    seen: Counter[str] = field(default_factory=Counter)
    place: int = 0

    def offer(self, row: Discrepancy) -> None:
        """Keep the row while there is room for its kind, or few of its incident are kept."""
        kept = self.kept[row.state is RowState.MISMATCHED]
        first = self.seen[row.incident] < _FIRST and (
            row.incident in self.seen or len(self.seen) < _INCIDENTS
        )
        if first:
            self.seen[row.incident] += 1
            self.first[self.place] = None
        if first or len(kept) < self.most:
            kept[self.place] = row
        self.place += 1

    def sample(self) -> Sample:
        """`most` rows in total, in their order."""
        pairs, single = self.kept[True], self.kept[False]
        spare = max(self.most // 2, self.most - len(pairs))
        unpaired = self._cut(single, spare)
        return Sample(self._cut(pairs, self.most - len(unpaired)), unpaired)

    def _cut(self, kept: dict[int, Discrepancy], most: int) -> list[Discrepancy]:
        wanted = [place for place in kept if place in self.first]
        others = [place for place in kept if place not in self.first]
        return [kept[place] for place in sorted([*wanted, *others][:most])]


def budget_of(dataset: DatasetResult) -> int:
    """How many rows of a dataset its page has at most."""
    return max(2, min(BUDGET, _VALUES // max(1, len(dataset.columns))))


def csv_name(dataset: str) -> str:
    """`discrepancies-<dataset>.csv`; a name that is no safe file name gets a digest after it."""
    return f"discrepancies-{file_slug(dataset)}.csv"


def write_csv(path: Path, dataset: DatasetResult, rows: Iterable[Discrepancy]) -> Sample:
    """Write every row, holding few but the sample; columns as `csv_cells.header` names them.

    A missing side is an empty cell, SQL NULL is `NULL`; times are ISO in exchange time; text
    that a spreadsheet would run as a formula starts with an apostrophe.

    Raises:
        ComparisonError: more or fewer rows came than the result says were stored.
    """
    names = tuple(column.name for column in dataset.columns)
    sampler = _Sampler(budget_of(dataset))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header(dataset.key, names))
        for some in _chunks(rows):
            writer.writerows(zip(*columns_of(some, names), strict=True))
            for row in some:
                sampler.offer(row)
    _check(dataset, sampler.place)
    return sampler.sample()


def _chunks(rows: Iterable[Discrepancy]) -> Iterator[list[Discrepancy]]:
    stream = iter(rows)
    while some := list(islice(stream, _CHUNK)):
        yield some


def _check(dataset: DatasetResult, written: int) -> None:
    expected, what = dataset.rows.discrepancies, "rows differ"
    if dataset.stored is not None:
        expected, what = dataset.stored, f"of {expected} rows that differ were stored"
    if written != expected:
        raise ComparisonError(
            f"dataset {dataset.name}: {expected} {what}, but {written} came to be written"
        )
