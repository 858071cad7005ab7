"""A night's incidents as lines of a message, the gravest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parity.alerts import short
from parity.model.result import RunResult
from parity.report.beside import Beside
from parity.report.build import night_view
from parity.report.incidentview import IncidentView
from parity.report.words import ABSENT, count

__all__ = ["IncidentLine", "incident_lines"]

LONGEST = 240


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """An incident's id, the same on every night, and what is said of it."""

    id: str
    text: str


def incident_lines(night: RunResult, nights: Sequence[RunResult]) -> tuple[IncidentLine, ...]:
    """Unproved ones first, then causes, then what follows from them, last what is waived.

    Of a kind the one with the most rows comes first. The words are those of the report.
    """
    view = night_view(night, beside=Beside(nights=nights))
    found = [
        (dataset.name, incident)
        for dataset in view.datasets
        for incident in (*dataset.incidents, *dataset.briefs)
    ]
    found.sort(key=lambda one: _gravity(one[1]))
    return tuple(IncidentLine(one.id, _line(dataset, one)) for dataset, one in found)


def _gravity(incident: IncidentView) -> tuple[bool, bool, bool, int, str]:
    return (
        bool(incident.waiver),
        incident.proved,
        bool(incident.follows),
        -incident.rows,
        incident.id,
    )


def _line(dataset: str, incident: IncidentView) -> str:
    """`yahoo_bars: IBM: unexplained (not proved), 3 rows; new`."""
    says = incident.says or ": ".join(
        part for part in (incident.symbols, incident.name) if part != ABSENT
    )
    proof = incident.proof if says.endswith(incident.name) else f"{incident.name}, {incident.proof}"
    rows = count(incident.rows, "row")
    waived = "; waived" if incident.waiver else ""
    life = f"; {incident.life}" if incident.life else ""
    return short(f"{dataset}: {says} ({proof}), {rows}{life}{waived}", LONGEST)
