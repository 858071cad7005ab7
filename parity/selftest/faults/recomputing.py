"""Indicator rows computed again from their input bars, in one way or another."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import numpy as np

from parity.causes import Role
from parity.model.verdict import Side
from parity.selftest.bed import Bed, Column, Line
from parity.selftest.fault import ImpossibleError
from parity.selftest.faults.formulas import Floats, Recipe, computed, known
from parity.selftest.faults.picking import Edits

__all__ = ["Bars", "Workshop", "workshop"]

ROUNDING = 1e-12  # what the order of additions may change
FEW = 3  # rows that a symbol's formulas must give again before a fault changes them


@dataclass(frozen=True, slots=True)
class Bars:
    """Daily bars of one symbol, in order: the days, closes and volumes."""

    days: Sequence[date]
    close: Floats
    volume: Floats


@dataclass(frozen=True)
class Workshop:
    """What can be computed of a bed.

    `columns` are those with a known formula. For each symbol and side: the rows that come out as
    they are stored, and the recipe with which they do.
    """

    columns: Mapping[Column, str]
    lines: Mapping[str, Line]
    recipes: Mapping[tuple[str, Side], Recipe]
    rows: Mapping[tuple[str, Side], Sequence[int]]

    def able(self, side: Side) -> list[str]:
        """The symbols whose rows come out as stored.

        Raises:
            ImpossibleError: there are none.
        """
        found = [name for name in self.lines if len(self.rows[name, side]) >= FEW]
        if not found:
            raise ImpossibleError(f"no symbol has {FEW} {side.value} rows that its bars give")
        return found

    def edits(
        self, bed: Bed, symbol: str, side: Side, places: Sequence[int],
        bars: Bars, days_back: int, recipe: Recipe, only: frozenset[str] | None = None,
    ) -> Edits:  # fmt: skip
        """Rows computed in another way; what comes out as in the usual way stays as stored."""
        usual = self.recipes[symbol, side]
        before = _table(bed, self.columns, places, bars_of(bed, symbol, side), usual)
        after = _table(bed, self.columns, places, bars, recipe, days_back)
        edits: Edits = {}
        for row, place in enumerate(places):
            new: dict[str, Any] = {}
            for column in self.columns:
                if only is not None and column.name not in only:
                    continue
                one, two = before[column.name][row], after[column.name][row]
                if one == two or (math.isnan(one) and math.isnan(two)):
                    continue
                new[column.name] = None if math.isnan(two) else column.stored(side, float(two))
            if new:
                edits[place] = new
        return edits


def workshop(bed: Bed) -> Workshop:
    """The bed's workshop.

    Raises:
        ImpossibleError: the dataset names no bars, or no column has a known formula.
    """
    return _workshop(_ById(bed))


class _ById:
    """A bed as a key of a cache: the same object, not an equal one."""

    def __init__(self, bed: Bed) -> None:
        self.bed = bed

    def __hash__(self) -> int:
        return id(self.bed)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ById) and other.bed is self.bed


@lru_cache(maxsize=4)
def _workshop(held: _ById) -> Workshop:
    bed = held.bed
    if bed.inputs is None or bed.time is None:
        raise ImpossibleError("names no bars (computed_from) that are in the config")
    if Role.CLOSE not in bed.inputs.columns:
        raise ImpossibleError("its bars have no close")
    formulas = dict(bed.dataset.formulas)
    columns = {
        column: formulas.get(column.name, column.name)
        for column in bed.numbers
        if known(formulas.get(column.name, column.name))
    }
    if not columns:
        raise ImpossibleError("no column has a known formula")
    lines = {line.name: line for line in bed.lines if line.name in bed.inputs.days}
    recipes, rows = {}, {}
    for name, line in lines.items():
        for side in Side:
            found = {
                seed: _same(bed, columns, line, side, Recipe(seed=seed))
                for seed in ("first", "sma")
            }
            best = max(found, key=lambda seed: (len(found[seed][0]), -found[seed][1]))
            recipes[name, side], rows[name, side] = Recipe(seed=best), found[best][0]
    return Workshop(columns, lines, recipes, rows)


def bars_of(bed: Bed, symbol: str, side: Side) -> Bars:
    """A symbol's daily bars; several bars of a day become one."""
    assert bed.inputs is not None
    return daily(bed.inputs.days[symbol][side], bed.inputs.rows[symbol][side])


def daily(days: Sequence[date], rows: Sequence[Mapping[Role, Any]]) -> Bars:
    """The last close and the summed volume of each day."""
    close: dict[date, float] = {}
    volume: dict[date, float] = {}
    for day, row in zip(days, rows, strict=True):
        if row[Role.CLOSE] is not None:
            close[day] = float(row[Role.CLOSE])
            shares = row.get(Role.VOLUME)
            volume[day] = volume.get(day, 0.0) + (math.nan if shares is None else float(shares))
    return Bars(list(close), np.array(list(close.values())), np.array(list(volume.values())))


def _same(
    bed: Bed, columns: Mapping[Column, str], line: Line, side: Side, recipe: Recipe
) -> tuple[list[int], float]:
    """The rows that come out as they are stored, and how far off they are in all."""
    found = _table(bed, columns, line.places, bars_of(bed, line.name, side), recipe)
    same, off = np.ones(len(line.places), dtype=bool), 0.0
    for column in columns:
        values = [bed.values[side][place][column.name] for place in line.places]
        stored = np.array([math.nan if value is None else float(value) for value in values])
        new, tolerance = found[column.name], column.field.tolerance
        delta, largest = np.abs(new - stored), np.maximum(np.abs(new), np.abs(stored))
        allowed = np.maximum(float(tolerance.abs), float(tolerance.rel) * largest)
        same &= (delta <= allowed + ROUNDING * largest) | (np.isnan(new) & np.isnan(stored))
        off += float(np.nansum(delta))
    return [place for place, good in zip(line.places, same, strict=True) if good], off


def _table(
    bed: Bed,
    columns: Mapping[Column, str],
    places: Sequence[int],
    bars: Bars,
    recipe: Recipe,
    days_back: int | None = None,
) -> dict[str, Floats]:
    """Each column at each row, from the bars of so many days up to the row's day."""
    close, volume = _windows(
        [bed.days[place] for place in places], bars,
        bed.dataset.days_back if days_back is None else days_back,
    )  # fmt: skip
    out: dict[str, Floats] = {}
    for column, name in columns.items():
        with np.errstate(all="ignore"):
            found = computed(name, close, volume, recipe)
        assert found is not None
        out[column.name] = np.where(np.isfinite(found), found, np.nan)
    return out


def _windows(days: Sequence[date], bars: Bars, days_back: int) -> tuple[Floats, Floats]:
    spans = [
        (
            bisect_left(bars.days, day - timedelta(days=days_back)),
            bisect_right(bars.days, day) if day in set(bars.days) else 0,
        )
        for day in days
    ]
    width = max((end - start for start, end in spans), default=0)
    close = np.full((len(days), max(width, 1)), np.nan)
    volume = np.full_like(close, np.nan)
    for row, (start, end) in enumerate(spans):
        if end > start:
            close[row, width - (end - start) :] = bars.close[start:end]
            volume[row, width - (end - start) :] = bars.volume[start:end]
    return close, volume
