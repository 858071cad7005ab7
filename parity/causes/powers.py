"""Which cells differ by a power of ten, and which of those cells tell it by themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parity.causes.frame import Bools, Differences, Floats, Ints, other
from parity.causes.scoping import half_units
from parity.model.verdict import Side

__all__ = ["LARGEST", "LEAST", "Powers", "powers_of", "supported"]

LEAST = 3  # cells of a symbol, and distinct values among them
LARGEST = 9
_OF_ALL, _SHARE_OF_ALL = 10, 0.9  # of all symbols: a night may bring one row a symbol
_SPAN_SHARE = 0.8  # of the differing cells from the first supported one to the last
_NEAR = 0.02  # of the logarithm: a second cause may hide the exact power
_TELLS = 0.01  # relative: what stored decimals may add; a coarser number fits by chance
_WIDTH = 2 * LARGEST + 1


@dataclass(frozen=True, slots=True)
class Powers:
    """Of some rows (rows, fields).

    Attributes:
        power: legacy is about 10^this of candidate, else 0.
        telling: the number is near the power, and has digits enough to tell it. A small whole
            number, as of millions, tells a power badly.
    """

    power: Ints
    telling: Bools


def powers_of(found: Differences, rows: Ints) -> Powers:
    """The powers of ten in some rows, which both sides have."""
    power = np.zeros((len(rows), len(found.fields)), dtype=np.int64)
    telling = np.zeros(power.shape, dtype=bool)
    halves = {side: half_units(found, side, rows) for side in Side}
    for place, field in enumerate(found.fields):
        if not field.number:
            continue
        legacy = found.values[Side.LEGACY].numbers[rows, place]
        candidate = found.values[Side.CANDIDATE].numbers[rows, place]
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            steps = np.log10(legacy / candidate)
            steps[~np.isfinite(steps)] = 0.0
            near = np.rint(steps)
            small = np.minimum(np.abs(legacy), np.abs(candidate))
            off = small * np.abs(np.power(10.0, np.abs(steps) - np.abs(near)) - 1)
            certain = np.abs(steps - near) <= _NEAR
            fits = certain | ((small >= 1) & (off <= 0.5))
            fits &= (np.abs(near) <= LARGEST) & (near != 0) & found.differs[rows, place]
            slack = np.zeros(len(rows))
            for side, larger in ((Side.LEGACY, near > 0), (Side.CANDIDATE, near < 0)):
                added = halves[other(side)][:, place] + halves[side][:, place] / 10 ** np.abs(near)
                slack[larger] = added[larger]
            telling[:, place] = fits & certain & (slack <= _TELLS * small)
        power[:, place] = np.where(fits, near, 0)
    return Powers(power, telling)


def supported(found: Differences, rows: Ints, cells: Powers, scope: Ints, share: float) -> Bools:
    """(rows, fields): cells whose power enough telling cells of their scope share.

    A cell that tells nothing by itself follows those that do.

    Args:
        found: the discrepancies.
        rows: places of rows that both sides have.
        cells: their powers.
        scope: of each of the rows.
        share: of all differing cells of the scope and column, beside that of the span.
    """
    out = np.zeros(cells.power.shape, dtype=bool)
    moment = np.unique(found.time[rows], return_inverse=True)[1]
    for place in np.flatnonzero(cells.telling.any(axis=0)).tolist():
        some = np.flatnonzero(found.differs[rows, place])
        column = _Column(
            scope[some],
            moment[some],
            cells.power[some, place],
            cells.telling[some, place],
            [found.values[side].numbers[rows[some], place] for side in Side],
        )
        out[some, place] = (column.power != 0) & (column.by_scope(share) | column.by_all())
    return out


@dataclass(frozen=True, slots=True)
class _Column:
    """The differing cells of a column."""

    scope: Ints
    moment: Ints
    power: Ints
    telling: Bools
    sides: list[Floats]

    def by_scope(self, share: float) -> Bools:
        """Cells of a scope and power that enough of the scope's cells tell."""
        scopes = int(self.scope.max()) + 1
        key = self.scope * _WIDTH + self.power + LARGEST
        founded = self._founded(key, scopes * _WIDTH, LEAST)
        keys = np.flatnonzero(founded)
        of = keys // _WIDTH
        agreeing = np.bincount(key, minlength=scopes * _WIDTH)[keys]
        differing = np.bincount(self.scope, minlength=scopes)[of]
        enough = agreeing >= share * differing
        first, last = self._span(key, scopes * _WIDTH)
        same = _between(key, self.moment, keys, first[keys], last[keys])
        there = _between(self.scope, self.moment, of, first[keys], last[keys])
        founded[keys] = enough & (same >= _SPAN_SHARE * there)
        found: Bools = founded[key]
        return found

    def by_all(self) -> Bools:
        """Cells of a power that enough cells of all scopes tell."""
        key = self.power + LARGEST
        founded = self._founded(key, _WIDTH, _OF_ALL)
        agreeing = np.bincount(key, minlength=_WIDTH)
        founded &= agreeing >= _SHARE_OF_ALL * len(key)
        enough: Bools = founded[key]
        return enough

    def _founded(self, key: Ints, size: int, least: int) -> Bools:
        """Keys with so many telling cells, with distinct values on both sides."""
        key = key[self.telling]
        founded: Bools = np.bincount(key, minlength=size) >= least
        for values in self.sides:
            founded &= _distinct(key, values[self.telling], size) >= LEAST
        return founded

    def _span(self, key: Ints, size: int) -> tuple[Ints, Ints]:
        """The first and the last moment of each key's telling cells."""
        first, last = np.full(size, np.iinfo(np.int64).max), np.full(size, -1)
        np.minimum.at(first, key[self.telling], self.moment[self.telling])
        np.maximum.at(last, key[self.telling], self.moment[self.telling])
        return first, last


def _distinct(key: Ints, values: Floats, size: int) -> Ints:
    """How many different values each key has."""
    order = np.lexsort((values, key))
    key, values = key[order], values[order]
    new = np.ones(len(key), dtype=bool)
    new[1:] = (key[1:] != key[:-1]) | (values[1:] != values[:-1])
    return np.bincount(key[new], minlength=size)


def _between(label: Ints, moment: Ints, wanted: Ints, first: Ints, last: Ints) -> Ints:
    """How many cells with each wanted label lie between two moments, these included."""
    width = int(moment.max()) + 1
    line = np.sort(label * width + moment)
    upper = np.searchsorted(line, wanted * width + last, side="right")
    return upper - np.searchsorted(line, wanted * width + first)
