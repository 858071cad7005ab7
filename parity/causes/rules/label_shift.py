"""One side labels its bars by their end, or by the next one's start: one bar off.

Test: for each series, its rows moved by one bar, forward or back. Bars inside the day move by the
series' interval (or, labelled by their end, no further than the session's close, where the last
one ends); daily bars move to the next or previous session, or by a calendar day. The move under
which most rows of a sample look alike is tried on all; the rows it explains follow each other in
time, and nine of ten in that time must fit. Proof: moved back, each row pairs with a row of the
other side and matches it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from parity.causes.board import LEAST, Board, Move
from parity.causes.context import Context
from parity.causes.days import Clock, days_of, is_daily, known_sessions, spacing
from parity.causes.frame import NO_TIME, Bools, Differences, Ints, other
from parity.causes.moves import Shift, shifts
from parity.causes.rule import Hypothesis, Rule
from parity.causes.serieswise import brace
from parity.causes.shifts import Told, by_days, duration, tell
from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side

__all__ = ["RULE"]

Apply = Callable[[Ints, Ints], Ints]


def _propose(found: Differences, rows: Ints, context: Context) -> Iterator[Hypothesis]:
    board = None if context.dated else Board.of(found, rows, context)
    daily = is_daily(context, len(found.series))
    if board is None or daily is None:
        return
    between = spacing((board.own[Side.LEGACY], board.own[Side.CANDIDATE]), board.series)
    moves = [*_intraday(context, daily, between), *_daily(context, daily)]
    scores = [board.scores(move.base, move.apply(*board.sample(move.base))) for move in moves]
    best = board.best(moves, scores)
    clock = Clock.of(context, board.series)
    for number in np.unique(best[best >= 0]).tolist():
        mine = list(shifts(board, moves[number], np.flatnonzero(best == number)))
        for shift, told in zip(mine, tell(board, mine, context, clock), strict=True):
            yield _hypothesis(shift, told, int(between[shift.code]))


def _intraday(context: Context, daily: Bools, between: Ints) -> Iterator[Move]:
    def later(by: int) -> Apply:
        def apply(code: Ints, time: Ints) -> Ints:
            return np.where(daily[code], time, time + by * between[code])

        return apply

    yield Move(("bar", "+1"), Side.CANDIDATE, later(1))
    yield Move(("bar", "-1"), Side.CANDIDATE, later(-1))
    calendar = context.calendar
    if calendar is None:
        return

    def to_end(code: Ints, time: Ints) -> Ints:
        _, closes = calendar.hours(context.days(time))
        end = time + between[code]
        end = np.where((closes != NO_TIME) & (time < closes), np.minimum(end, closes), end)
        return np.where(daily[code], time, end)

    yield Move(("end", "+1"), Side.CANDIDATE, to_end)
    yield Move(("end", "+1"), Side.LEGACY, to_end)


def _daily(context: Context, daily: Bools) -> Iterator[Move]:
    def only_daily(apply: Apply) -> Apply:
        return lambda code, time: np.where(daily[code], apply(code, time), time)

    def days(code: Ints, time: Ints) -> Ints:
        return days_of(context, daily[code], time)

    sessions = known_sessions(context)
    kinds = [("day", None)] if sessions is None else [("session", sessions), ("day", None)]
    for kind, calendar in kinds:
        for by in (1, -1):
            apply = by_days(context.zone, days, calendar, by)
            yield Move((kind, f"{by:+d}"), Side.CANDIDATE, only_daily(apply))


def _hypothesis(shift: Shift, told: Told, between: int) -> Hypothesis:
    kind, by = shift.move.name
    if not told.forward:
        by = "-1" if by == "+1" else "+1"
    side, there = told.side.value, other(told.side).value
    bar = duration(between) if kind in ("bar", "end") else f"1 {kind}"
    when = "later" if by == "+1" else "earlier"
    by_end = ", by their end" if kind == "end" and by == "+1" else ""
    undo = f"move {side}'s labels one bar {'back' if by == '+1' else 'forward'} ({bar})"
    return Hypothesis(
        rows=shift.rows,
        proof=shift.proof,
        identity=(side, kind, by, told.name),
        says=f"{brace(told.name)}{told.span}: {side} labels its bars one bar ({bar}) {when} than "
        f"{there}{by_end} ({{rows}} rows)",
        undo=undo,
        evidence={"bars": int(by), "interval": bar, **told.evidence},
        least=LEAST,
        side=told.side,
    )


RULE = Rule(
    cause=Cause.LABEL_SHIFT,
    kinds=frozenset({Kind.BARS}),
    order=31,
    propose=_propose,
)
