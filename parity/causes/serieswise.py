"""Rows by series: splitting, medians and names, without a loop over rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parity.causes.frame import NO_TIME, Differences, Floats, Ints
from parity.model.result import RowState
from parity.model.verdict import Side

__all__ = ["alone", "brace", "grouped", "medians", "ranks", "series_text", "symbol_groups"]

_ALONE = {Side.LEGACY: RowState.LEGACY_ONLY, Side.CANDIDATE: RowState.CANDIDATE_ONLY}


def alone(found: Differences, rows: Ints, side: Side) -> Ints:
    """Those of the rows that only `side` has, with a time."""
    mine: Ints = rows[found.having(_ALONE[side])[rows] & (found.time[rows] != NO_TIME)]
    return mine


def grouped(*keys: NDArray[Any]) -> Iterator[Ints]:
    """The places of equal keys, group after group in the keys' order; places ascend in each."""
    if not len(keys[0]):
        return
    order = np.lexsort(keys[::-1])
    new = np.zeros(len(order), dtype=bool)
    for key in keys:
        new[1:] |= key[order][1:] != key[order][:-1]
    yield from np.split(order, np.flatnonzero(new))


def medians(code: Ints, values: Floats, series: int) -> tuple[Floats, Ints]:
    """The (lower) median of each series' values and how many there are; NaN values do not count.

    Args:
        code: of each value, below `series`.
        values: one for each code.
        series: how many series there are; one without values has the median NaN.
    """
    known = ~np.isnan(values)
    code, values = code[known], values[known]
    count = np.bincount(code, minlength=series)
    ordered = values[np.lexsort((values, code))]
    first = np.cumsum(count) - count
    out = np.full(series, np.nan)
    has = count > 0
    out[has] = ordered[(first + (count - 1) // 2)[has]]
    return out, count


def ranks(label: Ints) -> tuple[Ints, Ints]:
    """Of each place in sorted labels: which of its label it is, from 0, and how many there are."""
    first = np.searchsorted(label, label, side="left")
    last = np.searchsorted(label, label, side="right")
    return np.arange(len(label)) - first, last - first


def symbol_groups(found: Differences, rows: Ints) -> Iterator[tuple[str, Ints]]:
    """The rows of each symbol; of a dataset without symbols all together, under an empty name."""
    names = sorted({name or "" for name in found.symbols})
    place = {name: number for number, name in enumerate(names)}
    label = np.array([place[name or ""] for name in found.symbols], dtype=np.int64)
    mine = label[found.code[rows]]
    for part in grouped(mine):
        yield names[int(mine[part[0]])], rows[part]


def series_text(found: Differences, code: int) -> str:
    """A series' key values in words: mostly the symbol alone."""
    return " ".join(str(value) for value in found.series[code])


def brace(text: str) -> str:
    """The text with its braces escaped, for `Hypothesis.says`."""
    return text.replace("{", "{{").replace("}", "}}")
