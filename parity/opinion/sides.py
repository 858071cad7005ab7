"""Sorts one side's rows: those with a NULL in the key, those whose key is not alone, the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from parity.model.errors import ComparisonError
from parity.model.suite import Dataset
from parity.model.verdict import Side
from parity.opinion.cells import AmbiguousError, cells
from parity.opinion.keys import Special, hashable

__all__ = ["Key", "Rows", "frame_of", "sort_rows"]

Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """One side: the `positions` of rows whose key is whole and alone; other keys; all values."""

    positions: Mapping[Key, int]
    duplicated: frozenset[Key]
    with_null: frozenset[Key]
    values: Mapping[str, list[object]]


def sort_rows(dataset: Dataset, side: Side, frame: pd.DataFrame, columns: tuple[str, ...]) -> Rows:
    """Read a side's frame.

    Raises:
        ComparisonError: a key column is missing, or a column is ambiguous (see `cells`).
    """
    missing = [name for name in dataset.key if name not in frame.columns]
    if missing:
        raise ComparisonError(
            f"dataset {dataset.name}, {side.value}: the second opinion's rows have no column "
            f"{', '.join(missing)}"
        )
    try:
        key_cells = [
            [hashable(cell) for cell in cells(frame[name], dataset.timezone)]
            for name in dataset.key
        ]
        values = {name: cells(frame[name], dataset.timezone) for name in columns}
    except AmbiguousError as error:
        raise ComparisonError(f"dataset {dataset.name}, {side.value}: {error}") from error
    keys: list[Key] = list(zip(*key_cells, strict=True))
    counts = Counter(keys)
    positions: dict[Key, int] = {}
    duplicated: set[Key] = set()
    with_null: set[Key] = set()
    for position, key in enumerate(keys):
        if Special.NULL in key:
            with_null.add(key)
        elif counts[key] > 1:
            duplicated.add(key)
        else:
            positions[key] = position
    return Rows(positions, frozenset(duplicated), frozenset(with_null), values)


def frame_of(rows: Rows, numbers: Mapping[Key, int], names: Mapping[str, str]) -> pd.DataFrame:
    """The rows that have a number, for datacompy: that number, and the columns by safe names."""
    chosen = [(key, position) for key, position in rows.positions.items() if key in numbers]
    data: dict[str, Any] = {"key": pd.Series([numbers[key] for key, _ in chosen], dtype="int64")}
    for name, safe in names.items():
        data[safe] = pd.Series([rows.values[name][place] for _, place in chosen], dtype=object)
    return pd.DataFrame(data)
