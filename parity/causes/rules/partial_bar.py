"""One side's bar was taken before its session was over.

Test: the opens are equal; the bar lies inside the other's range, and its close does too; its volume
is at most 98 % of the other's; its close or its range differs; and it is a bar of its own (the open
and the close lie within its range). A load leaves its last bar unfinished: more than three sessions
of a symbol in a row are something else. Proof: completed to the other side's values it is equal,
all of which an unfinished bar may still reach.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from parity.causes.context import Context
from parity.causes.fields import Role
from parity.causes.frame import Bools, Differences, Ints, other
from parity.causes.rule import Changed, Hypothesis, Rule
from parity.causes.scoping import grouped, known_equal, ordered, short, whose
from parity.causes.sequence import next_sessions
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
            yield _hypothesis(found, side, mine[group], where[Role.VOLUME])


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
        less = (mine[:, vo] >= 0) & (mine[:, vo] <= MOST_VOLUME * full[:, vo]) & differs[:, vo]
    texts = [place for place, field in enumerate(found.fields) if not field.number]
    nulls = found.values[side].null[rows] != found.values[other(side)].null[rows]
    moved = differs[:, [hi, lo, cl]].any(axis=1) & ~differs[:, op]
    unfinished: Bools = (
        inside & own & less & moved & ~differs[:, texts].any(axis=1) & ~nulls.any(axis=1)
    )
    return unfinished


def _few(found: Differences, rows: Ints, context: Context) -> Bools:
    """Which rows are in no run of more than a few sessions of their symbol."""
    code, day = found.code[rows], context.days(found.time[rows])
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


def _hypothesis(found: Differences, side: Side, rows: Ints, volume: int) -> Hypothesis:
    full = found.values[other(side)].take(rows)
    with np.errstate(invalid="ignore"):
        share = found.values[side].numbers[rows, volume] / full.numbers[:, volume]
    code = int(found.code[rows[0]])
    low, high = float(share.min()), float(share.max())
    part = f"{high:.0%}" if f"{low:.0%}" == f"{high:.0%}" else f"{low:.0%} to {high:.0%}"
    symbol = found.symbols[code]
    return Hypothesis(
        rows=rows,
        proof=Changed(side, full, known_equal(found, rows)),
        identity=(side.value, symbol if symbol is not None else str(found.series[code])),
        says=f"{whose(found, code)}: {side.value} has unfinished bars ({{rows}}, {{first}} to "
        f"{{last}}) with {part} of {other(side).value}'s volume",
        undo=f"complete {side.value}'s bar to {other(side).value}'s",
        evidence={"volume_share": short(float(np.median(share)), 4)},
        side=side,
    )


RULE = Rule(cause=Cause.PARTIAL_BAR, kinds=frozenset({Kind.BARS}), order=85, propose=_propose)
