"""A night's incidents as lines of a message, the gravest first."""

from __future__ import annotations

from dataclasses import dataclass

from parity.alerts import short
from parity.report.incidentview import IncidentView
from parity.report.machines.lines import incident_line
from parity.report.view import NightView

__all__ = ["IncidentLine", "incident_lines"]

LONGEST = 240


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """An incident's id, the same on every night, and what is said of it."""

    id: str
    text: str


def incident_lines(view: NightView) -> tuple[IncidentLine, ...]:
    """Unproved ones first, then causes, then what follows from them, last what is waived.

    Of a kind the one with the most rows comes first, new or not: what is new is told by its own
    message. The words are those of the report.
    """
    found = sorted((one for dataset in view.datasets for one in dataset.incidents), key=_gravity)
    return tuple(
        IncidentLine(one.id, short(f"{one.dataset}: {incident_line(one)}", LONGEST))
        for one in found
    )


def _gravity(incident: IncidentView) -> tuple[bool, bool, bool, int, str]:
    return (
        bool(incident.waiver),
        incident.proved,
        bool(incident.follows),
        -incident.rows,
        incident.id,
    )
