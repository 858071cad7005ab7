"""The stored discrepancies of a dataset as CSV, streamed; and the few that the page shows."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from heapq import heappush, heapreplace
from itertools import islice, zip_longest
from pathlib import Path

from parity.model.errors import ComparisonError
from parity.model.names import file_slug
from parity.model.result import DatasetResult, Discrepancy, RowState
from parity.report.csv_cells import columns_of, header

__all__ = ["BUDGET", "INCIDENTS", "Sample", "budget_of", "csv_name", "write_csv"]

BUDGET = 200  # rows of a dataset that its page has, fewer where it is so wide that they exceed
_VALUES = 20_000  # so many values
_CHUNK = 1024  # rows that are held at once
_OWN = 2  # of the newest rows of an incident, and of its oldest, get a place, of so many incidents:
INCIDENTS = 30
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Sample:
    """At most `budget_of` rows, the newest first: rows in pairs, and rows without a partner.

    Of many rows those at both ends of time are taken, as far as their key has one. Both kinds get
    a place when there are many of both, and so do the newest and the oldest rows of each
    incident: a flood of one never hides the other. `cut` where these are not all.
    """

    mismatched: list[Discrepancy] = field(default_factory=list)
    unpaired: list[Discrepancy] = field(default_factory=list)
    cut: bool = False


# Age and place of a row, turned so that what is wanted is larger; no two are equal.
_Ranked = tuple[float, int, Discrepancy]


@dataclass(slots=True)
class _Ends:
    """The newest and the oldest of some rows; of one time, those that came first."""

    most: int
    newest: list[_Ranked] = field(default_factory=list)  # heaps: what goes first is at the top
    oldest: list[_Ranked] = field(default_factory=list)

    def offer(self, moment: float, place: int, row: Discrepancy) -> None:
        """Keep the row while it is among the ends."""
        _push(self.newest, (moment, -place, row), self.most)
        _push(self.oldest, (-moment, -place, row), self.most)

    def ordered(self) -> list[Discrepancy]:
        """The newest, the oldest, the second newest, …; some may come twice."""
        ends = (sorted(heap, reverse=True) for heap in (self.newest, self.oldest))
        return [row for both in zip(*ends, strict=True) for _, _, row in both]


def _push(heap: list[_Ranked], one: _Ranked, most: int) -> None:
    if len(heap) < most:
        heappush(heap, one)
    elif one > heap[0]:
        heapreplace(heap, one)


@dataclass(slots=True)
class _Sampler:
    """Picks a sample of `most` rows from a stream, holding little more than that."""

    most: int
    kept: dict[bool, _Ends] = field(default_factory=dict)
    incidents: dict[tuple[bool, str], _Ends] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    place: int = 0

    def offer(self, row: Discrepancy) -> None:
        """Keep the row if it is at an end of its kind, or of its incident."""
        kind, moment = row.state is RowState.MISMATCHED, _moment(row)
        if kind not in self.kept:
            self.kept[kind] = _Ends(self.most)
        self.kept[kind].offer(moment, self.place, row)
        if row.incident not in self.seen and len(self.seen) < INCIDENTS:
            self.seen.add(row.incident)
        if row.incident in self.seen:
            ends = self.incidents.setdefault((kind, row.incident), _Ends(_OWN))
            ends.offer(moment, self.place, row)
        self.place += 1

    def sample(self) -> Sample:
        """`most` rows in total, the newest first."""
        pairs, single = (self._ordered(kind) for kind in (True, False))
        spare = max(self.most // 2, self.most - len(pairs))
        unpaired = _newest_first(single[:spare])
        mismatched = _newest_first(pairs[: self.most - len(unpaired)])
        return Sample(mismatched, unpaired, cut=self.place > len(mismatched) + len(unpaired))

    def _ordered(self, kind: bool) -> list[Discrepancy]:
        """The ends of each incident in turn, then those of all rows; each row once."""
        own = [ends.ordered() for (one, _), ends in self.incidents.items() if one is kind]
        turns = [row for turn in zip_longest(*own) for row in turn if row is not None]
        rest = self.kept[kind].ordered() if kind in self.kept else []
        return list({id(row): row for row in (*turns, *rest)}.values())


def _newest_first(rows: list[Discrepancy]) -> list[Discrepancy]:
    return sorted(rows, key=_moment, reverse=True)


def _moment(row: Discrepancy) -> float:
    """Seconds since 1970 of the first time in its key; 0 where it has none."""
    for part in row.key:
        if isinstance(part, datetime):
            aware = part if part.tzinfo else part.replace(tzinfo=UTC)
            return (aware - _EPOCH).total_seconds()
        if isinstance(part, date):
            return (part.toordinal() - _EPOCH.toordinal()) * 86_400.0
    return 0.0


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
