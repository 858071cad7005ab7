"""What rules may ask, answered from the night's snapshot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, tzinfo
from functools import cached_property
from typing import Any

import numpy as np

from parity.causes import NO_TIME, Differences, Extent, Revision, Role, Rows, Series, role_of
from parity.causes.frame import Ints
from parity.diff import Comparison
from parity.diff.columns import Compared
from parity.exchange import Exchange
from parity.explain import queries
from parity.explain.calendar import Sessions
from parity.explain.gathering import Shape, shape_of
from parity.explain.reading import fixed_width, read_rows
from parity.model.errors import ComparisonError
from parity.model.result import Incident
from parity.model.suite import Dataset, Kind
from parity.model.verdict import Side

__all__ = ["Asked", "Revisions", "Situation"]

ROWS = 4_000_000  # of both sides, that rules may read beside the discrepancies

Found = Sequence[tuple[int, date, Mapping[str, Any]]]
Revisions = Callable[[Side, Sequence[tuple[Any, ...]]], Found]
"""Of a side and keys: what it said earlier, as (place of the key, session, values)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is known beside the comparison itself.

    `datasets` are all of the suite's, by name; `incidents` those found tonight, by dataset.
    """

    session: date | None = None
    exchange: Exchange | None = None
    datasets: Mapping[str, Dataset] = field(default_factory=dict)
    incidents: Mapping[str, Sequence[Incident]] = field(default_factory=dict)
    revisions: Revisions | None = None


class Situation:
    """A `parity.causes.Context` of some discrepancies of a dataset."""

    def __init__(
        self,
        comparison: Comparison,
        shape: Shape,
        found: Differences,
        keys: Sequence[tuple[Any, ...]],
        asked: Asked,
    ) -> None:
        self._comparison = comparison
        self._shape = shape
        self._found = found
        self._keys = keys
        self._asked = asked
        self._rows: dict[Side, Rows | None] = {}
        self._extents: dict[Side, Extent] = {}
        self.dataset = comparison.dataset
        self.session = asked.session
        self.zone: tzinfo = asked.exchange.zone if asked.exchange else UTC
        self.dated = shape.dated

    @cached_property
    def calendar(self) -> Sessions | None:
        """The exchange's sessions."""
        return Sessions(self._asked.exchange) if self._asked.exchange else None

    def days(self, time: Ints) -> Ints:
        """The exchange's calendar day of each time."""
        known = time != NO_TIME
        moments = np.where(known, time, 0).astype("datetime64[us]")
        if not self.dated and self.zone is not UTC:
            import pandas as pd  # takes a while to load

            local = pd.DatetimeIndex(moments, tz="UTC").tz_convert(self.zone)
            moments = local.tz_localize(None).to_numpy()
        return np.where(known, moments.astype("datetime64[D]").astype(np.int64), NO_TIME)

    def own(self, side: Side) -> Rows | None:
        """The dataset's rows of a side, of the discrepancies' series."""
        if side not in self._rows:
            size = sum(int(self.extent(one).count.sum()) for one in Side)
            self._rows[side] = (
                None if size > ROWS else self._read(self._comparison, self._shape, side)
            )
        return self._rows[side]

    def extent(self, side: Side) -> Extent:
        """How far each series of the discrepancies reaches on a side."""
        if side not in self._extents:
            self._extents[side] = self._extent(self._comparison, self._shape, side)
        return self._extents[side]

    def days_with_rows(self, side: Side) -> Ints:
        """All days on which the side has any row."""
        if self._shape.time is None:
            return np.array([], dtype=np.int64)
        part = queries.days_of(
            self._comparison.readers[side], self._shape.time, str(getattr(self.zone, "key", "UTC"))
        )
        rows = fixed_width(self._comparison.connection, part, 1, 0)[0]
        return np.sort(rows[:, 0])

    @cached_property
    def _others(self) -> tuple[Series, ...]:
        found = []
        for dataset in self._asked.datasets.values():
            if dataset.name != self.dataset.name and self._like(dataset):
                sibling = self._sibling(dataset)
                if sibling is not None:
                    rows = {side: self._read(*sibling, side) for side in Side}
                    found.append(Series(dataset.name, rows))
        return tuple(found)

    def others(self) -> Sequence[Series]:
        """The other datasets of the same relations and fields."""
        if any(self.own(side) is None for side in Side):
            return ()
        return self._others

    def _like(self, dataset: Dataset) -> bool:
        mine = self.dataset
        return (
            (dataset.legacy, dataset.candidate) == (mine.legacy, mine.candidate)
            and dataset.key == mine.key
            and (dataset.kind, dataset.time) == (mine.kind, mine.time)
            and dataset.where != mine.where
        )

    def _sibling(self, dataset: Dataset) -> tuple[Comparison, Shape] | None:
        """Another dataset's comparison and shape; None if it tells series apart otherwise."""
        found = self._compared(dataset)
        if found is None:
            return None
        shape = shape_of(found)
        mine = [one.name for one in self._shape.fields], self._shape.names
        alike = ([one.name for one in shape.fields], shape.names) == mine
        return (found, shape) if alike else None

    def _compared(self, dataset: Dataset) -> Comparison | None:
        reader = self._comparison.readers[Side.LEGACY]
        try:
            return Comparison(
                self._comparison.connection, dataset, as_of=reader.as_of, zone=reader.zone
            )
        except ComparisonError:
            return None  # it is undecided tonight, which is told where it is compared

    @cached_property
    def _input(self) -> tuple[Comparison, Shape] | None:
        name = self.dataset.computed_from
        dataset = self._asked.datasets.get(name) if name else None
        found = self._compared(dataset) if dataset else None
        if found is None or dataset is None or dataset.kind is not Kind.BARS:
            return None
        shape = shape_of(found)
        # A symbol of the indicators is a series of the bars.
        alone = shape.symbol is not None and self._shape.symbol is not None
        return (
            (found, shape) if alone and len(shape.series) == len(self._shape.series) == 1 else None
        )

    @cached_property
    def _inputs(self) -> Mapping[Side, Rows] | None:
        if self._input is None:
            return None
        comparison, shape = self._input
        size = sum(int(self._extent(comparison, shape, side).count.sum()) for side in Side)
        if size > ROWS:
            return None
        return {side: self._read(comparison, shape, side) for side in Side}

    def inputs(self) -> Mapping[Side, Rows] | None:
        """The bars that the indicators are computed from."""
        return self._inputs

    def input_places(self) -> Mapping[str, int]:
        """The place of open, high, low, close and volume in the inputs' values."""
        if self._input is None:
            return {}
        places: dict[str, int] = {}
        for place, one in enumerate(self._input[1].fields):
            role = role_of(one.name)
            if role is not Role.OTHER and one.number:
                places.setdefault(role.value, place)
        return places

    def input_incidents(self) -> Sequence[Incident]:
        """The incidents found in those bars tonight."""
        return self._asked.incidents.get(self.dataset.computed_from or "", ())

    def revisions(self, side: Side, rows: Ints) -> Sequence[Revision]:
        """What the side said of these rows on earlier nights, the newest first."""
        if self._asked.revisions is None or not len(rows):
            return ()
        places = rows.tolist()
        found = self._asked.revisions(side, [self._keys[row] for row in places])
        return [Revision(places[place], session, values) for place, session, values in found]

    def _series(self, comparison: Comparison, shape: Shape) -> list[Compared]:
        return [comparison.plan.key[place] for place in shape.series]

    def _read(self, comparison: Comparison, shape: Shape, side: Side) -> Rows:
        numbers = [place for place, one in enumerate(shape.fields) if one.number]
        texts = [place for place, one in enumerate(shape.fields) if not one.number]
        part = queries.rows_of(
            comparison.readers[side],
            self._series(comparison, shape),
            self._found.series,
            shape.time,
            numbers,
            texts,
        )
        return read_rows(comparison.connection, part, numbers, texts)

    def _extent(self, comparison: Comparison, shape: Shape, side: Side) -> Extent:
        part = queries.extents_of(
            comparison.readers[side],
            self._series(comparison, shape),
            self._found.series,
            shape.time,
        )
        rows = fixed_width(comparison.connection, part, 4, 0)[0]
        size = len(self._found.series)
        count = np.zeros(size, dtype=np.int64)
        first, last = np.full(size, NO_TIME), np.full(size, NO_TIME)
        count[rows[:, 0]] = rows[:, 1]
        first[rows[:, 0]], last[rows[:, 0]] = rows[:, 2], rows[:, 3]
        return Extent(count, first, last)
