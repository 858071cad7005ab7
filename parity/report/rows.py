"""The stored discrepancies of a dataset as CSV, streamed; and the few that the page shows."""

from __future__ import annotations

import csv
import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from parity.model.errors import ComparisonError
from parity.model.result import DatasetResult, Discrepancy, RowState
from parity.report.words import EXCHANGE_ZONE, delta_of

__all__ = ["BUDGET", "Sample", "csv_name", "write_csv"]

BUDGET = 200
_FIRST = 3  # rows of an incident that get a place, of so many incidents:
_INCIDENTS = 30
_PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(slots=True)
class Sample:
    """At most `BUDGET` rows, in the order they came: rows in pairs, and rows without a partner.

    Both kinds get a place when there are many of both, and so do the first rows of each
    incident: a flood of one never hides the other.
    """

    mismatched: list[Discrepancy] = field(default_factory=list)
    unpaired: list[Discrepancy] = field(default_factory=list)


@dataclass(slots=True)
class _Sampler:
    """Picks a sample from a stream, holding little more than that."""

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
        if first or len(kept) < BUDGET:
            kept[self.place] = row
        self.place += 1

    def sample(self) -> Sample:
        """`BUDGET` rows in total, in their order."""
        pairs, single = self.kept[True], self.kept[False]
        spare = max(BUDGET // 2, BUDGET - len(pairs))
        unpaired = self._cut(single, spare)
        return Sample(self._cut(pairs, BUDGET - len(unpaired)), unpaired)

    def _cut(self, kept: dict[int, Discrepancy], most: int) -> list[Discrepancy]:
        wanted = [place for place in kept if place in self.first]
        others = [place for place in kept if place not in self.first]
        return [kept[place] for place in sorted([*wanted, *others][:most])]


def csv_name(dataset: str) -> str:
    """`discrepancies-<dataset>.csv`; a name that is no safe file name gets a digest after it."""
    if _PLAIN_NAME.fullmatch(dataset):
        return f"discrepancies-{dataset}.csv"
    digest = hashlib.sha256(dataset.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    slug = re.sub(r"[^a-z0-9]+", "-", dataset.lower()).strip("-")[:60]
    return f"discrepancies-{slug}-{digest}.csv".replace("--", "-")


def write_csv(path: Path, dataset: DatasetResult, rows: Iterable[Discrepancy]) -> Sample:
    """Write every row, holding none but the sample; columns as `_header` names them.

    A missing side is an empty cell, SQL NULL is `NULL`; times are ISO in exchange time; text
    that a spreadsheet would run as a formula starts with an apostrophe.

    Raises:
        ComparisonError: more or fewer rows came than the result says were stored.
    """
    names = tuple(column.name for column in dataset.columns)
    sampler = _Sampler()
    written = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([_text(name) for name in _header(dataset.key, names)])
        for row in rows:
            writer.writerow(list(_cells(row, names)))
            sampler.offer(row)
            written += 1
    _check(dataset, written)
    return sampler.sample()


def _check(dataset: DatasetResult, written: int) -> None:
    expected, what = dataset.rows.discrepancies, "rows differ"
    if dataset.stored is not None:
        expected, what = dataset.stored, f"of {expected} rows that differ were stored"
    if written != expected:
        raise ComparisonError(
            f"dataset {dataset.name}: {expected} {what}, but {written} came to be written"
        )


def _header(key: tuple[str, ...], names: tuple[str, ...]) -> Iterator[str]:
    yield "state"
    yield from (f"key_{name}" for name in key)
    for name in names:
        yield from (f"{name}_legacy", f"{name}_candidate", f"{name}_delta")
    yield "differs"
    yield "incident"


def _cells(row: Discrepancy, names: tuple[str, ...]) -> Iterator[str]:
    yield row.state.value
    yield from (_value(part) for part in row.key)
    for name in names:
        yield _side(row.legacy, name)
        yield _side(row.candidate, name)
        yield _delta(row, name)
    yield _text(";".join(row.columns))
    yield _text(row.incident)


def _side(values: dict[str, object] | None, name: str) -> str:
    return _value(values[name]) if values is not None and name in values else ""


def _delta(row: Discrepancy, name: str) -> str:
    if row.legacy is None or row.candidate is None:
        return ""
    delta = delta_of(row.legacy.get(name), row.candidate.get(name))
    if isinstance(delta, timedelta):
        return repr(delta.total_seconds())
    return "" if delta is None else _value(delta)


def _value(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float | Decimal):
        return _number(value)
    if isinstance(value, datetime):
        moment = value if value.tzinfo is None else value.astimezone(EXCHANGE_ZONE)
        return moment.isoformat()
    return _text(str(value))


def _number(value: float | Decimal) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value) if isinstance(value, float) else f"{value:f}"


def _text(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
