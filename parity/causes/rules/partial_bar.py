"""One side's bar was taken before its session was over.

Test: the opens are equal; the bar lies inside the other's range, and its close does too; its volume
is at most 98 % of the other's, and above 0; its close or its range differs; and it is a bar of its
own (the open and the close lie within its range). No other column differs, but whole numbers that
count what happened so far, e.g. trades: above 0 and no more than the other side's. A load leaves
its last bar unfinished, and may never fetch it again, so the bar need not be the newest; more than
three sessions of a symbol in a row are something else. Proof: with high, low, close, volume and
such counts completed to the other side's values it is equal; an unfinished bar may still reach
them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from parity.causes.context import Context
from parity.causes.fields import Role
from parity.causes.frame import Bools, Differences, Ints, other
from parity.causes.rule import Changed, Hypothesis, Rule
from parity.causes.scoping import known_equal, ordered, short, whose
from parity.causes.sequence import days_in, next_sessions
from parity.causes.serieswise import grouped
from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side

__all__ = ["RULE"]

MOST_VOLUME = 0.98
MOST_SESSIONS = 3


def _propose(found: Differences, rows: Ints, context: Context) -> Iterator[Hypothesis]:
    roles = [Role.OPEN, Role.HIGH, Role.LOW, Role.CLOSE, Role.VOLUME]
    places = {role: found.places(role) for role in roles}
    if any(len(found_there) != 1 for found_there in places.values()):
        return
    where = {role: found_there[0] for role, found_there in places.items()}
    rows = ordered(found, rows[found.both[rows]])
    for side in Side:
        mine = rows[_unfinished(found, side, rows, where)]
        mine = mine[_few(found, mine, context)]
        for group in grouped(found.code[mine]):
            yield _hypothesis(found, side, mine[group], where)


def _unfinished(found: Differences, side: Side, rows: Ints, where: dict[Role, int]) -> Bools:
    mine, full = found.values[side].numbers[rows], found.values[other(side)].numbers[rows]
    differs = found.differs[rows]
    op, hi, lo, cl, vo = (
        where[role] for role in (Role.OPEN, Role.HIGH, Role.LOW, Role.CLOSE, Role.VOLUME)
    )
    with np.errstate(invalid="ignore"):
        inside = (mine[:, hi] <= full[:, hi]) & (mine[:, lo] >= full[:, lo])
        inside &= (mine[:, cl] <= full[:, hi]) & (mine[:, cl] >= full[:, lo])
        own = (mine[:, hi] >= np.maximum(mine[:, op], mine[:, cl])) & (
            mine[:, lo] <= np.minimum(mine[:, op], mine[:, cl])
        )
        less = (mine[:, vo] > 0) & (mine[:, vo] <= MOST_VOLUME * full[:, vo]) & differs[:, vo]
    nulls = found.values[side].null[rows] != found.values[other(side)].null[rows]
    moved = differs[:, [hi, lo, cl]].any(axis=1)
    unfinished: Bools = inside & own & less & moved & ~nulls.any(axis=1)
    return unfinished & _rest(found, side, rows, [hi, lo, cl, vo])


def _rest(found: Differences, side: Side, rows: Ints, bar: list[int]) -> Bools:
    """Rows whose other columns are equal, or counts that may still grow to the other side's."""
    mine, full = found.values[side].numbers[rows], found.values[other(side)].numbers[rows]
    differs = found.differs[rows]
    counts = _counts(found)
    rest = np.ones(len(rows), dtype=bool)
    for place in range(len(found.fields)):
        if place in bar:
            continue
        good = ~differs[:, place]
        if place in counts:
            with np.errstate(invalid="ignore"):
                good |= (mine[:, place] > 0) & (mine[:, place] <= full[:, place])
        rest &= good
    return rest


def _counts(found: Differences) -> list[int]:
    """The places of whole numbers that are no part of the bar."""
    return [
        place
        for place, field in enumerate(found.fields)
        if field.number
        and field.role is Role.OTHER
        and all(field.decimals(side) == 0 for side in Side)
    ]


def _few(found: Differences, rows: Ints, context: Context) -> Bools:
    """Which rows are in no run of more than a few sessions of their symbol."""
    code, day = found.code[rows], days_in(found, context, found.code[rows], found.time[rows])
    few = np.ones(len(rows), dtype=bool)
    if not len(rows):
        return few
    following = next_sessions(context, day)
    for group in grouped(code):
        days, place = np.unique(day[group], return_inverse=True)
        after = following[group][np.unique(place, return_index=True)[1]]
        run = np.concatenate([[0], np.cumsum(days[1:] != after[:-1])])
        length = np.bincount(run)[run]
        few[group] = (length <= MOST_SESSIONS)[place]
    return few


def _hypothesis(found: Differences, side: Side, rows: Ints, where: dict[Role, int]) -> Hypothesis:
    values, full = found.values[side].take(rows), found.values[other(side)].take(rows)
    grown = [place for role, place in where.items() if role is not Role.OPEN] + _counts(found)
    numbers, volume = values.numbers.copy(), where[Role.VOLUME]
    numbers[:, grown] = full.numbers[:, grown]
    with np.errstate(invalid="ignore"):
        share = values.numbers[:, volume] / full.numbers[:, volume]
    code = int(found.code[rows[0]])
    low, high = float(share.min()), float(share.max())
    part = f"{high:.0%}" if f"{low:.0%}" == f"{high:.0%}" else f"{low:.0%} to {high:.0%}"
    symbol = found.symbols[code]
    return Hypothesis(
        rows=rows,
        proof=Changed(side, values.with_numbers(numbers), known_equal(found, rows)),
        identity=(side.value, symbol if symbol is not None else str(found.series[code])),
        says=f"{whose(found, code)}: {side.value} has unfinished bars ({{rows}}, {{first}} to "
        f"{{last}}) with {part} of {other(side).value}'s volume",
        undo=f"complete {side.value}'s bar to {other(side).value}'s",
        evidence={"volume_share": short(float(np.median(share)), 4)},
        side=side,
    )


RULE = Rule(cause=Cause.PARTIAL_BAR, kinds=frozenset({Kind.BARS}), order=85, propose=_propose)
