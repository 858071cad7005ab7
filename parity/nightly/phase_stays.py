"""The stays of a migration in its phases, and which sessions belong to which. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from parity.model.checklist import Move
from parity.model.trail import TrailEntry, TrailKind
from parity.model.verdict import Phase

__all__ = ["Span", "longest_row", "place", "row_at_end", "spans"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One stay of a migration in a phase.

    Attributes:
        phase: which.
        begin: number of the trail's row that began it; 0: the migration began with it.
        end: number of the row that ended it; None: it is in force.
        entered, left: the moves of these rows.
        upto: the last session of the stays before it; None: there is none.
        red: items of the gate that were overridden on the way in.
    """

    phase: Phase
    begin: int = 0
    end: int | None = None
    entered: Move | None = None
    left: Move | None = None
    upto: date | None = None
    red: tuple[str, ...] = ()

    def has(self, entry: TrailEntry) -> bool:
        """True for a row of the trail after the one that began it, up to the one that ended it."""
        return self.begin < entry.number and (self.end is None or entry.number <= self.end)

    def about(self, entry: TrailEntry) -> bool:
        """The same, with the row that began it and the switch that was made with that one."""
        began = entry.number == self.begin
        with_it = entry.kind == TrailKind.SWITCH and entry.number == self.begin - 1
        return self.has(entry) or began or with_it


def spans(
    trail: Sequence[TrailEntry],
    sessions: Sequence[date],
    stored: Container[date],
    *,
    compared: Mapping[int, date | None],
    due: Callable[[date], datetime],
) -> tuple[Span, ...]:
    """All stays of a migration, oldest first.

    What counts as before a move is what had been compared by then, not what the calendar says: a
    night may be of a session long past. Sessions without a night go by when it was due.

    Args:
        trail: rows of kinds phase and override, the oldest first.
        sessions: of the exchange, from the first with a night to the newest, oldest first.
        stored: those with a night.
        compared: by the number of a move's row, the newest session that had been compared by then.
        due: the moment of a session's night.
    """
    moves = [entry for entry in trail if entry.kind == TrailKind.PHASE]
    known = [entry for entry in moves if entry.content.get("to") in set(Phase)]
    upto = {
        entry.number: _upto(compared.get(entry.number), entry.at, sessions, stored, due)
        for entry in known
    }
    first = Span(phase=_source(known), end=known[0].number if known else None,
                 left=Move.of(known[0]) if known else None)  # fmt: skip
    later = [
        Span(
            phase=Phase(entry.content["to"]),
            begin=entry.number,
            end=after.number if after else None,
            entered=Move.of(entry),
            left=Move.of(after) if after else None,
            upto=upto[entry.number],
            red=_red(trail, entry, before.number if before else 0),
        )
        for before, entry, after in zip([None, *known], known, [*known[1:], None], strict=False)
    ]
    return (first, *later)


def _source(moves: Sequence[TrailEntry]) -> Phase:
    """A migration begins in parallel_run, whatever the first move may say."""
    source = moves[0].content.get("from") if moves else None
    return Phase(source) if source in set(Phase) else Phase.PARALLEL_RUN


def _red(trail: Iterable[TrailEntry], move: TrailEntry, before: int) -> tuple[str, ...]:
    """Items that were overridden for a move: those of the newest override since the one before."""
    if not move.content.get("forced"):
        return ()
    lists = [
        entry.content.get("red")
        for entry in trail
        if entry.kind == TrailKind.OVERRIDE and before < entry.number < move.number
    ]
    red = [found for found in lists if isinstance(found, list) and found]
    return tuple(map(str, red[-1])) if red else ()


def _upto(
    compared: date | None,
    moved: datetime,
    sessions: Sequence[date],
    stored: Container[date],
    due: Callable[[date], datetime],
) -> date | None:
    """The last session of before a move."""
    last = compared
    for session in sessions:
        if compared is not None and session <= compared:
            continue
        if session in stored or due(session) > moved:
            break
        last = session
    return last


def place(
    stays: Sequence[Span], sessions: Sequence[date], phases: Mapping[date, str]
) -> dict[date, int]:
    """The place of each session's stay among all.

    Args:
        stays: all, oldest first.
        sessions: all, oldest first.
        phases: the phase of a session's night, where one was stored. A night that was compared
            again belongs to the phase in force then, so to the stay of that phase which is nearest.
    """
    starts = [stay.upto or date.min for stay in stays[1:]]
    found: dict[date, int] = {}
    for session in sessions:
        by_day = bisect_left(starts, session)  # so many stays began after a session before it
        phase = phases.get(session, stays[by_day].phase.value)
        same = [number for number, stay in enumerate(stays) if stay.phase.value == phase]
        if same:
            found[session] = min(same, key=lambda number: (abs(number - by_day), -number))
    return found


def longest_row(counted: Sequence[tuple[date, bool]]) -> tuple[date, ...]:
    """The longest row of sessions that count; the later one of two that are as long."""
    best: list[date] = []
    row: list[date] = []
    for session, good in counted:
        row = [*row, session] if good else []
        if len(row) >= len(best):
            best = row
    return tuple(best)


def row_at_end(counted: Sequence[tuple[date, bool]]) -> int:
    """How many of the newest sessions count without a break."""
    number = 0
    for _, good in reversed(counted):
        if not good:
            break
        number += 1
    return number
