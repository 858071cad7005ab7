"""What must hold to leave each phase."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from parity.gates.drills import drill
from parity.gates.facts import Facts
from parity.gates.flows import Told, flow_success
from parity.gates.newest import coverage, unexplained, waivers
from parity.gates.sessions import flow_time, selftest, streak_item
from parity.gates.signatures import manual_item, to_sign
from parity.gates.streaks import Streak
from parity.model.checklist import Item
from parity.model.verdict import Phase

__all__ = ["earliest", "gate", "next_phase"]


def next_phase(phase: Phase) -> Phase | None:
    """The phase after one; None after the last."""
    phases = list(Phase)
    place = phases.index(phase) + 1
    return phases[place] if place < len(phases) else None


def gate(facts: Facts, streak: Streak, flows: Told) -> tuple[Item, ...]:
    """All items of the phase in force; the automatic ones first.

    Args:
        facts: what is known.
        streak: the sessions in a row that count for the phase.
        flows: how the candidate's jobs and flows have run on them; only asked for in `validation`.
    """
    manual = tuple(manual_item(facts, item) for item in to_sign(facts))
    if facts.phase is Phase.CLEANUP:
        return manual
    first = streak_item(facts, streak)
    if facts.phase is not Phase.VALIDATION:
        return (first, *manual)
    return (
        first,
        coverage(facts),
        unexplained(facts),
        waivers(facts),
        flow_success(facts, streak, flows),
        flow_time(facts, streak),
        selftest(facts, streak),
        drill(facts),
        *manual,
    )


def earliest(items: Sequence[Item], today: date, sessions: Sequence[date]) -> date | None:
    """The first day on which all items could hold, if everything goes well from now on.

    Args:
        items: of the gate. What needs no more session can be done at once.
        today: the exchange's date.
        sessions: those that are still to come, the next one first, as far as the calendar knows.

    Returns:
        `today` where no session is waited for; None where the calendar does not reach.
    """
    if not items:
        return None
    wait = max((item.sessions for item in items if not item.ok), default=0)
    if not wait:
        return today
    return sessions[wait - 1] if wait <= len(sessions) else None
