"""Which rows of both sides are copied into scratch tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from random import Random
from typing import Any

import psycopg

from parity.diff import Comparison
from parity.diff import queries as diff_queries
from parity.diff.queries.sides import Reader
from parity.model.suite import Dataset
from parity.model.verdict import Side
from parity.selftest import queries
from parity.selftest.scratch import Copies, TablePair

__all__ = ["Copying", "Sizes", "alike", "named", "pointed"]

TRIES = 20  # symbols that are looked at before fewer than wanted are taken
MOST = 100_000  # symbols that are drawn from
Compared = Callable[[Dataset], Comparison]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of a dataset is copied: so many symbols, of each so many sessions, rows at most."""

    symbols: int = 4
    sessions: int = 300
    rows: int = 2400


@dataclass(frozen=True, slots=True)
class Copying:
    """Copies rows of datasets.

    Attributes:
        copies: Where tables are made.
        compared: Makes the comparison of a dataset.
        zone: The exchange's, in which days begin.
        seed: What is drawn.
        sizes: How much is copied.
    """

    copies: Copies
    compared: Compared
    zone: tzinfo
    seed: str
    sizes: Sizes

    @property
    def connection(self) -> psycopg.Connection:
        """Where all of it happens."""
        return self.copies.connection

    def drawn(self, dataset: Dataset, family: Sequence[Dataset]) -> tuple[TablePair, Sequence[str]]:
        """Both sides' rows of some symbols, drawn by the seed; which symbols those are.

        Args:
            dataset: whose rows.
            family: datasets in the same relations, whose rows of the same time come along.
        """
        source = self.compared(replace(dataset, settle=None, window=None))
        pair = self._pair(source)
        readers = {side: [source.readers[side]] for side in Side}
        for one in family:
            if one.name != dataset.name:
                found = self.compared(replace(one, settle=None, window=None, since=None))
                for side in Side:
                    readers[side].append(found.readers[side])
        chosen: list[str] = []
        if dataset.symbol is None:
            self._copy(pair, source, readers, None)
        else:
            for symbol in self._symbols(source)[:TRIES]:
                if len(chosen) < self.sizes.symbols and self._copy(pair, source, readers, symbol):
                    chosen.append(symbol)
        self._analyze(pair)
        return pair, chosen

    def bars(self, dataset: Dataset, symbols: Sequence[str], since: date) -> TablePair:
        """Both sides' rows of the named symbols from a day on."""
        source = self.compared(replace(dataset, settle=None, window=None, since=None))
        pair = self._pair(source)
        for side in Side:
            reader = source.readers[side]
            start = None if reader.time is None else reader.midnight(since)
            for symbol in symbols:
                column = (named(dataset, str(dataset.symbol), side), symbol)
                relation = pair.tables[side].relation
                part = queries.copy_rows(relation, [reader], column, start, None)
                self.connection.execute(part.text, part.values)
        self._analyze(pair)
        return pair

    def _pair(self, source: Comparison) -> TablePair:
        tables = {side: self.copies.table(source, side) for side in Side}
        pair = TablePair(source.dataset, tables)
        return replace(pair, dataset=pointed(source.dataset, pair))

    def _analyze(self, pair: TablePair) -> None:
        for table in pair.tables.values():
            self.copies.execute(queries.analyze(table.relation))

    def _symbols(self, source: Comparison) -> list[str]:
        """The legacy side's symbols in an order that the seed gives."""
        dataset, reader = source.dataset, source.readers[Side.LEGACY]
        assert dataset.symbol is not None
        place = next((n for n, p in enumerate(source.plan.key) if p.name == dataset.symbol), None)
        if place is not None and source.index_over(Side.LEGACY, [place]):
            part = diff_queries.leads(reader, place, MOST, filtered=True)
        else:
            part = queries.symbols_of(reader, dataset.symbol)
        symbols = sorted(str(row[0]) for row in source.ask(part))
        Random(f"{self.seed}|{dataset.name}|symbols").shuffle(symbols)
        return symbols

    def _copy(
        self,
        pair: TablePair,
        source: Comparison,
        readers: Mapping[Side, Sequence[Reader]],
        symbol: str | None,
    ) -> bool:
        """Copies one symbol's rows of both sides; False where a side has none."""
        dataset, first = source.dataset, source.readers[Side.LEGACY]
        columns = {
            side: None if symbol is None else (named(dataset, str(dataset.symbol), side), symbol)
            for side in Side
        }
        day: date | None = None
        limit: int | None = self.sizes.sessions * (self.sizes.symbols if symbol is None else 1)
        if first.time is not None:
            times = source.ask(queries.newest(first, columns[Side.LEGACY], self.sizes.rows))
            if not times:
                return False
            day, limit = self._first([row[0] for row in times]), None
        found = []
        for side in Side:
            part = queries.copy_rows(
                pair.tables[side].relation,
                readers[side],
                columns[side],
                None if day is None else readers[side][0].midnight(day),
                limit,
            )
            found.append(self.connection.execute(part.text, part.values).rowcount)
        return all(found)

    def _first(self, times: Sequence[Any]) -> date:
        """The day from which on rows are copied."""
        days = {self._day(time) for time in times if isinstance(time, date)}
        return sorted(days, reverse=True)[: self.sizes.sessions][-1] if days else date.min

    def _day(self, time: date) -> date:
        if isinstance(time, datetime):
            return time.astimezone(self.zone).date() if time.tzinfo else time.date()
        return time


def named(dataset: Dataset, column: str, side: Side) -> str:
    """A side's own name of a column."""
    return column if side is Side.LEGACY else dict(dataset.rename).get(column, column)


def alike(one: Dataset, other: Dataset) -> bool:
    """Datasets that lie in the same relations under the same key."""
    return (one.legacy, one.candidate, one.key, one.time, one.kind, one.rename) == (
        other.legacy, other.candidate, other.key, other.time, other.kind, other.rename
    )  # fmt: skip


def pointed(dataset: Dataset, pair: TablePair) -> Dataset:
    """The dataset on the scratch tables, all of whose rows count."""
    return replace(
        dataset,
        legacy=pair.tables[Side.LEGACY].relation,
        candidate=pair.tables[Side.CANDIDATE].relation,
        since=None,
        settle=None,
        window=None,
    )
