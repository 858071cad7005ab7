"""Discrepancies, as a spool holds them, into the arrays that rules compute on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from parity.causes import NO_TIME, STATES, Differences, Field, Values, role_of
from parity.database.batches import Batch, Column, batches_of
from parity.database.batches import Side as Held
from parity.diff import Comparison
from parity.diff.columns import Compared
from parity.diff.families import Family
from parity.explain.calendar import day_number, microseconds
from parity.explain.queries import dates, temporal
from parity.model.result import Discrepancy
from parity.model.suite import Kind
from parity.model.verdict import Side

__all__ = ["Chunk", "Shape", "chunks", "shape_of"]

CELLS = 16_000_000  # values of a side that are looked at in one go
_STATE = {state.value: place for place, state in enumerate(STATES)}


@dataclass(frozen=True, slots=True)
class Shape:
    """How a dataset's rows become arrays.

    `series` are the key columns, by place, that tell series apart: all but the time and what
    `where` fixes. `time` is the place of the time in the key, if it is there.
    """

    fields: tuple[Field, ...]
    series: tuple[int, ...]
    names: tuple[str, ...]
    symbol: int | None  # its place among the series' values
    time: int | None
    dated: bool


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some discrepancies, with the key of each row."""

    found: Differences
    keys: list[tuple[Any, ...]]


def shape_of(comparison: Comparison) -> Shape:
    """The shape of a dataset."""
    dataset, plan = comparison.dataset, comparison.plan
    fixed = {name for name, values in dataset.where if len(values) == 1}
    time = next(
        (n for n, pair in enumerate(plan.key) if pair.name == dataset.time and temporal(pair)), None
    )
    series = [n for n, pair in enumerate(plan.key) if n != time and pair.name not in fixed]
    names = [plan.key[place].name for place in series]
    dated = time is not None and dates(plan.key[time])
    return Shape(
        fields=tuple(_field(dataset.kind, pair) for pair in plan.columns),
        series=tuple(series),
        names=tuple(names),
        symbol=names.index(dataset.symbol) if dataset.symbol in names else None,
        time=time,
        dated=dated,
    )


def _field(kind: Kind, pair: Compared) -> Field:
    return Field(
        name=pair.name,
        number=pair.family in (Family.NUMERIC, Family.DOUBLE),
        tolerance=pair.tolerance,
        types={Side.LEGACY: pair.legacy.type, Side.CANDIDATE: pair.candidate.type},
        role=role_of(pair.name) if kind is Kind.BARS else role_of(""),
    )


def chunks(shape: Shape, found: Iterable[Discrepancy]) -> Iterator[Chunk]:
    """The discrepancies in their order, as many at a time as memory allows."""
    most = max(1000, CELLS // max(1, len(shape.fields)))
    held: list[Batch] = []
    size = 0
    for batch in batches_of(found):
        held.append(batch)
        size += len(batch)
        if size >= most:
            yield _chunk(shape, held)
            held, size = [], 0
    if held:
        yield _chunk(shape, held)


def _chunk(shape: Shape, batches: Sequence[Batch]) -> Chunk:
    keys = [
        key
        for batch in batches
        for key in zip(*(column.plain() for column in batch.key), strict=True)
    ]
    codes: dict[tuple[Any, ...], int] = {}
    code = np.empty(len(keys), dtype=np.int64)
    for row, key in enumerate(keys):
        series = tuple(_hashable(key[place]) for place in shape.series)
        code[row] = codes.setdefault(series, len(codes))
    time = np.full(len(keys), NO_TIME, dtype=np.int64)
    if shape.time is not None:
        place = shape.time
        known: dict[Any, int] = {}  # series after series has the same times
        for row, key in enumerate(keys):
            moment = key[place]
            number = known.get(moment)
            if number is None:
                number = known[moment] = _microseconds(moment)
            time[row] = number
    states = [_STATE[state] for batch in batches for state in batch.states]
    legacy, there = _values(shape, [(batch.legacy, len(batch)) for batch in batches])
    candidate, here = _values(shape, [(batch.candidate, len(batch)) for batch in batches])
    found = Differences(
        fields=shape.fields,
        series=tuple(codes),
        symbols=tuple(_symbol(shape, series) for series in codes),
        state=np.array(states, dtype=np.int8),
        code=code,
        time=time,
        values={Side.LEGACY: legacy, Side.CANDIDATE: candidate},
        present={Side.LEGACY: there, Side.CANDIDATE: here},
        differs=_differs(shape, batches),
        names=shape.names,
    )
    return Chunk(found, keys)


def _hashable(value: Any) -> Any:
    """The value, or a text of it: arrays and the like cannot be looked up."""
    return value if value.__hash__ is not None else repr(value)


def _symbol(shape: Shape, series: tuple[Any, ...]) -> str | None:
    if shape.symbol is None or series[shape.symbol] is None:
        return None
    return str(series[shape.symbol])


def _microseconds(value: Any) -> int:
    if isinstance(value, datetime):
        return microseconds(value if value.tzinfo else value.replace(tzinfo=UTC))
    if isinstance(value, date):
        return day_number(value) * 86_400_000_000
    return NO_TIME  # NULL, or beyond what Python's dates hold


def _differs(shape: Shape, batches: Sequence[Batch]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    places = {field.name: place for place, field in enumerate(shape.fields)}
    kinds: dict[tuple[str, ...], int] = {}
    rows = [
        kinds.setdefault(tuple(columns), len(kinds))
        for batch in batches
        for columns in batch.columns
    ]
    table = np.zeros((len(kinds), len(shape.fields)), dtype=bool)
    for columns, number in kinds.items():
        for name in columns:
            table[number, places[name]] = True
    picked: np.ndarray[Any, np.dtype[np.bool_]] = table[np.array(rows, dtype=np.int64)]
    return picked


def _values(
    shape: Shape, batches: Sequence[tuple[Held, int]]
) -> tuple[Values, np.ndarray[Any, np.dtype[np.bool_]]]:
    size = sum(rows for _, rows in batches)
    numbers = np.full((size, len(shape.fields)), np.nan)
    null = np.zeros((size, len(shape.fields)), dtype=bool)
    texts = {
        place: np.full(size, None, dtype=object)
        for place, field in enumerate(shape.fields)
        if not field.number
    }
    present = np.zeros(size, dtype=bool)
    start = 0
    for side, rows in batches:
        part = slice(start, start + rows)
        held = dict(zip(side.names, side.columns, strict=True))
        present[part] = True if side.present is None else side.present
        for place, field in enumerate(shape.fields):
            column = held.get(field.name)
            if column is None:
                continue
            null[part, place] = [value is None for value in column.values]
            if field.number:
                numbers[part, place] = _floats(column)
            else:
                texts[place][part] = list(column.plain())
        start += rows
    return Values(numbers, null, texts), present


def _floats(column: Column) -> np.ndarray[Any, np.dtype[np.float64]]:
    filled = ["nan" if value is None else value for value in column.values]
    return np.array([float(value) for value in filled])
