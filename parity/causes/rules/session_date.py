"""One side's rows are dated a day off: by the day in UTC, say, instead of the exchange's.

Test: for each series, its dates moved by one session or one calendar day, forward or back. The move
under which most rows of a sample look alike is tried on all; the rows it explains follow each other
in time, and nine of ten in that time must fit. Proof: moved back, each row pairs with a row of the
other side and matches it. In a dense series nearly all rows are mismatched: each sits on its
neighbour's date.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from parity.causes.board import LEAST, Board, Move
from parity.causes.context import Context
from parity.causes.days import Clock, days_of, is_daily, known_sessions
from parity.causes.frame import Bools, Differences, Ints, other
from parity.causes.moves import Shift, shifts
from parity.causes.rule import Hypothesis, Rule
from parity.causes.serieswise import brace
from parity.causes.shifts import Told, by_days, tell
from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side

__all__ = ["RULE"]


def _propose(found: Differences, rows: Ints, context: Context) -> Iterator[Hypothesis]:
    if context.dataset.kind is Kind.BARS and not context.dated:
        return  # those are label_shift's
    board = Board.of(found, rows, context)
    daily = is_daily(context, len(found.series))
    if board is None or daily is None:
        return
    moves = list(_moves(context, daily))
    scores = [board.scores(move.base, move.apply(*board.sample(move.base))) for move in moves]
    best = board.best(moves, scores)
    clock = Clock.of(context, board.series)
    for number in np.unique(best[best >= 0]).tolist():
        mine = list(shifts(board, moves[number], np.flatnonzero(best == number)))
        for shift, told in zip(mine, tell(board, mine, context, clock), strict=True):
            yield _hypothesis(shift, told)


def _moves(context: Context, daily: Bools) -> Iterator[Move]:
    def days(code: Ints, time: Ints) -> Ints:
        return days_of(context, daily[code], time)

    zone = None if context.dated else context.zone
    sessions = known_sessions(context)
    if sessions is not None:
        for by in (1, -1):
            yield Move(("session", f"{by:+d}"), Side.CANDIDATE, by_days(zone, days, sessions, by))
    for by in (1, -1):
        yield Move(("calendar day", f"{by:+d}"), Side.CANDIDATE, by_days(zone, days, None, by))


def _hypothesis(shift: Shift, told: Told) -> Hypothesis:
    kind, by = shift.move.name
    if not told.forward:
        by = "-1" if by == "+1" else "+1"
    side, there = told.side.value, other(told.side).value
    when, back = ("later", "earlier") if by == "+1" else ("earlier", "later")
    return Hypothesis(
        rows=shift.rows,
        proof=shift.proof,
        identity=(side, kind, by, told.name),
        says=f"{brace(told.name)}{told.span}: {side} dates its rows one {kind} {when} than {there} "
        f"({{rows}} rows)",
        undo=f"date {side}'s rows one {kind} {back}",
        evidence={"days": int(by), "steps": kind, **told.evidence},
        least=LEAST,
        side=told.side,
    )


RULE = Rule(
    cause=Cause.SESSION_DATE,
    kinds=frozenset({Kind.INDICATORS, Kind.BARS}),
    order=32,
    propose=_propose,
)
