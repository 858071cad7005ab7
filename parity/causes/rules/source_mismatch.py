"""One side has another series' values, e.g. the other vendor's bars.

Test: all values of the row on one side equal the row of another dataset at the same symbol and
time, which the row's own other side does not; and around it the two series do not agree anyway: of
the nearest rows of the symbol that match (two before, two after) each differs from the other
series. Where the series agree, equality says nothing of where a row came from. Nor does it where
no earlier row of the symbol matches: history that was not adjusted equals other history that was
not. Proof: that equality.

It comes after unit_scale and rounding, which no other series' values look like, and before split
and dividend: raw values in an adjusted series look like an adjustment that is missing.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from parity.causes.context import Context, Series
from parity.causes.frame import Bools, Differences, Ints, Rows, beyond, other
from parity.causes.rule import Hypothesis, Rule, Shown
from parity.causes.scoping import ordered
from parity.causes.serieswise import brace, grouped
from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side

__all__ = ["RULE"]

_NEAREST = 2  # matching rows, before and after
_SHARE = 0.8  # of the symbol's rows that have no cause yet


def _propose(found: Differences, rows: Ints, context: Context) -> Iterator[Hypothesis]:
    rows = ordered(found, rows[found.both[rows]])
    own = context.own(Side.LEGACY)
    if not len(rows) or own is None:
        return
    taken = np.zeros(len(rows), dtype=bool)
    for series in context.others():
        for side in Side:
            for there in (series.rows[side], series.rows[other(side)]):
                same = _same(found, rows, side, there) & ~taken
                if not same.any():
                    continue
                apart = _apart(found, own, there)
                mine = np.flatnonzero(same)
                mine = mine[_told_apart(found, rows[mine], own, apart)]
                for group in grouped(found.code[rows[mine]]):
                    some = mine[group]
                    of_symbol = int((found.code[rows] == found.code[rows[some[0]]]).sum())
                    # A few among many rows that differ otherwise are alike by chance.
                    if len(some) >= _SHARE * of_symbol:
                        taken[some] = True
                        yield _hypothesis(found, rows[some], side, series)


def _same(found: Differences, rows: Ints, side: Side, there: Rows) -> Bools:
    """Which rows are the other series' on a side, and not on the other side."""
    place = there.find(found.code[rows], found.time[rows])
    known = np.flatnonzero(place >= 0)
    theirs = there.values.take(place[known])
    same = np.zeros(len(rows), dtype=bool)
    suspect = beyond(found.fields, found.values[side].take(rows[known]), theirs)
    good = beyond(found.fields, found.values[other(side)].take(rows[known]), theirs)
    same[known] = ~suspect.any(axis=1) & good.any(axis=1)
    return same


def _apart(found: Differences, own: Rows, there: Rows) -> Ints:
    """By own row: 1 where it matches and differs from the other series, 0 where it agrees.

    -1 where it does not match, or the other series has no such row.
    """
    apart = np.full(len(own), -1, dtype=np.int64)
    place = there.find(own.code, own.time)
    differing = own.find(found.code, found.time)
    known = place >= 0
    known[differing[differing >= 0]] = False
    some = np.flatnonzero(known)
    differs = beyond(found.fields, own.values.take(some), there.values.take(place[some]))
    apart[some] = differs.any(axis=1)
    return apart


def _told_apart(found: Differences, rows: Ints, own: Rows, apart: Ints) -> Bools:
    """Which rows lie where the two series differ."""
    some = np.flatnonzero(apart >= 0)
    if not len(some):
        return np.zeros(len(rows), dtype=bool)
    code, differs = own.code[some], apart[some]
    mine = own.find(found.code[rows], found.time[rows])
    behind = np.searchsorted(some, mine)
    before, agree = np.zeros(len(rows), dtype=np.int64), np.zeros(len(rows), dtype=np.int64)
    for step in range(-_NEAREST, _NEAREST):
        place = np.clip(behind + step, 0, len(some) - 1)
        there = (behind + step == place) & (code[place] == found.code[rows])
        before += there & (step < 0)
        agree += there & (differs[place] == 0)
    told: Bools = (before > 0) & (agree == 0) & (mine >= 0)
    return told


def _hypothesis(found: Differences, rows: Ints, side: Side, series: Series) -> Hypothesis:
    code = int(found.code[rows[0]])
    symbol = found.symbols[code]
    name = brace(series.name)
    subject = "{symbols}" if symbol is not None else "all rows"
    return Hypothesis(
        rows=rows,
        proof=Shown(),
        identity=(
            side.value, series.name, symbol if symbol is not None else str(found.series[code])
        ),
        says=f"{subject}: {side.value} has the values of {name} ({{rows}} rows, {{first}} to "
        "{last})",
        undo=f"take {other(side).value}'s row in place of {name}'s",
        evidence={"series": series.name},
        side=side,
    )  # fmt: skip


RULE = Rule(cause=Cause.SOURCE_MISMATCH, kinds=frozenset({Kind.BARS}), order=58, propose=_propose)
