"""Rows whose keys moved in time: finding the move, and which rows it explains.

A move says where one side's rows (its `base`) are found on the other side. Values are compared
loosely to choose among moves (a second cause may hide exact matches); the proof that goes with a
hypothesis holds the true counterparts, and the engine compares those exactly.

Rows at the ends of a move need care. Where a move ends, or where its rows run beyond the last that
the other side keeps, a key holds a row that was moved there, and the row that belongs there has no
place: the moved row took it. Such a key is explained by the row that was moved there alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from parity.causes.board import LEAST, Board, Move, Scores
from parity.causes.frame import Bools, Ints, Values, other
from parity.causes.rule import Moved
from parity.causes.runs import runs
from parity.model.verdict import Side

__all__ = ["Shift", "Trail", "shifts"]

SHARE = 0.9  # of the differing rows of a series in the time that the move affects
_FIRM = 12  # rows alike make up for having fewer than LEAST equal ones: a second cause may be on


@dataclass(frozen=True, slots=True)
class Shift:
    """What a move explains of one series: a run of rows that follow each other.

    Attributes:
        move: which one.
        code: the series.
        rows: places in the Differences.
        proof: their counterparts.
        base: times of the base rows that moved.
        moved: where they are on the other side.
        before: the series has rows before the run that match where they are.
        after: and rows after it.
    """

    move: Move
    code: int
    rows: Ints
    proof: Moved
    base: Ints
    moved: Ints
    before: bool
    after: bool


def shifts(board: Board, move: Move, codes: Ints) -> Iterator[Shift]:
    """What the move explains of these series."""
    base, mover = board.own[move.base], board.own[other(move.base)]
    places = np.flatnonzero(np.isin(base.code, codes))
    moved = base.time.copy()
    moved[places] = move.apply(base.code[places], base.time[places])
    hit = np.full(len(base), -1, dtype=np.int64)
    hit[places] = board.index[other(move.base)].find(base.code[places], moved[places])
    source = np.full(len(mover), -1, dtype=np.int64)
    found = places[hit[places] >= 0]
    source[hit[found]] = found
    score = np.zeros(len(base), dtype=np.int8)
    score[places] = board.score(move.base, places, hit[places])
    trail = Trail(board, move, moved, hit, source, score)
    order = np.argsort(board.found.code[board.rows], kind="stable")
    code = board.found.code[board.rows[order]]
    for one in codes.tolist():
        first, last = np.searchsorted(code, [one, one + 1])
        yield from trail.of(one, order[first:last])


@dataclass(frozen=True, slots=True)
class Trail:
    """One move of all rows.

    `moved`, `hit` and `score` are by base row, `source` is by row of the other side.
    """

    board: Board
    move: Move
    moved: Ints
    hit: Ints
    source: Ints
    score: Scores

    def of(self, code: int, rows: Ints) -> Iterator[Shift]:
        """The runs of one series. `rows` are places in the board's rows."""
        base, mover = self.board.own[self.move.base], self.board.own[other(self.move.base)]
        span = base.of(code)
        there = mover.of(code)
        time, moved = base.time[span], self.moved[span]
        if not len(rows) or span.start == span.stop or there.start == there.stop:
            return
        weight = np.where(self.score[span] > 0, 1.0, -SHARE / (1 - SHARE))
        ends = mover.time[there.start], mover.time[there.stop - 1]
        gone = (self.hit[span] < 0) & ((moved < ends[0]) | (moved > ends[1]))
        weight[(moved == time) | gone] = 0.0
        for first, last in runs(weight, LEAST):
            shift = self._shift(code, rows, slice(span.start + first, span.start + last))
            if shift is not None:
                yield shift

    def _shift(self, code: int, rows: Ints, run: slice) -> Shift | None:
        board = self.board
        base_side, mover_side = self.move.base, other(self.move.base)
        base = board.own[base_side]
        mine, its = board.place[base_side][rows], board.place[mover_side][rows]
        to = np.where(mine >= 0, self.hit[mine], -1)
        came = np.where(its >= 0, self.source[its], -1)
        inside = ((mine >= run.start) & (mine < run.stop)) | (
            (came >= run.start) & (came < run.stop)
        )
        lost = self._lost(code, mine, its, to, came)
        pairs = {base_side: (to >= 0) & ~lost[base_side], mover_side: (came >= 0)}
        pairs[mover_side] &= ~lost[mover_side]
        has = {base_side: mine >= 0, mover_side: its >= 0}
        usable = inside & ~(lost[base_side] & lost[mover_side])
        for side in Side:
            usable &= ~has[side] | pairs[side] | lost[side]
        fits = usable.copy()
        fits &= ~pairs[base_side] | (self.score[mine] > 0)
        fits &= ~pairs[mover_side] | (self.score[came] > 0)
        if not self._supported(rows, run, fits):
            return None
        chosen = np.flatnonzero(usable)
        places = board.rows[rows[chosen]]
        proof = Moved(
            {
                mover_side: self._values(
                    mover_side, to[chosen], lost[base_side][chosen], places, base_side
                ),
                base_side: self._values(
                    base_side, came[chosen], lost[mover_side][chosen], places, mover_side
                ),
            }
        )
        span = base.of(code)
        took = slice(run.start, run.stop)
        return Shift(
            self.move,
            code,
            places,
            proof,
            base.time[took],
            self.moved[took],
            bool(board.quiet[base_side][span.start : run.start].any()),
            bool(board.quiet[base_side][run.stop : span.stop].any()),
        )

    def _lost(self, code: int, mine: Ints, its: Ints, to: Ints, came: Ints) -> dict[Side, Bools]:
        """Rows whose place is beyond the other side's rows, or taken by one that has not moved.

        Only of keys that both sides have: the one that took the place is the other side's.
        """
        base_side, mover_side = self.move.base, other(self.move.base)
        base, mover = self.board.own[base_side], self.board.own[mover_side]
        both = (mine >= 0) & (its >= 0)
        there, span = mover.of(code), base.of(code)
        ends = mover.time[there.start], mover.time[there.stop - 1]
        moved = self.moved[span]
        goes, stood = self.moved[mine], mover.time[its]
        far = (to < 0) & ((goes < ends[0]) | (goes > ends[1]))
        # A row that matches where it is may match by the move as well, if values repeat.
        taken = (to >= 0) & self.board.quiet[mover_side][to] & (self.score[mine] < 2)
        older = (came < 0) & ((stood < moved.min()) | (stood > moved.max()))
        held = (came >= 0) & self.board.quiet[base_side][came] & (self.score[came] < 2)
        return {base_side: both & (far | taken), mover_side: both & (older | held)}

    def _supported(self, rows: Ints, run: slice, fits: Bools) -> bool:
        """Enough rows, nearly all of the time they cover, and not all of them the same."""
        board = self.board
        base = board.own[self.move.base]
        if fits.sum() < LEAST:
            return False
        score = self.score[run]
        if (score == 2).sum() < LEAST and (score > 0).sum() < _FIRM:
            return False
        times = np.concatenate([base.time[run], self.moved[run]])
        time = board.found.time[board.rows[rows]]
        within = (time >= times.min()) & (time <= times.max())
        if fits.sum() < SHARE * within.sum():
            return False
        alike = np.flatnonzero(score > 0)[:256] + run.start
        seen = np.unique(np.nan_to_num(base.values.numbers[alike]), axis=0)
        return len(seen) >= LEAST

    def _values(
        self, side: Side, places: Ints, lost: Bools, rows: Ints, asking: Side
    ) -> tuple[Bools, Values]:
        """Counterparts on a side; of a lost row the row itself."""
        found, own = self.board.found, self.board.own[side]
        values = own.values.take(np.where(places >= 0, places, 0))
        at = np.flatnonzero(lost)
        if len(at):
            values = values.put(at, found.values[asking].take(rows[at]))
        return (places >= 0) | lost, values
