"""upstream: an indicator differs because its bars differ.

Test: the two sides' bars differ within the row's history. Every differing indicator of one side
comes out when it is computed from that side's bars, by one of the usual formulas, and it is the
bars that make the two sides differ (computed from the other side's bars the value moves by at
least half of the difference). Three forms:
  - from the bars as they are stored now;
  - from the bars as one side had them on an earlier day, since restated: the stretches that were
    loaded again are put back on the scale of another stretch (`restated`). Only rows with two
    differing columns or more;
  - a row that one side lacks, because it has no bar of that day.
Proof: computed from the other side's bars, the row is the other side's row. A row that is missing
proves itself: there is nothing it could be computed from.

It comes before all causes of rows by themselves: nothing else computes a row to the last digit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from parity.causes.cells import trials
from parity.causes.context import Context
from parity.causes.dailybars import Daily, daily_inputs
from parity.causes.evidence import day_text
from parity.causes.following import bar_incidents, since_restated
from parity.causes.frame import Bools, Differences, Ints, Values, other
from parity.causes.recompute import Recomputed
from parity.causes.replayed import Replay, Source, replay
from parity.causes.restated import Apart, State, earlier_states
from parity.causes.rule import Changed, Hypothesis, Proof, Rule, Shown
from parity.causes.sheet import Sheet
from parity.model.cause import Cause
from parity.model.result import RowState
from parity.model.suite import Kind
from parity.model.verdict import Side

__all__ = ["RULE"]

_NOW = "as stored now"
_COLUMNS = 2  # that differ, in a row of bars as they once were
_ONLY = {Side.LEGACY: RowState.LEGACY_ONLY, Side.CANDIDATE: RowState.CANDIDATE_ONLY}


@dataclass(frozen=True, slots=True)
class _Case:
    """What all forms look at."""

    sheet: Sheet
    bars: Mapping[Side, Daily]
    data: Mapping[Side, Recomputed]
    apart: Apart

    def source(self, side: Side, rows: Ints) -> Source:
        return Source(self.data[side], self.sheet.standard(self.bars[side], rows))


@dataclass(frozen=True, slots=True)
class _Claimed:
    """Rows of one form, and which need no second cause.

    `values` are all of them undone; None where a row is missing.
    """

    form: str
    side: Side
    rows: Ints
    settled: Ints
    values: Values | None
    slack: Any = 0.0
    scale: Mapping[int, float] | None = None


def _propose(found: Differences, rows: Ints, context: Context) -> Iterable[Hypothesis]:
    bars = daily_inputs(context)
    if bars is None:
        return
    apart = Apart.of(bars)
    sheet = Sheet(found, context)
    if not len(apart) or not sheet.indicators:
        return
    case = _Case(sheet, bars, {side: Recomputed(part) for side, part in bars.items()}, apart)
    code, day = found.code[rows], sheet.day[rows]
    rows = rows[apart.within(code, day - context.dataset.days_back, day)]
    both = rows[found.both[rows]]
    both = both[sheet.known(both)]
    for claimed in (*_as_stored(case, both), *_missing(case, rows)):
        yield from _by_series(case, claimed)
        both = np.setdiff1d(both, claimed.settled, assume_unique=True)
    both = both[(found.differs[both][:, list(sheet.indicators)]).sum(axis=1) >= _COLUMNS]
    for side in Side:
        for claimed in _as_once(case, side, both):
            yield from _by_series(case, claimed)
            both = np.setdiff1d(both, claimed.settled, assume_unique=True)


def _as_stored(case: _Case, rows: Ints) -> Iterator[_Claimed]:
    if len(rows):
        side = Side.LEGACY
        own, theirs = case.source(side, rows), case.source(other(side), rows)
        done = replay(case.sheet, side, rows, own, theirs, loose=True)
        if done.good.any():
            yield _claimed("now", side, rows, done)


def _as_once(case: _Case, side: Side, rows: Ints) -> Iterator[_Claimed]:
    if not len(rows):
        return
    code = case.sheet.found.code
    for state in earlier_states(case.bars[side], case.bars[other(side)], code[rows]):
        mine = rows[state.price[code[rows]] > 0]
        if not len(mine):
            continue
        window = case.sheet.standard(state.bars, mine)
        own = Source(Recomputed(state.bars), window, state.digit[code[mine]])
        done = replay(case.sheet, side, mine, own, case.source(other(side), mine))
        if done.good.any():
            scale = _scales(state, code[mine[done.good]])
            yield _claimed("before", side, mine, done, scale)
            rows = np.setdiff1d(rows, mine[done.settled], assume_unique=True)


def _scales(state: State, code: Ints) -> Mapping[int, float]:
    return {int(one): float(state.price[one]) for one in np.unique(code)}


def _missing(case: _Case, rows: Ints) -> Iterator[_Claimed]:
    """Rows of one side of a day on which the other has no bar."""
    found, sheet = case.sheet.found, case.sheet
    for side in Side:
        mine = rows[found.having(_ONLY[side])[rows]]
        code, day = found.code[mine], sheet.day[mine]
        absent = case.bars[other(side)].find(code, day) < 0
        mine = mine[absent & (case.bars[side].find(code, day) >= 0)]
        if len(mine):
            mine = mine[_follows(case, side, mine)]
        if len(mine):
            yield _Claimed("absent", other(side), mine, mine, None)


def _follows(case: _Case, side: Side, rows: Ints) -> Bools:
    """Which rows are what their own side's bars give, in every indicator."""
    source = case.source(side, rows)
    good = np.ones(len(rows), dtype=bool)
    for place, what in case.sheet.indicators.items():
        mine = np.flatnonzero(good)
        fit = case.sheet.fit(
            side, place, rows[mine], source.data, source.window.take(mine), trials(what)
        )
        good[mine] &= fit.good
    return good


def _claimed(
    form: str, side: Side, rows: Ints, done: Replay, scale: Mapping[int, float] | None = None
) -> _Claimed:
    mine = np.flatnonzero(done.good)
    slack = done.slack[mine] if isinstance(done.slack, np.ndarray) else done.slack
    values = done.values.take(mine)
    return _Claimed(form, side, rows[mine], rows[done.settled], values, slack, scale)


def _by_series(case: _Case, claimed: _Claimed) -> Iterator[Hypothesis]:
    code = case.sheet.found.code[claimed.rows]
    order = np.argsort(code, kind="stable")
    for places in np.split(order, np.flatnonzero(np.diff(code[order])) + 1):
        yield _hypothesis(case, claimed, places)


def _hypothesis(case: _Case, claimed: _Claimed, places: Ints) -> Hypothesis:
    found, sheet, context = case.sheet.found, case.sheet, case.sheet.context
    rows = claimed.rows[places]
    code = int(found.code[rows[0]])
    first = int(sheet.day[rows].min()) - context.dataset.days_back
    last = int(sheet.day[rows].max())
    days = case.apart.days(code, first, last)
    since, until = day_text(int(days[0])), day_text(int(days[-1]))
    incidents = bar_incidents(context, found.symbols[code], since or "", until or "")
    columns = [sheet.found.fields[place].name for place, _, _ in sheet.differing(rows)]
    evidence: dict[str, Any] = {
        "incidents": [one.id for one in incidents],
        "input": context.dataset.computed_from,
        "bars_as": _NOW,
        "bars_differ": {"from": since, "to": until},
        "columns": columns,
    }
    who, whose = claimed.side.value, other(claimed.side).value
    says = (
        f"indicators follow from their bars, which differ on {len(days)} days ({since} to {until})"
    )
    undo = f"compute again from {whose}'s bars"
    if claimed.form == "absent":
        says = f"{who} has no indicators of days of which it has no bars"
        undo = f"add {whose}'s bars"
    elif claimed.form == "before":
        before = since_restated(context, incidents, last)
        ratio = (claimed.scale or {})[code]
        evidence |= {"bars_as": f"as {who} had them before {before}", "ratio": ratio}
        says = (
            f"{who}'s indicators follow from its bars as it had them before {before} "
            f"(prices {_in_words(ratio)} of {whose}'s), since restated"
        )
    proof: Proof = Shown()
    if claimed.values is not None:
        slack = claimed.slack[places] if isinstance(claimed.slack, np.ndarray) else claimed.slack
        proof = Changed(claimed.side, claimed.values.take(places), slack)
    return Hypothesis(
        rows=rows,
        proof=proof,
        identity=(*map(str, found.series[code]), claimed.form, claimed.side.value),
        says=f"{{symbols}}: {says}",
        undo=undo,
        evidence=evidence,
        side=claimed.side,
    )


def _in_words(ratio: float) -> str:
    near = Fraction(ratio).limit_denominator(20)
    if near and abs(ratio / float(near) - 1) < 1e-12:
        return f"{near.numerator}:{near.denominator}"
    return f"{ratio:.6g} times those"


RULE = Rule(cause=Cause.UPSTREAM, kinds=frozenset({Kind.INDICATORS}), order=15, propose=_propose)
