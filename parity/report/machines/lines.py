"""A night's incidents as lines: in the order of the report, and what is said of each."""

from __future__ import annotations

from collections.abc import Iterator

from parity.model.secrets import without_secrets
from parity.report.view import IncidentView, NightView
from parity.report.words import ABSENT, count, visible

__all__ = ["clipped", "gate_line", "in_order", "incident_line"]


def clipped(text: str, most: int) -> str:
    """The text without secrets on one line of at most so many characters."""
    line = without_secrets(visible(text, most=None))
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def in_order(view: NightView) -> Iterator[IncidentView]:
    """The incidents as the page has them: each before what follows from it, waived ones last."""
    found = view.incidents
    for one in (*found.cards, *found.briefs, *found.waived, *found.waived_briefs):
        yield one
        yield from one.same
        yield from one.followers


def incident_line(incident: IncidentView) -> str:
    """`IBM: unexplained (not proved), 3 rows; new`."""
    says = incident.says or ": ".join(
        part for part in (incident.symbols, incident.name) if part != ABSENT
    )
    proof = incident.proof if says.endswith(incident.name) else f"{incident.name}, {incident.proof}"
    rows = count(incident.rows, "row")
    waived = "; waived" if incident.waiver else ""
    life = f"; {incident.life}" if incident.life else ""
    return f"{says} ({proof}), {rows}{life}{waived}"


def gate_line(view: NightView) -> str:
    """`Gate from validation to cutover: closed, 7 of 10 sessions in a row passed`; may be empty."""
    if view.gate is None:
        return ""
    return ", ".join(part for part in (view.gate.says, view.gate.streak) if part)
