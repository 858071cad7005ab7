"""What the trail says of moves: which has begun, which is open, since when the candidate served."""

from __future__ import annotations

from collections.abc import Sequence

from parity.model.trail import TrailEntry
from parity.model.verdict import Side

__all__ = ["CALLED_OFF", "begun_cutover", "open_rollback", "served_since"]

CUTOVER = "cutover"
CALLED_OFF = "called off"  # a cutover that has begun and shall not switch any more
UNDONE = "undone"  # a cutover that took its switch back by itself
FINISHED = "finished"
Rows = Sequence[TrailEntry]


def served_since(switches: Rows, steps: Rows) -> TrailEntry | None:
    """The newest switch to the candidate that was not taken back at once; None: there is none.

    A switch that is still to be taken back counts: consumers read the candidate.
    """
    undone = _with_step(steps, UNDONE)
    found = [e for e in switches if e.content.get("to") == Side.CANDIDATE and _of(e) not in undone]
    return found[-1] if found else None


def open_rollback(switches: Rows, steps: Rows) -> str:
    """The newest switch to legacy, or call-off, whose operation is not over.

    What a cutover has switched and taken back by itself is nobody's rollback: one that was
    unfinished before it still is.
    """
    undone = _with_step(steps, UNDONE)
    moves = [entry for entry in switches if _of(entry) not in undone]
    newest = [entry for entry in moves if entry.content.get("to") == Side.LEGACY]
    newest += [entry for entry in steps if entry.content.get("step") == CALLED_OFF]
    if not newest:
        return ""
    last = max(newest, key=lambda entry: entry.number)
    if moves and last.number < moves[-1].number:
        return ""  # a cutover came after it
    return "" if _of(last) in _with_step(steps, FINISHED) else _of(last)


def begun_cutover(switches: Rows, steps: Rows) -> str:
    """The newest cutover, where it has begun and nothing has come of it."""
    last = switches[-1].number if switches else 0  # no cutover survives another's switch
    begun = [
        _of(entry)
        for entry in steps
        if entry.number > last
        and (entry.content.get("kind"), entry.content.get("step")) == (CUTOVER, "begun")
    ]
    if not begun:
        return ""
    called_off = {
        str(entry.content.get("cutover"))
        for entry in steps
        if entry.content.get("step") == CALLED_OFF
    }
    return "" if begun[-1] in called_off | _with_step(steps, "vetoed") else begun[-1]


def _of(entry: TrailEntry) -> str:
    return str(entry.content.get("operation", ""))


def _with_step(steps: Rows, name: str) -> set[str]:
    """Operations that have come to a step."""
    return {_of(entry) for entry in steps if entry.content.get("step") == name}
