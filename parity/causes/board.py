"""Both sides' rows beside the discrepancies: trying moves on a sample of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parity.causes.context import Context
from parity.causes.frame import NO_TIME, Bools, Differences, Ints, Rows, other
from parity.causes.likeness import Likeness
from parity.causes.serieswise import ranks
from parity.model.verdict import Side

__all__ = ["LEAST", "Board", "Index", "Move", "Scores"]

LEAST = 3  # rows that a move must settle
_SAMPLE, _FEWEST = 50_000, 48  # rows of all series, and of a series at least, to choose a move by

Scores = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Move:
    """Where rows of the `base` side are found on the other side.

    `apply` takes series and times of base rows; a row whose time it leaves alone is not moved.
    """

    name: tuple[str, ...]
    base: Side
    apply: Callable[[Ints, Ints], Ints]


class Index:
    """Finds rows by series and time; built once."""

    def __init__(self, rows: Rows) -> None:
        self._first = int(rows.time.min()) if len(rows) else 0
        self._last = int(rows.time.max()) if len(rows) else -1
        self._width = self._last - self._first + 1
        # All series on one line; Python's numbers where a line is too long for the machine's.
        kind = np.int64 if self._width * (int(rows.code.max(initial=0)) + 1) < 1 << 62 else object
        since = rows.time.astype(kind) - self._first
        self._keys = rows.code.astype(kind) * self._width + since

    def find(self, code: Ints, time: Ints) -> Ints:
        """Places of rows; -1 where there is none."""
        if not len(self._keys):
            return np.full(len(code), -1, dtype=np.int64)
        inside = (time >= self._first) & (time <= self._last)
        kind = self._keys.dtype
        since = np.where(inside, time, self._first).astype(kind) - self._first
        wanted = code.astype(kind) * self._width + since
        place = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        hit = inside & (self._keys[place] == wanted)
        return np.where(hit, place, -1)


class Board:
    """Both sides' rows, and which of them differ.

    Args:
        found: all discrepancies.
        rows: those that are left.
        own: all rows of both sides.
    """

    def __init__(self, found: Differences, rows: Ints, own: Mapping[Side, Rows]) -> None:
        self.found, self.own = found, own
        self.rows = rows[found.time[rows] != NO_TIME]
        self.series = len(found.series)
        self.index = {side: Index(part) for side, part in own.items()}
        self._likeness = Likeness(found, own)
        self.place = {side: self._find(side, self.rows) for side in Side}
        self.quiet = {side: self._matched(side) for side in Side}
        self.samples = {side: self._sampled(side) for side in Side}

    @staticmethod
    def of(found: Differences, rows: Ints, context: Context) -> Board | None:
        """None where there is nothing to move, or too much to read."""
        if not found.present[Side.LEGACY].any() or not found.present[Side.CANDIDATE].any():
            return None
        legacy, candidate = context.own(Side.LEGACY), context.own(Side.CANDIDATE)
        if legacy is None or candidate is None or not len(legacy) or not len(candidate):
            return None
        board = Board(found, rows, {Side.LEGACY: legacy, Side.CANDIDATE: candidate})
        return board if len(board.rows) >= LEAST else None

    def _find(self, side: Side, rows: Ints) -> Ints:
        place = self.index[side].find(self.found.code[rows], self.found.time[rows])
        return np.where(self.found.present[side][rows], place, -1)

    def _matched(self, side: Side) -> Bools:
        """Rows of a side that are no discrepancy."""
        quiet = np.ones(len(self.own[side]), dtype=bool)
        all_ = len(self.rows) == len(self.found)
        place = self.place[side] if all_ else self._find(side, np.arange(len(self.found)))
        quiet[place[place >= 0]] = False
        return quiet

    def _sampled(self, side: Side) -> Ints:
        """Places of differing rows of a side, of each series some, evenly."""
        differing = np.zeros(len(self.own[side]), dtype=bool)
        differing[self.place[side][self.place[side] >= 0]] = True
        place = np.flatnonzero(differing)
        rank, count = ranks(self.own[side].code[place])
        codes = int((rank == 0).sum())
        most = max(_FEWEST, _SAMPLE // max(1, codes))
        taken = np.minimum(count, most)
        chosen = (rank * taken) // count != ((rank - 1) * taken) // count
        sample: Ints = place[chosen]
        return sample

    def sample(self, base: Side) -> tuple[Ints, Ints]:
        """Series and times of the rows by which moves are chosen."""
        places = self.samples[base]
        return self.own[base].code[places], self.own[base].time[places]

    def scores(self, base: Side, moved: Ints) -> Scores:
        """Of each sampled row: 0 unlike the row it is moved to (or none), 1 alike, 2 equal."""
        places = self.samples[base]
        own = self.own[base]
        hit = self.index[other(base)].find(own.code[places], moved)
        return self.score(base, places, np.where(moved == own.time[places], -1, hit))

    def best(self, moves: Sequence[Move], scores: Sequence[Scores]) -> NDArray[np.int64]:
        """The place of the best move of each series; -1 where none is good enough.

        A move must do better than no move: rows that are nearly equal where they are have not
        moved. Of equals the first wins.
        """
        best = np.full(self.series, -1, dtype=np.int64)
        high = np.zeros(self.series)
        for side in Side:
            own, places = self.own[side], self.samples[side]
            hit = self.index[other(side)].find(own.code[places], own.time[places])
            still = self.score(side, places, hit) > 0
            high = np.maximum(high, np.bincount(own.code[places[still]], minlength=self.series))
        for number, (move, score) in enumerate(zip(moves, scores, strict=True)):
            code = self.own[move.base].code[self.samples[move.base]]
            total = np.bincount(code, weights=score, minlength=self.series)
            alike = np.bincount(code[score > 0], minlength=self.series)
            better = (total > high) & (alike >= LEAST)
            best[better], high[better] = number, total[better]
        return best

    def score(self, base: Side, places: Ints, hit: Ints) -> Scores:
        """The same for any rows of the base and the rows that they are moved to; -1 is none."""
        score = np.zeros(len(places), dtype=np.int8)
        there = np.flatnonzero(hit >= 0)
        if len(there):
            alike, equal = self._likeness.of(base, places[there], hit[there], self.series)
            score[there] = np.where(equal, 2, alike)
        return score
