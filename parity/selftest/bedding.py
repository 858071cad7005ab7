"""Makes datasets ready for faults: copies their rows and reads what both sides agree on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import psycopg

from parity.causes import Role
from parity.diff import Comparison, compare
from parity.exchange import Exchange
from parity.explain.gathering import shape_of
from parity.model.errors import ComparisonError
from parity.model.result import Discrepancy
from parity.model.suite import Dataset, Kind, Suite
from parity.model.verdict import Side
from parity.selftest import queries
from parity.selftest.bed import Bed, Column, Inputs, Key, Values
from parity.selftest.copying import Copying, Sizes, alike, pointed
from parity.selftest.scratch import Copies, TablePair

__all__ = ["Bedding", "Stage"]

MARGIN = 10  # days of bars beyond those that the first row is computed from


@dataclass(frozen=True, slots=True)
class Stage:
    """A dataset ready for faults: in memory, in scratch tables, and all that is re-pointed.

    `session` is the newest day among its rows.
    """

    bed: Bed
    pair: TablePair
    inputs: TablePair | None
    datasets: Mapping[str, Dataset]
    session: date | None


class Bedding:
    """Makes stages.

    Args:
        copies: where tables are made.
        suite: whose datasets may be asked for.
        exchange: whose sessions hold.
        as_of: for the comparisons.
        seed: what is drawn.
        sizes: how much is copied.
    """

    def __init__(
        self,
        copies: Copies,
        suite: Suite,
        exchange: Exchange,
        as_of: datetime,
        seed: str,
        sizes: Sizes,
    ) -> None:
        self.connection: psycopg.Connection = copies.connection
        self._suite = suite
        self._exchange = exchange
        self._as_of = as_of
        self._copying = Copying(copies, self.compared, exchange.zone, seed, sizes)

    def compared(self, dataset: Dataset) -> Comparison:
        """The real comparison of a dataset."""
        return Comparison(self.connection, dataset, as_of=self._as_of, zone=self._exchange.zone)

    def stage(self, dataset: Dataset) -> Stage:
        """Copies a dataset's rows.

        Raises:
            ComparisonError: it cannot be compared, or no row matches.
        """
        family = [one for one in self._suite.datasets if alike(one, dataset)]
        pair, symbols = self._copying.drawn(dataset, family)
        self._take_out_what_differs(pair)
        datasets = {one.name: pointed(one, pair) for one in family}
        bed = self._bed(pair, datasets)
        below = self._below(bed, symbols)
        if below is not None:
            bed = replace(bed, inputs=self._inputs(below))
            datasets[below.dataset.name] = below.dataset
        known = {one.name: one for one in self._suite.datasets}
        session = max(bed.days) if bed.days else None
        return Stage(bed, pair, below, {**known, **datasets}, session)

    def _take_out_what_differs(self, pair: TablePair) -> None:
        """Deletes all rows, on both sides, whose key differs."""
        for _ in range(2):
            comparison = self.compared(pair.dataset)
            differing: list[Discrepancy] = []
            compare(comparison, None, differing.append)
            if not differing:
                return
            keys = {found.key for found in differing}
            size = len(comparison.plan.key)
            for side in Side:
                rows = comparison.ask(queries.rows_of(comparison.readers[side]))
                gone = [row[0] for row in rows if row[1 : 1 + size] in keys]
                relation = pair.tables[side].relation
                self.connection.execute(queries.delete_rows(relation), [gone])
        raise ComparisonError(
            f"dataset {pair.dataset.name}: copies of matching rows differ when they are "
            "compared again"
        )

    def _bed(self, pair: TablePair, datasets: Mapping[str, Dataset]) -> Bed:
        comparison = self.compared(pair.dataset)
        rows = {side: _by_key(comparison, side) for side in Side}
        keys = sorted(rows[Side.LEGACY], key=lambda key: tuple(map(str, key)))
        if not keys:
            raise ComparisonError(
                f"dataset {pair.dataset.name}: no row matches, so there is none to seed a fault in"
            )
        for side in Side:
            pair.tables[side].ctids = [rows[side][key][0] for key in keys]
        siblings = {
            name: {side: _by_open_key(self.compared(dataset), side) for side in Side}
            for name, dataset in datasets.items()
            if name != pair.dataset.name
        }
        return Bed(
            dataset=pair.dataset,
            exchange=self._exchange,
            columns=_columns(comparison),
            keys=keys,
            values={side: [rows[side][key][1] for key in keys] for side in Side},
            siblings=siblings,
        )

    def _below(self, bed: Bed, symbols: Sequence[str]) -> TablePair | None:
        """The bars that the bed's rows are computed from, all of them, whatever differs there."""
        dataset = bed.dataset
        bars = next((d for d in self._suite.datasets if d.name == dataset.computed_from), None)
        if dataset.kind is not Kind.INDICATORS or bars is None or not bed.days or not symbols:
            return None
        if not {bars.symbol, bars.time} <= set(bars.key):
            return None
        since = min(bed.days) - timedelta(days=dataset.days_back + MARGIN)
        return self._copying.bars(bars, symbols, since)

    def _inputs(self, pair: TablePair) -> Inputs:
        comparison = self.compared(pair.dataset)
        names = [one.name for one in comparison.plan.key]
        symbol, time = names.index(str(pair.dataset.symbol)), names.index(str(pair.dataset.time))
        columns: dict[Role, Column] = {
            one.role: one for one in _columns(comparison) if one.role is not Role.OTHER
        }
        inputs = Inputs({}, {}, {}, columns)
        for side in Side:
            found = sorted(_by_key(comparison, side).items(), key=lambda item: item[0][time])
            pair.tables[side].ctids = [ctid for _, (ctid, _) in found]
            for place, (key, (_, values)) in enumerate(found):
                row = {role: values[one.name] for role, one in columns.items()}
                inputs.add(str(key[symbol]), side, self._day(key[time]), row, place)
        return inputs

    def _day(self, time: date) -> date:
        if isinstance(time, datetime):
            return time.astimezone(self._exchange.zone).date() if time.tzinfo else time.date()
        return time


def _columns(comparison: Comparison) -> tuple[Column, ...]:
    return tuple(
        Column(field, pair.family, {side: not pair.column(side).not_null for side in Side})
        for field, pair in zip(shape_of(comparison).fields, comparison.plan.columns, strict=True)
    )


def _by_key(comparison: Comparison, side: Side) -> dict[Key, tuple[str, Values]]:
    """Where each row lies and its values."""
    size = len(comparison.plan.key)
    names = [pair.name for pair in comparison.plan.columns]
    rows: list[tuple[Any, ...]] = comparison.ask(queries.rows_of(comparison.readers[side]))
    try:
        return {
            row[1 : 1 + size]: (row[0], dict(zip(names, row[1 + size :], strict=True)))
            for row in rows
        }
    except TypeError:  # arrays and the like
        raise ComparisonError(
            f"dataset {comparison.dataset.name}: its key has values that cannot be told apart in "
            "memory, so no fault can be seeded in it"
        ) from None


def _by_open_key(comparison: Comparison, side: Side) -> dict[Key, Values]:
    """Values by the key without the columns that `where` fixes."""
    dataset = comparison.dataset
    fixed = {name for name, values in dataset.where if len(values) == 1}
    open_ = [n for n, pair in enumerate(comparison.plan.key) if pair.name not in fixed]
    return {
        tuple(key[n] for n in open_): values
        for key, (_, values) in _by_key(comparison, side).items()
    }
