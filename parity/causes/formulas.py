"""By which two formulas the sides computed columns that belong together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from parity.causes.cells import Trial, trials
from parity.causes.frame import Bools, Floats, Ints, other
from parity.causes.replayed import Source
from parity.causes.sheet import Sheet
from parity.causes.variants import Family, Indicator, Variant
from parity.model.verdict import Side

__all__ = ["Choice", "Group", "choices", "groups"]

_FACTORS = {"span": "2/(n+1)", "wilder": "1/n"}
_SAMPLE = 1000
_MOST = 3  # pairs of formulas for one group of columns


@dataclass(frozen=True, slots=True)
class Group:
    """Columns that one formula gives: their places in the fields, and what they are."""

    places: tuple[int, ...]
    what: tuple[Indicator, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The formula of each side."""

    of: Mapping[Side, Trial]
    usual: Variant

    @property
    def side(self) -> Side:
        """The side whose formula is not the usual one; legacy where neither is."""
        return Side.CANDIDATE if self.of[Side.LEGACY].how == self.usual else Side.LEGACY

    def words(self, side: Side, what: Indicator) -> str:
        """How the side computes, instead of how the other one does."""
        mine = self.of[side].how
        theirs = next(trial.how for one, trial in self.of.items() if one is not side)
        name = theirs.name
        if what.family is Family.EMA and mine.smoothing != theirs.smoothing:
            name = _FACTORS[theirs.smoothing]
        return f"{what.label} {mine.words} instead of {name}"

    def undone(
        self, sheet: Sheet, side: Side, rows: Ints, group: Group, source: Source
    ) -> Iterator[tuple[int, Floats]]:
        """Each column of a side by the other side's formula, rounded as the side rounds."""
        theirs = next(self.of[one] for one in Side if one is not side)
        for place, what in zip(group.places, group.what, strict=True):
            fit = sheet.fit(side, place, rows, source.data, source.window, [self.of[side]],
                            exactly=True)  # fmt: skip
            window = source.window.shifted(source.data.bars, theirs.shift)
            computed = source.data.values(what, theirs.how, window.first, window.last)
            toward = sheet.cells(other(side), place, rows).values
            yield place, sheet.stored(side, place, computed, fit.rounded, toward)


def groups(sheet: Sheet) -> Iterator[Group]:
    """The columns of which there is more than one formula, as they belong together."""
    names: dict[str, list[int]] = {}
    for place, what in sheet.indicators.items():
        if len(what.variants) > 1:
            names.setdefault(what.group, []).append(place)
    for places in names.values():
        yield Group(tuple(places), tuple(sheet.indicators[place] for place in places))


def choices(
    sheet: Sheet, rows: Ints, mine: Ints, group: Group, source: Source
) -> Iterator[tuple[Choice, Ints]]:
    """Pairs of different formulas with the rows whose two sides they give, most rows first.

    Args:
        sheet: of the discrepancies.
        rows: places in the Differences, as the source has them.
        mine: places in `rows`: those that differ in the group.
        group: the columns.
        source: the bars and the stretch of history of each of the rows.
    """
    for _ in range(_MOST):
        if not len(mine):
            return
        sample = mine[:: max(1, len(mine) // _SAMPLE)]
        choice = _best(sheet, rows[sample], group, source.take(sample))
        if choice is None:
            return
        good = np.ones(len(mine), dtype=bool)
        for side in Side:
            left = mine[good]
            good[good] = _gives(sheet, side, rows[left], group, source.take(left), choice.of[side])
        yield choice, mine[good]
        mine = mine[~good]


def _best(sheet: Sheet, rows: Ints, group: Group, source: Source) -> Choice | None:
    """The pair that gives most of the rows; of several the one nearest to the usual."""
    options = trials(group.what[0])
    gives = {
        side: np.array(
            [_gives(sheet, side, rows, group, source, option) for option in options], dtype=float
        )
        for side in Side
    }
    count = gives[Side.LEGACY] @ gives[Side.CANDIDATE].T
    number = np.arange(len(options))
    same = [[one.how == two.how for two in options] for one in options]
    far = number[:, None] + number[None, :]
    score = np.where(same, -1.0, count - far / (4 * len(options)))
    legacy, candidate = np.unravel_index(int(np.argmax(score)), score.shape)
    if count[legacy, candidate] < 1 or score[legacy, candidate] < 0:
        return None
    return Choice(
        {Side.LEGACY: options[legacy], Side.CANDIDATE: options[candidate]}, options[0].how
    )


def _gives(
    sheet: Sheet, side: Side, rows: Ints, group: Group, source: Source, option: Trial
) -> Bools:
    """Where a formula gives all of a side's columns, but for floating point."""
    good = np.ones(len(rows), dtype=bool)
    for place in group.places:
        mine = np.flatnonzero(good)
        part = source.take(mine)
        fit = sheet.fit(side, place, rows[mine], part.data, part.window, [option], exactly=True)
        good[mine] = fit.good
    return good
