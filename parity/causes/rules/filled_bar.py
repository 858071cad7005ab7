"""A bar that nobody traded: the row before it, carried forward.

Test: the bar of one side repeats that side's previous row of the series, and the other side has no
such row, or one whose prices are others. Carried "close": open, high, low and close all are the
previous close, volume is 0 or NULL (in a series that has volumes mostly). Carried "row": all four
prices and the volume are those of the previous row (which was a bar with a range, so that a repeat
is no accident). Proof: with the repeat undone the row is gone, and what the other side has stands
alone. The two cases, no such row and a real one, are two incidents.

It goes before `missing_session` and `late_edge`, since of a filled bar on a session it is the
filling side that says too much, and leaves times when the exchange was closed to `off_calendar`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from parity.causes.context import Context
from parity.causes.days import Clock, outside, spacing
from parity.causes.fields import Role
from parity.causes.frame import NO_TIME, Bools, Differences, Floats, Ints, Rows, other
from parity.causes.rule import Hypothesis, Rule, Shown
from parity.causes.serieswise import alone, brace, grouped, series_text
from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side

__all__ = ["RULE"]

_PRICES = (Role.OPEN, Role.HIGH, Role.LOW, Role.CLOSE)


@dataclass(frozen=True, slots=True)
class _Bars:
    prices: Floats  # (rows, 4): open, high, low, close
    volume: Floats
    idle: Bools  # volume 0 or NULL


def _propose(found: Differences, rows: Ints, context: Context) -> Iterator[Hypothesis]:
    prices, volume = found.places(*_PRICES), found.places(Role.VOLUME)
    clock = Clock.of(context, len(found.series))
    if len(prices) != len(_PRICES) or len(volume) != 1 or clock is None:
        return
    places = (*prices, volume[0])
    for side in Side:
        own = context.own(side)
        both = rows[found.both[rows] & (found.time[rows] != NO_TIME)]
        mine = np.sort(np.concatenate([both, alone(found, rows, side)]))
        if own is None or not len(own) or not len(mine):
            continue
        # Where both have a bar, the other side's is a real one with prices of its own.
        mine = mine[~found.both[mine] | found.differs[mine][:, prices].any(axis=1)]
        yield from _of_side(found, mine, clock, own, places, side)


def _of_side(
    found: Differences, mine: Ints, clock: Clock, own: Rows, places: tuple[int, ...], side: Side
) -> Iterator[Hypothesis]:
    place = own.find(found.code[mine], found.time[mine])
    has = (place > 0) & (own.code[place - 1] == found.code[mine])
    mine, place = mine[has], place[has]
    here, last = _bars(own, place, places), _bars(own, place - 1, places)
    counted = _counts_volume(own, places[-1], len(found.series))[found.code[mine]]
    flat = (here.prices == last.prices[:, 3:4]).all(axis=1) & here.idle & counted
    same = (here.prices == last.prices).all(axis=1) & (here.volume == last.volume)
    ranged = last.prices[:, 1] > last.prices[:, 2]
    for carried, there in (("close", flat), ("row", same & ranged & ~flat)):
        at = np.flatnonzero(there)
        at = at[_in_session(clock, own, place[at]) & _in_step(clock, own, place[at])]
        some = mine[at]
        for real in (False, True):
            told = some[found.both[some] == real]
            for part in grouped(found.code[told]):
                yield _hypothesis(found, told[part], side, carried, real)


def _in_session(clock: Clock, own: Rows, place: Ints) -> Bools:
    code, time = own.code[place], own.time[place]
    return clock.on_session(clock.days(code, time)) & ~outside(clock, code, time)


def _in_step(clock: Clock, own: Rows, place: Ints) -> Bools:
    """Rows that a fill would make: whole bars behind the previous row, or days behind it."""
    code, time, last = own.code[place], own.time[place], own.time[place - 1]
    bar = np.maximum(spacing((own,), len(clock.daily)), 1)[code]
    apart = clock.days(code, time) != clock.days(code, last)
    whole: Bools = np.where(clock.daily[code], apart, (time - last) % bar == 0)
    return whole


def _counts_volume(own: Rows, place: int, series: int) -> Bools:
    """Series that have a volume mostly: of the others a row without one says nothing."""
    idle = own.values.null[:, place] | (own.values.numbers[:, place] == 0)
    rows = np.bincount(own.code, minlength=series)
    counts: Bools = np.bincount(own.code[idle], minlength=series) < rows / 2
    return counts


def _bars(own: Rows, place: Ints, places: tuple[int, ...]) -> _Bars:
    *prices, volume = places
    traded = own.values.numbers[place, volume]
    idle = own.values.null[place, volume] | (traded == 0)
    return _Bars(own.values.numbers[place][:, prices], traded, idle)


def _hypothesis(found: Differences, rows: Ints, side: Side, carried: str, real: bool) -> Hypothesis:
    """Bars of one series; `real` where the other side has a bar of its own at these times."""
    name = series_text(found, int(found.code[rows[0]]))
    what = (
        "are the previous close, without volume"
        if carried == "close"
        else "repeat the previous row, volume included"
    )
    if real:
        end = f", where {other(side).value} has a real bar ({{first}} to {{last}})"
    else:
        end = f"; {other(side).value} has no such bar ({{first}} to {{last}})"
    return Hypothesis(
        rows=rows,
        proof=Shown(),
        identity=(side.value, carried, "real" if real else "none", name),
        says=f"{brace(name)}: {{rows}} of {side.value}'s bars {what}{end}",
        undo=f"drop {side.value}'s filled bars",
        evidence={"carried": carried},
        side=side,
    )


RULE = Rule(
    cause=Cause.FILLED_BAR,
    kinds=frozenset({Kind.BARS}),
    order=39,
    propose=_propose,
)
