"""From discrepancies to proved causes.

Every rule in turn sees the rows that are left and proposes hypotheses; `proving` applies their undo
and compares again; only rows that then match are attributed. Rows that no single undo explains are
tried with two, one after the other. What is left is unexplained, and says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from parity.causes.context import DAY, Context
from parity.causes.folding import Claim, Fold
from parity.causes.frame import STATES, Bools, Differences, Ints, Values
from parity.causes.proving import helped, proved, residuals
from parity.causes.rule import Changed, Hypothesis, Moved, Rule, Shown, all_rules
from parity.model.result import RowState
from parity.model.verdict import Side

__all__ = ["explain"]

# Hypotheses that came near are tried with a second cause, the ones with most rows first.
NEAR = 4000
# Rules from this order on go by what a row looks like: two undos that are proved come before them.
LIKENESS = 80
AROUND = 4 * DAY  # a weekend with a holiday
BESIDE = 3 * DAY // 2

Owners = np.ndarray[tuple[int], np.dtype[np.object_]]


@dataclass(frozen=True, slots=True)
class _Near:
    rule: Rule
    hypothesis: Hypothesis


def explain(
    found: Differences, context: Context, fold: Fold, rules: Sequence[Rule] | None = None
) -> list[str]:
    """Attributes every row to exactly one incident; returns their ids, row by row.

    Args:
        found: the discrepancies.
        context: what the rules may ask for.
        fold: takes what is found.
        rules: all rules by default.
    """
    usable = [
        rule
        for rule in (all_rules() if rules is None else rules)
        if context.dataset.kind in rule.kinds
    ]
    return _Explaining(found, context, fold, usable).run()


class _Explaining:
    """One pass over some discrepancies: which rows are still free, and whose the others are."""

    def __init__(
        self, found: Differences, context: Context, fold: Fold, rules: Sequence[Rule]
    ) -> None:
        self._found = found
        self._context = context
        self._fold = fold
        self._rules = rules
        self._seconds = [rule for rule in rules if rule.second]
        self._free: Bools = ~found.blind
        self._owner: Owners = np.full(len(found), "", dtype=object)
        self._near: list[_Near] = []
        # From when to when rows of each series are known to have been moved.
        self._crossed = _crossed(found)
        size = len(found.series)
        self._moved_from = np.full(size, np.iinfo(np.int64).max)
        self._moved_to = np.full(size, np.iinfo(np.int64).min)

    def run(self) -> list[str]:
        left = self._free.sum()
        self._round()
        if self._free.any() and self._free.sum() < left:
            # What shared a column with other causes may stand out now that those are known.
            self._near = []
            self._round()
        rest = np.flatnonzero(self._owner == "")
        if len(rest):
            causes = [rule.cause for rule in self._rules]
            near = _nearest(self._found, rest, self._near)
            self._owner[rest] = self._fold.unexplained(self._found, rest, causes, near)
        owners: list[str] = self._owner.tolist()
        return owners

    def _round(self) -> None:
        paired = False
        for rule in self._rules:
            if rule.order >= LIKENESS and not paired:
                self._pairs(self._near)
                paired = True
            moved = self._single(rule)
            # Rules that go by which rows are there would take what a move explains with a second
            # cause, so that pair is looked for at once.
            self._pairs(moved)
        self._pairs(self._near)

    def _single(self, rule: Rule) -> list[_Near]:
        """What a rule explains alone; returns its moves that have left rows over."""
        left = np.flatnonzero(self._free)
        if not len(left):
            return []
        moved = []
        for hypothesis in rule.propose(self._found, left, self._context):
            open_ = self._free[hypothesis.rows]
            good = proved(self._found, hypothesis) & open_
            if isinstance(hypothesis.proof, Shown):
                good &= ~self._among_moved(hypothesis.rows)
            if good.sum() >= max(1, hypothesis.least):
                self._take(Claim(rule.cause, hypothesis, np.flatnonzero(good)))
            if (open_ & ~good).any():
                near = _Near(rule, hypothesis)
                if isinstance(hypothesis.proof, Changed):
                    self._near.append(near)
                elif isinstance(hypothesis.proof, Moved):
                    moved.append(near)
        return moved

    def _take(self, claim: Claim) -> None:
        rows = claim.hypothesis.rows[claim.proved]
        self._owner[rows] = self._fold.add(self._found, claim)
        self._free[rows] = False
        if isinstance(claim.hypothesis.proof, Moved):
            code, time = self._found.code[rows], self._found.time[rows]
            np.minimum.at(self._moved_from, code, time)
            np.maximum.at(self._moved_to, code, time)

    def _among_moved(self, rows: Ints) -> Bools:
        """Rows of one side only where some may have been moved: there that proves nothing."""
        code, time = self._found.code[rows], self._found.time[rows]
        some = self._moved_from[code] <= self._moved_to[code]
        first = np.where(some, self._moved_from[code], 0) - AROUND
        last = np.where(some, self._moved_to[code], 0) + AROUND
        alone = self._found.having(RowState.LEGACY_ONLY, RowState.CANDIDATE_ONLY)[rows]
        out: Bools = (some & alone & (first <= time) & (time <= last)) | self._crossed[rows]
        return out

    def _pairs(self, near: Sequence[_Near]) -> None:
        """Rows that match after two undos. The pair with most rows goes first: of two ways round,
        the wrong one fits a few rows only.
        """
        if not near or not self._free.any():
            return
        sizes = [int(self._free[one.hypothesis.rows].sum()) for one in near]
        order = sorted(range(len(near)), key=lambda place: -sizes[place])[:NEAR]
        claims = [
            claim
            for place in order
            if sizes[place]
            for second in self._seconds
            if second.cause != near[place].rule.cause
            for claim in self._second(near[place], second)
        ]
        for claim in sorted(claims, key=lambda one: -len(one.proved)):
            still = self._free[claim.hypothesis.rows[claim.proved]]
            if still.any():
                self._take(replace(claim, proved=claim.proved[still]))

    def _second(self, first: _Near, second: Rule) -> list[Claim]:
        """What `second` explains of what `first` has left."""
        hypothesis = first.hypothesis
        views = list(residuals(self._found, hypothesis))
        open_ = self._free[hypothesis.rows]
        explained = [view.settled.copy() for view in views]
        best: list[Hypothesis] = []
        undone: dict[Side, Values] | None = None
        if len(views) == 1:
            undone = dict(views[0].found.values)
        for number, view in enumerate(views):
            mask = open_ & ~view.settled & helped(self._found, hypothesis, view)
            rest = np.flatnonzero(mask & view.found.differs.any(axis=1))
            if not len(rest):
                continue
            part = _paired(view.found.take(rest))
            for then in second.propose(part, np.arange(len(rest)), self._context):
                good = proved(part, then)
                if good.sum() < max(1, then.least):
                    continue
                explained[number][rest[then.rows[good]]] = True
                best.append(then)
                if undone is not None and isinstance(then.proof, Changed):
                    places, side = rest[then.rows[good]], then.proof.side
                    values = then.proof.values.take(np.flatnonzero(good))
                    undone[side] = undone[side].put(places, values)
        good = open_.copy()
        for mask in explained:
            good &= mask
        if not best or not good.any():
            return []
        proved_rows = np.flatnonzero(good)
        return [Claim(first.rule.cause, hypothesis, proved_rows, second.cause, best[0], undone)]


def _crossed(found: Differences) -> Bools:
    """Rows of one side only beside which, in time, the other side has a row that it lacks."""
    out = np.zeros(len(found), dtype=bool)
    alone = np.flatnonzero(found.having(RowState.LEGACY_ONLY, RowState.CANDIDATE_ONLY))
    alone = alone[np.lexsort((found.time[alone], found.code[alone]))]
    code, time, state = found.code[alone], found.time[alone], found.state[alone]
    if len(alone) > 1:
        near = (np.diff(code) == 0) & (np.diff(time) < BESIDE) & (np.diff(state) != 0)
        out[alone[1:][near]] = True
        out[alone[:-1][near]] = True
    return out


def _paired(found: Differences) -> Differences:
    """To the second rule they are rows that both sides have."""
    state = np.full(len(found), STATES.index(RowState.MISMATCHED), dtype=np.int8)
    present = {side: np.ones(len(found), dtype=bool) for side in Side}
    return replace(found, state=state, present=present)


def _nearest(found: Differences, rest: Ints, near: Sequence[_Near]) -> dict[int, str]:
    """For rows left over, in words, which undo came nearest."""
    says: dict[int, str] = {}
    fewest: dict[int, int] = {}
    wanted = np.zeros(len(found), dtype=bool)
    wanted[rest] = True
    for one in near[:NEAR]:
        if not isinstance(one.hypothesis.proof, Changed):
            continue
        for view in residuals(found, one.hypothesis):
            some = np.flatnonzero(wanted[view.rows] & helped(found, one.hypothesis, view))
            for place in some[:1000].tolist():
                row, columns = int(view.rows[place]), int(view.found.differs[place].sum())
                if columns < fewest.get(row, 1 << 30):
                    fewest[row] = columns
                    left = [
                        field.name
                        for field, differs in zip(
                            found.fields, view.found.differs[place], strict=True
                        )
                        if differs
                    ]
                    says[row] = f"{one.rule.cause} comes nearest but leaves {', '.join(left)}"
    return says
