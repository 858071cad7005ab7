"""One side's indicators computed as that side had them, and then as the other side has them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parity.causes.cells import Fit, Window, floating, trials
from parity.causes.drift import drift
from parity.causes.frame import Bools, Floats, Ints, Values, other
from parity.causes.recompute import Recomputed
from parity.causes.sheet import Sheet
from parity.causes.variants import Indicator
from parity.model.verdict import Side

__all__ = ["Replay", "Source", "replay"]

_SHARE = 0.5  # of a difference, that what is blamed for it has to account for


@dataclass(frozen=True, slots=True)
class Source:
    """What rows are computed from: bars, and the stretch of them for each row.

    `digit` is how far rounding may have led the closes, by row; None: they are as stored.
    """

    data: Recomputed
    window: Window
    digit: Floats | None = None

    def take(self, rows: Ints) -> Source:
        """Of some of the rows."""
        digit = None if self.digit is None else self.digit[rows]
        return Source(self.data, self.window.take(rows), digit)


@dataclass(frozen=True, slots=True)
class Replay:
    """Rows computed twice.

    Attributes:
        good: The first source gives every differing value of the side, by one formula or another.
            Where the second then gives the other side's value, it is the source that made them
            differ; where it does not, there may be a second cause.
        settled: Those of them in which the second source gives all of the other side's values.
        values: The side's rows with every differing value computed from the second source by
            the same formula (of the usual ones that differ in a seed, the one that fits).
        slack: By row and field: what floating point may add where nothing else is tolerated.
    """

    good: Bools
    settled: Bools
    values: Values
    slack: Floats | float


def replay(
    sheet: Sheet,
    side: Side,
    rows: Ints,
    own: Source,
    theirs: Source,
    *,
    exactly: bool = False,
    loose: bool = False,
) -> Replay:
    """Computes a side's rows from its own source and from the other side's.

    Args:
        sheet: of the discrepancies.
        side: whose rows they are.
        rows: places in the Differences; both sides have them.
        own: what the side is thought to have computed from.
        theirs: what the other side computed from.
        exactly: the side's values must come out but for floating point, not just in tolerance.
        loose: the second cause may be any; else a formula or a rounding that is seen at work.
    """
    values = sheet.found.values[side]
    numbers, null = values.numbers[rows], values.null[rows]
    good, moved = np.ones(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    whole = good.copy()
    slack = _no_slack(sheet, len(rows))
    for place, what, every in sheet.differing(rows):
        mine = every[good[every]]
        if not len(mine):
            continue
        part, source, target = rows[mine], own.take(mine), theirs.take(mine)
        spread = _drift(what, source)
        fit = sheet.fit(side, place, part, source.data, source.window, trials(what),
                        exactly=exactly, slack=spread)  # fmt: skip
        undone = _undone(sheet, side, place, part, fit, target)
        settled, caused, slight = _judged(sheet, side, place, part, fit, undone, spread)
        caused |= _but_for_seed(sheet, side, place, part, source, target, settled & ~caused)
        good[mine] &= fit.good & np.where(
            settled, caused | slight, loose | fit.rounded | _unusual(what, fit)
        )
        whole[mine] &= settled
        moved[mine] |= caused
        numbers[mine, place], null[mine, place] = undone, np.isnan(undone)
        if isinstance(slack, np.ndarray) and _bare(sheet, place):
            slack[mine, place] = floating(what, undone, np.zeros(len(mine)))
    texts = {place: column[rows] for place, column in values.texts.items()}
    good &= moved
    return Replay(good, good & whole, Values(numbers, null, texts), slack)


def _unusual(what: Indicator, fit: Fit) -> Bools:
    """Cells that came out by a formula which is not just another seed."""
    unusual = np.array([not option.how.benign for option in trials(what)])
    return np.asarray(fit.good & unusual[fit.trial])


def _drift(what: Indicator, source: Source) -> Floats | float:
    if source.digit is None:
        return 0.0
    return drift(what, source.data, source.window.last, source.digit)


def _undone(sheet: Sheet, side: Side, place: int, rows: Ints, fit: Fit, target: Source) -> Floats:
    """The cells from the other source, by the trial that gave them or by the other side's seed."""
    found = _same_way(sheet, side, place, rows, fit, target)
    _seeded(sheet, side, place, rows, fit, target, found)
    return found


def _same_way(sheet: Sheet, side: Side, place: int, rows: Ints, fit: Fit, target: Source) -> Floats:
    """The cells from the other source, by the trial that gave them."""
    what = sheet.indicators[place]
    options = trials(what)
    rounded = fit.rounded | _alike(sheet, place)
    toward = sheet.cells(other(side), place, rows).values
    found = np.full(len(rows), np.nan)
    for number in np.unique(fit.trial[fit.good]).tolist():
        mine = np.flatnonzero(fit.trial == number)
        window = target.window.take(mine)
        if options[number].how.benign:
            # A history that is a session shorter or longer is each side's own affair.
            computed = target.data.values(what, options[number].how, window.first, window.last)
        else:
            moved = window.shifted(target.data.bars, options[number].shift)
            computed = target.data.values(what, options[number].how, moved.first, moved.last)
        found[mine] = sheet.stored(side, place, computed, rounded[mine], toward[mine])
    return found


def _seeded(
    sheet: Sheet,
    side: Side,
    place: int,
    rows: Ints,
    fit: Fit,
    target: Source,
    found: Floats,
) -> None:
    """Where the other side took another seed or edge, which is no cause here, takes that one."""
    options = trials(sheet.indicators[place])
    benign = np.array([option.how.benign for option in options])
    settled = _settled(sheet, side, place, rows, found)
    left = np.flatnonzero(fit.good & benign[fit.trial] & ~settled)
    if not len(left):
        return
    again = sheet.fit(other(side), place, rows[left], target.data, target.window.take(left),
                      [option for option in options if option.how.benign])  # fmt: skip
    # Rounding is a cause of its own, unless both sides round alike.
    take = again.good & (~again.rounded | fit.rounded[left] | _alike(sheet, place))
    found[left[take]] = again.computed[take]


def _settled(sheet: Sheet, side: Side, place: int, rows: Ints, undone: Floats) -> Bools:
    cells = sheet.cells(other(side), place, rows)
    what = sheet.indicators[place]
    allowed = sheet.allowed(place, cells.values, undone)
    return cells.equal(undone, allowed + floating(what, undone, np.zeros(len(rows))))


def _judged(
    sheet: Sheet,
    side: Side,
    place: int,
    rows: Ints,
    fit: Fit,
    undone: Floats,
    spread: Floats | float,
) -> tuple[Bools, Bools, Bools]:
    """Which cells match once undone; which differ for the source; which no more than rounding."""
    mine = sheet.cells(side, place, rows)
    theirs = sheet.cells(other(side), place, rows)
    settled = _settled(sheet, side, place, rows, undone)
    with np.errstate(invalid="ignore"):
        delta = np.abs(mine.values - theirs.values)
        effect = np.abs(fit.computed - undone)
        caused = (effect >= _SHARE * delta) & (effect > 0)
        noise = floating(sheet.indicators[place], undone, np.zeros(len(rows)))
        slight = delta <= 2 * noise + spread
    one_null = np.isnan(fit.computed) ^ np.isnan(undone)
    return settled, fit.good & (one_null | caused), slight


def _but_for_seed(
    sheet: Sheet,
    side: Side,
    place: int,
    rows: Ints,
    source: Source,
    target: Source,
    asked: Bools,
) -> Bools:
    """Of some cells, those that differ for the source though a seed adds the larger share.

    Soon after a series begins the sides' seeds still show: within tolerance by themselves, beyond
    it with the source. Both cells must come out but for floating point, so nothing else is in it.
    """
    what, caused = sheet.indicators[place], np.zeros(len(rows), dtype=bool)
    mine = np.flatnonzero(asked)
    if len(mine) and what.recursive:
        part, target = rows[mine], target.take(mine)
        own, again = (
            sheet.fit(whose, place, part, data, window, trials(what), exactly=True)
            for whose, data, window in (
                (side, source.data, source.window.take(mine)),
                (other(side), target.data, target.window),
            )
        )
        exact = own.good & again.good & ~_unusual(what, own) & ~_unusual(what, again)
        same = _same_way(sheet, side, place, part, own, target)
        noise = floating(what, same, np.zeros(len(part)))
        with np.errstate(invalid="ignore"):
            shows = np.abs(own.computed - same) > 2 * noise
        caused[mine] = exact & shows & _settled(sheet, side, place, part, same)
    return caused


def _alike(sheet: Sheet, place: int) -> bool:
    """Both sides store so many decimals."""
    return 0 < sheet.unit(Side.LEGACY, place) == sheet.unit(Side.CANDIDATE, place)


def _bare(sheet: Sheet, place: int) -> bool:
    """Nothing is tolerated, in a column of floating point on both sides."""
    field = sheet.found.fields[place]
    return field.tolerance.exact and all(field.decimals(side) is None for side in Side)


def _no_slack(sheet: Sheet, size: int) -> Floats | float:
    if any(_bare(sheet, place) for place in sheet.indicators):
        return np.zeros((size, len(sheet.found.fields)))
    return 0.0
