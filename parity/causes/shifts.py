"""What the rules about moved keys share: which side moved, and how it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

import numpy as np

from parity.causes.board import Board
from parity.causes.context import DAY, Context
from parity.causes.days import Clock, localized, offsets, outside, step
from parity.causes.evidence import day_text
from parity.causes.frame import Floats, Ints, other
from parity.causes.moves import Shift
from parity.causes.serieswise import series_text
from parity.model.verdict import Side

__all__ = ["Told", "by_days", "duration", "tell"]

_CLEAR = 0.1  # of the rows more off the exchange's times: that side moved
_ENOUGH = 100  # rows of a series to judge by, evenly spread
_UNITS = ((DAY, "day"), (3_600_000_000, "h"), (60_000_000, "min"), (1_000_000, "s"))


@dataclass(frozen=True, slots=True)
class Told:
    """A shift as its incident names it.

    Attributes:
        side: the side whose times are off.
        name: of the series.
        right: times of the other side's rows.
        wrong: times of the same rows on `side`.
        forward: `side` is the other side than the move's base: the move reads as it is.
        evidence: `from`, and `to` where the shift has ended.
        span: the same in words, empty where all of the series is shifted.
    """

    side: Side
    name: str
    right: Ints
    wrong: Ints
    forward: bool
    evidence: dict[str, Any]
    span: str


def tell(
    board: Board, shifts: Sequence[Shift], context: Context, clock: Clock | None
) -> Iterator[Told]:
    """Of each shift which side moved, and since when."""
    if not shifts:
        return
    sides = _moved_sides(shifts, context, clock)
    ends = np.array([[one.base.min(), one.base.max()] for one in shifts]).ravel()
    moved = np.array([[one.moved.min(), one.moved.max()] for one in shifts]).ravel()
    forward = [side is not one.move.base for side, one in zip(sides, shifts, strict=True)]
    days = context.days(np.where(np.repeat(forward, 2), ends, moved)).reshape(-1, 2).tolist()
    for one, side, ahead, between in zip(shifts, sides, forward, days, strict=True):
        right, wrong = (one.base, one.moved) if ahead else (one.moved, one.base)
        order = np.argsort(right, kind="stable")
        first, last = day_text(between[0]), day_text(between[1])
        evidence: dict[str, Any] = {"from": first}
        span = f" from {first} on" if one.before else ""
        if one.after:
            evidence["to"] = last
            span = f" from {first} to {last}"
        name = series_text(board.found, one.code)
        yield Told(side, name, right[order], wrong[order], ahead, evidence, span)


def _moved_sides(shifts: Sequence[Shift], context: Context, clock: Clock | None) -> list[Side]:
    """The side whose rows lie off the exchange's times; legacy where both do, or neither."""
    if clock is None:
        return [Side.LEGACY] * len(shifts)
    some = [np.linspace(0, len(one.base) - 1, _ENOUGH).astype(np.int64) for one in shifts]
    code = np.repeat([one.code for one in shifts], _ENOUGH)
    base = np.concatenate([one.base[rows] for one, rows in zip(shifts, some, strict=True)])
    moved = np.concatenate([one.moved[rows] for one, rows in zip(shifts, some, strict=True)])
    off = _off(clock, code, moved) - _off(clock, code, base)
    if not context.dated:
        late = _past_midnight(clock, code, moved) - _past_midnight(clock, code, base)
        off = np.where(np.abs(off) > _CLEAR, off, late)
    return [
        (other(one.move.base) if much > 0 else one.move.base) if abs(much) > _CLEAR
        else Side.LEGACY
        for one, much in zip(shifts, off.tolist(), strict=True)
    ]  # fmt: skip


def _off(clock: Clock, code: Ints, time: Ints) -> Floats:
    """Of each shift's sample, the share of rows when the exchange was closed."""
    off = ~clock.on_session(clock.days(code, time)) | outside(clock, code, time)
    share: Floats = off.reshape(-1, _ENOUGH).mean(axis=1)
    return share


def _past_midnight(clock: Clock, code: Ints, time: Ints) -> Floats:
    """The share of daily rows that are not stamped midnight by the exchange's clock."""
    late = (time + offsets(clock.context.zone, time)) % DAY != 0
    share: Floats = (late & clock.daily[code]).reshape(-1, _ENOUGH).mean(axis=1)
    return share


def by_days(
    zone: tzinfo | None, days: Callable[[Ints, Ints], Ints], sessions: Ints | None, by: int
) -> Callable[[Ints, Ints], Ints]:
    """A move of daily rows by one day, or with `sessions` by one session.

    Args:
        zone: whose clock keeps its time of day over the move; None for dates.
        days: the day that a row is of, by series and time.
        sessions: all of the calendar; rows of other days then do not move.
        by: +1 or -1.
    """

    def apply(code: Ints, time: Ints) -> Ints:
        day = days(code, time)
        if sessions is None:
            more = np.full(len(day), by)
        else:
            more = np.where(np.isin(day, sessions), step(sessions, day, by) - day, 0)
        plain = np.asarray(time + more * DAY)
        if zone is None:
            return plain
        clock = time + offsets(zone, time) + more * DAY
        return np.where(time % DAY == 0, plain, localized(zone, clock))

    return apply


def duration(time: int) -> str:
    """A duration in words, e.g. `5 h 30 min`."""
    parts, left = [], abs(time)
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        if count:
            plural = "s" if unit == "day" and count > 1 else ""
            parts.append(f"{count} {unit}{plural}")
    return " ".join(parts) or "0 h"
