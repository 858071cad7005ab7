"""One side's timestamps are the other side's, by another clock.

Test: for each series, the readings of one zone's clock taken for another zone's (so that the offset
changes with daylight saving time), and constant offsets of whole quarter hours up to 14 h. The one
under which most rows of a sample look alike is tried on all rows; the rows it explains follow each
other in time, and nine of ten in that time must fit. Proof: with the timestamps moved back, each
row pairs with a row of the other side and matches it. Rows of a dense series are mismatched in its
midst (they sit at a neighbour's time) and on one side only at its ends.

An offset of just one bar is `label_shift`'s: nobody reads another zone's clock for that.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from functools import lru_cache, partial
from zoneinfo import ZoneInfo

import numpy as np

from parity.causes.board import LEAST, Board, Move, Scores
from parity.causes.context import DAY, Context
from parity.causes.days import Clock, is_daily, reread, spacing
from parity.causes.evidence import day_text
from parity.causes.frame import Differences, Ints, other
from parity.causes.moves import Shift, shifts
from parity.causes.rule import Hypothesis, Rule
from parity.causes.serieswise import brace
from parity.causes.shifts import Told, duration, tell
from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side

__all__ = ["RULE"]

_ZONES = (
    "UTC",
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "Europe/London",
    "Europe/Berlin",
    "Asia/Tokyo",
    "Asia/Hong_Kong",
)
_QUARTER = 15 * 60_000_000
_STEPS = np.arange(-56, 57, dtype=np.int64) * _QUARTER  # up to 14 h
_CONSTANT = 1  # rank of constant offsets among the pairs of zones
_TOLD = 3  # offsets named in a sentence


def _propose(found: Differences, rows: Ints, context: Context) -> Iterator[Hypothesis]:
    board = None if context.dated else Board.of(found, rows, context)
    if board is None:
        return
    zones = _zones(context.zone)
    moves, scores = _tried(board, zones)
    best = board.best(moves, scores)
    clock = Clock.of(context, board.series)
    bar = _bar_lengths(board, context)
    for number in np.unique(best[best >= 0]).tolist():
        run = shifts(board, moves[number], np.flatnonzero(best == number))
        mine = [one for one in run if not _one_bar(one, int(bar[one.code]))]
        for shift, told in zip(mine, tell(board, mine, context, clock), strict=True):
            yield _hypothesis(shift, told, zones)


def _zones(exchange: tzinfo) -> dict[str, tzinfo]:
    """The exchange's zone first, then UTC, then the others."""
    return {str(exchange): exchange, **{name: ZoneInfo(name) for name in _ZONES}}


def _tried(board: Board, zones: dict[str, tzinfo]) -> tuple[list[Move], list[Scores]]:
    """All moves, the likelier ones first, with their scores: of equal ones the first is taken."""
    names = list(zones)
    ranked: list[tuple[int, Move, Scores]] = []
    code, time = board.sample(Side.CANDIDATE)
    by_step = np.array(
        [
            board.scores(Side.CANDIDATE, time + step) if step else np.zeros(len(time), np.int8)
            for step in _STEPS.tolist()
        ]
    )
    for place, step in enumerate(_STEPS.tolist()):
        if step:
            move = Move(("offset", str(step)), Side.CANDIDATE, partial(_later, by=step))
            ranked.append((_CONSTANT, move, by_step[place]))
    for of in names:
        for as_if in names:
            if of == as_if:
                continue
            apply = partial(_reread, of=zones[of], as_if=zones[as_if])
            move = Move(("zones", of, as_if), Side.CANDIDATE, apply)
            place = (apply(code, time) - time) // _QUARTER - _STEPS[0] // _QUARTER
            inside = (place >= 0) & (place < len(_STEPS))
            score = by_step[np.clip(place, 0, len(_STEPS) - 1), np.arange(len(time))]
            score = np.where(inside, score, 0).astype(np.int8)
            ranked.append((_rank(of, as_if, names[0]), move, score))
    ranked.sort(key=lambda one: one[0])
    return [move for _, move, _ in ranked], [score for _, _, score in ranked]


def _rank(of: str, as_if: str, exchange: str) -> int:
    """Likelier pairs first. Only the exchange and UTC are likelier than a constant offset."""
    utc, home = "UTC" in (of, as_if), exchange in (of, as_if)
    if utc and home:
        return 0
    return 2 if utc else 3 if home else 4


def _later(code: Ints, time: Ints, *, by: int) -> Ints:
    del code
    return time + by


def _reread(code: Ints, time: Ints, *, of: tzinfo, as_if: tzinfo) -> Ints:
    del code
    return reread(time, of, as_if)


def _bar_lengths(board: Board, context: Context) -> Ints:
    """The time between the bars of each series inside the day; 0 for daily bars."""
    between = spacing((board.own[Side.LEGACY], board.own[Side.CANDIDATE]), board.series)
    daily = is_daily(context, board.series)
    return between if daily is None else np.where(daily, 0, between)


def _one_bar(shift: Shift, bar: int) -> bool:
    return bar > 0 and bool((np.abs(shift.moved - shift.base) == bar).all())


def _hypothesis(shift: Shift, told: Told, zones: dict[str, tzinfo]) -> Hypothesis:
    side, there = told.side.value, other(told.side).value
    if shift.move.name[0] == "zones":
        of, as_if = shift.move.name[1:] if told.forward else shift.move.name[:0:-1]
        offset = _offset(told, zones[of], zones[as_if])
        identity = ("zones", of, as_if)
        what = f"{side} has {there}'s {of} clock times as {as_if} times ({offset})"
        undo = f"read {side}'s {as_if} clock times as {of} clock times"
        zones_of = {"zones": {"clock": of, "read_as": as_if}}
    else:
        by = int(told.wrong[0] - told.right[0])
        offset = _signed(by)
        identity = ("offset", offset, "")
        what = (
            f"{side}'s timestamps are {duration(by)} {'later' if by > 0 else 'earlier'} "
            f"than {there}'s"
        )
        undo = f"move {side}'s timestamps by {_signed(-by)}"
        zones_of = {}
    return Hypothesis(
        rows=shift.rows,
        proof=shift.proof,
        identity=(side, *identity, told.name),
        says=f"{brace(told.name)}{told.span}: {what} ({{rows}} rows)",
        undo=undo,
        evidence={"offset": offset, **zones_of, **told.evidence},
        least=LEAST,
        side=told.side,
    )


def _signed(time: int) -> str:
    return f"{'-' if time < 0 else '+'}{duration(time)}"


def _offset(told: Told, of: tzinfo, as_if: tzinfo) -> str:
    """The offsets in words, each with the day from which it holds."""
    by = told.wrong - told.right
    changes = np.flatnonzero(np.diff(by)) + 1
    texts = [_signed(int(by[0]))]
    for place in changes[: _TOLD - 1].tolist():
        day = _day_of_change(int(told.right[place - 1]), int(told.right[place]), of, as_if)
        texts.append(f"{_signed(int(by[place]))} from {day}")
    if len(changes) >= _TOLD:
        texts.append(f"and {len(changes) - _TOLD + 1} changes more")
    return ", ".join(texts)


@lru_cache(maxsize=1024)  # the same for every symbol
def _day_of_change(before: int, after: int, of: tzinfo, as_if: tzinfo) -> str | None:
    """The first day, at noon UTC, of the offset that the later moment has."""
    noons = np.arange(before // DAY, after // DAY + 1) * DAY + DAY // 2
    by = reread(noons, of, as_if) - noons
    new = reread(np.array([after]), of, as_if) - after
    place = np.flatnonzero(by == new)
    return day_text(int(noons[place[0]] // DAY) if len(place) else after // DAY)


RULE = Rule(
    cause=Cause.TIMEZONE_SHIFT,
    kinds=frozenset({Kind.BARS}),
    order=30,
    propose=_propose,
)
