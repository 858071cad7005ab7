"""Columns in which one side's values are the other's with fewer digits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from parity.causes.context import Context
from parity.causes.decimals import Mode, decimals_of, fitting, losses, rounded, single
from parity.causes.frame import Bools, Differences, Floats, Ints, Rows, other
from parity.causes.serieswise import grouped
from parity.model.verdict import Side

__all__ = ["FLOAT32", "LEAST", "REAL", "Coarse", "agreed", "coarse_columns"]

LEAST = 3  # rows of a symbol and column
_SHARE = 0.8  # of the cells near enough to be roundings
# A night may bring one row a symbol: then all symbols together, and more of them, count.
_OF_ALL, _SHARE_OF_ALL = 10, 0.9
FLOAT32 = -1  # in place of the number of decimals
REAL = ("real", "float4")
_USUAL = 0.3  # of the finer side's values around have such decimals
_AROUND = 5  # rows before the first and after the last
_SHORT = 6  # decimals: a short number may be in single precision by chance
_SINGLE = 2.0**-23  # the relative step of single precision
_SIZES = 3  # of what was lost
_LOST_NEAREST, _LOST_CUT = 0.1, 0.2  # units of the last decimal: one cell lost more
_TO_NEAREST = {Mode.HALF_UP, Mode.HALF_EVEN, Mode.NEAREST}
_ONE = (Mode.HALF_UP, Mode.HALF_EVEN, Mode.TRUNCATION, Mode.FLOOR, Mode.CEIL)


@dataclass(frozen=True, slots=True)
class Coarse:
    """How a column of a scope is rounded: which of its rows, to what, and the modes that fit."""

    place: int
    rows: Ints
    values: Floats  # the finer side's, rounded
    decimals: int
    modes: tuple[Mode, ...]
    fine: Ints  # decimals that the finer side's values have
    follows: bool = False  # too alike to be told from a constant that was added

    @property
    def family(self) -> str:
        """Modes that more rows may tell apart."""
        if self.decimals == FLOAT32:
            return "float32"
        if set(self.modes) & _TO_NEAREST:
            return "nearest"
        return "up" if self.modes == (Mode.CEIL,) else "down"


def coarse_columns(
    found: Differences, rows: Ints, scopes: Ints, place: int, context: Context
) -> Iterator[tuple[Side, Coarse]]:
    """Where a column is coarse, and how: one for each scope, and one of scopes with few rows.

    Args:
        found: the discrepancies.
        rows: places of rows that both sides have.
        scopes: the scope of each of the rows; support is asked for in each, else in all.
        place: of the column, a number.
        context: has the rows around them.
    """
    for side, near in _near(found, rows, scopes, place).items():
        own = context.own(other(side))
        near = replace(near, own=_stored(found, own, near, place))
        for column in _columns(near, place, partial(_usual, found, own)):
            yield side, column


@dataclass(frozen=True, slots=True)
class _Near:
    """Differing cells of a column that are near enough for one side to be the other, rounded."""

    rows: Ints
    scope: Ints
    fine: Floats
    coarse: Floats
    decimals: Ints  # of the coarse side
    finer: Ints  # decimals of the fine side
    float32: Bools  # the coarse side is the other in single precision
    real: bool  # the coarse side's type is single precision
    own: bool = True  # the finer values are stored so; no first undo made them

    def take(self, some: Ints) -> _Near:
        return _Near(
            self.rows[some], self.scope[some], self.fine[some], self.coarse[some],
            self.decimals[some], self.finer[some], self.float32[some], self.real, self.own,
        )  # fmt: skip


def _near(found: Differences, rows: Ints, scopes: Ints, place: int) -> dict[Side, _Near]:
    """By coarse side."""
    values = {side: found.values[side].numbers[rows, place] for side in Side}
    legacy, candidate = values[Side.LEGACY], values[Side.CANDIDATE]
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.abs(legacy - candidate)
        near = (apart < 1) | (apart <= np.abs(legacy) * _SINGLE)
    mask = np.flatnonzero(
        found.differs[rows, place] & near & np.isfinite(legacy) & np.isfinite(candidate)
    )
    if len(mask) < LEAST:
        return {}
    values = {side: numbers[mask] for side, numbers in values.items()}
    decimals = {side: decimals_of(numbers) for side, numbers in values.items()}
    singles = {side: single(numbers) for side, numbers in values.items()}
    same = singles[Side.LEGACY] == singles[Side.CANDIDATE]
    by_side = {}
    for side in Side:
        real = found.fields[place].types[side] in REAL
        by_side[side] = _Near(
            rows[mask],
            scopes[mask],
            values[other(side)],
            values[side],
            decimals[side],
            decimals[other(side)],
            same & ((singles[side] == values[side]) | real),
            real,
        )
    return by_side


def _stored(found: Differences, own: Rows | None, near: _Near, place: int) -> bool:
    """True where the finer side's own rows hold these values, so far as they are known."""
    if own is None or not len(own):
        return True
    there = own.find(found.code[near.rows], found.time[near.rows])
    return bool((own.values.numbers[there, place] == near.fine)[there >= 0].all())


def _usual(found: Differences, own: Rows | None, column: Coarse) -> bool:
    """True where the finer side has as many decimals around these rows as in them.

    A digit that was changed far behind the point makes one side look finer.
    """
    if own is None or column.decimals == FLOAT32:
        return True
    code, time = found.code[column.rows], found.time[column.rows]
    codes = np.unique(code)
    if len(codes) == 1:
        part = own.of(int(codes[0]))
        first = int(np.searchsorted(own.time[part], time.min())) - _AROUND
        last = int(np.searchsorted(own.time[part], time.max(), side="right")) + _AROUND
        values = own.values.numbers[part, column.place][max(0, first) : last]
    else:
        there = (own.time >= time.min()) & (own.time <= time.max()) & np.isin(own.code, codes)
        values = own.values.numbers[there, column.place]
    usual = np.quantile(column.fine, 0.9, method="nearest")
    fine = int((decimals_of(values) >= usual).sum())
    # After a first undo the finer side's own values are not what was compared.
    return max(fine, len(column.rows)) >= _USUAL * len(values)


def _columns(near: _Near, place: int, usual: Callable[[Coarse], bool]) -> Iterator[Coarse]:
    if not ((near.finer > near.decimals) | near.float32).any():
        return
    alone = np.ones(len(near.rows), dtype=bool)
    for group in grouped(near.scope):
        column = _column(near.take(group), place, LEAST, _SHARE)
        if column is not None and usual(column):
            alone[group] = False
            yield column
    if alone.any():
        column = _column(near, place, _OF_ALL, _SHARE_OF_ALL)
        if column is not None and usual(column):
            few = np.isin(column.rows, near.rows[alone])
            if few.any():
                yield replace(
                    column,
                    rows=column.rows[few],
                    values=column.values[few],
                    fine=column.fine[few],
                )


def _column(near: _Near, place: int, least: int, share: float) -> Coarse | None:
    if len(near.rows) < least:
        return None
    best: Coarse | None = None
    for decimals in _likely(near):
        column = _decimal(near, place, decimals, least, share)
        if column is not None and (best is None or len(column.rows) > len(best.rows)):
            best = column
    cells = np.flatnonzero(near.float32)
    enough = len(cells) >= max(least, share * len(near.rows))
    enough &= near.real or int((near.float32 & (near.decimals > _SHORT)).sum()) >= least
    # A column of type `real` is rounded so, even where its values look like short decimals.
    if enough and (best is None or len(best.rows) < len(cells) + near.real):
        # `real` prints fewer digits than its value has; equal in single precision is equal.
        values = near.coarse[cells] if near.real else single(near.fine[cells])
        return Coarse(place, near.rows[cells], values, FLOAT32, (), near.finer[cells])
    return best


def _likely(near: _Near) -> list[int]:
    """Decimals that the coarse side may have been rounded to: the most frequent, the most."""
    apart = np.abs(near.fine - near.coarse)
    may = (near.finer > near.decimals) & (apart < 10.0**-near.decimals)
    if not may.any():
        return []
    counts = np.bincount(near.decimals[may])
    return sorted({int(counts.argmax()), len(counts) - 1})


def _decimal(near: _Near, place: int, decimals: int, least: int, share: float) -> Coarse | None:
    # What is further apart has another cause, whatever this column was rounded to.
    within = int((np.abs(near.fine - near.coarse) < 10.0**-decimals).sum())
    may = np.flatnonzero((near.finer > near.decimals) & (near.decimals <= decimals))
    if len(may) < max(least, share * within):
        return None
    near = near.take(may)
    fits = fitting(near.fine, near.coarse, decimals)
    counts = {mode: int(mask.sum()) for mode, mask in fits.items()}
    most = max(counts[mode] for mode in _ONE)
    modes = tuple(mode for mode in _ONE if counts[mode] == most)
    # Ties that fall either way: binary numbers, rounded to the nearest.
    if counts[Mode.NEAREST] > most:
        modes = (Mode.NEAREST,)
    cells = np.flatnonzero(fits[modes[0]])
    if len(cells) < max(least, share * within):
        return None
    least_lost = _LOST_NEAREST if set(modes) & _TO_NEAREST else _LOST_CUT
    lost, sizes = losses(near.fine[cells], near.coarse[cells], decimals)
    # A first undo leaves the noise of its factor, which no constant makes.
    if lost <= least_lost and (near.own or sizes < _SIZES):
        return None
    values = rounded(near.fine[cells], decimals, modes[0])
    if modes == (Mode.NEAREST,):  # the neighbour that the tie fell to
        tie = ~fits[Mode.HALF_UP][cells]
        values[tie] = near.coarse[cells][tie]
    follows = sizes < _SIZES
    return Coarse(place, near.rows[cells], values, decimals, modes, near.finer[cells], follows)


def agreed(columns: list[Coarse]) -> list[Coarse]:
    """One side rounds one way: what some columns and symbols rule out is ruled out for all.

    A column that lost too few sizes to tell a rounding follows those that tell it.
    """
    told = {(column.decimals, column.family) for column in columns if not column.follows}
    columns = [column for column in columns if (column.decimals, column.family) in told]
    modes: dict[tuple[int, str], set[Mode]] = {}
    for column in columns:
        key = (column.decimals, column.family)
        if Mode.NEAREST in column.modes or modes.get(key) == {Mode.NEAREST}:
            modes[key] = {Mode.NEAREST}
        else:
            modes[key] = modes.get(key, set(column.modes)) & set(column.modes)
    out = []
    for column in columns:
        left = modes[column.decimals, column.family]
        kept = tuple(mode for mode in Mode if mode in left) or column.modes
        out.append(replace(column, modes=kept))
    return out
