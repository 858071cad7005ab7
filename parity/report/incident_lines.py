"""The incidents of a night in a terminal: gravest first, what follows below its cause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType

from parity.report.incidentview import Examples, IncidentsView, IncidentView, ResolvedView
from parity.report.screen import bullets
from parity.report.words import ABSENT, count

__all__ = ["incident_parts", "resolved_line"]

_SHOWN = 12  # in full; the others are counted
_FOLDED = 3  # below one of them
_USUAL = "close"  # the column people know a bar by


def incident_parts(found: IncidentsView) -> list[RenderableType]:
    """Those that count, and apart from them those that are waived; nothing where there is none."""
    live = [*found.cards, *found.briefs]
    waived = [*found.waived, *found.waived_briefs]
    apart = "Waived" if live else f"Waived ({found.says})"
    return [
        *bullets(f"Incidents ({found.says})", [*_lines(live), *_left(found)]),
        *bullets(apart, list(_lines(waived))),
    ]


def _left(found: IncidentsView) -> Iterator[str]:
    if found.left:
        yield found.left


def _lines(found: Sequence[IncidentView]) -> Iterator[str]:
    yield from map(_incident, found[:_SHOWN])
    yield from _more(found[_SHOWN:])


def _more(rest: Sequence[IncidentView]) -> Iterator[str]:
    if rest:
        rows = sum(incident.rows for incident in rest)
        yield f"{count(len(rest), 'more incident')}: {count(rows, 'row')}"


def _incident(incident: IncidentView) -> str:
    """What it says where it says something, else its cause with where and what differs.

    Last, what follows from it, what mends it, and the command that accepts it instead.
    """
    lines = [_head(incident)]
    if incident.waiver:
        lines.append(_accepted(incident))
    lines += [_also(one) for one in incident.same]
    if incident.undo:
        lines.append(f"undo: {incident.undo}")
    if incident.examples:
        lines.append(f"e.g. {_example(incident.examples)}")
    if incident.trend:
        lines.append(f"night by night: {incident.trend.says}")
    lines += [f"→ {_head(one, folded=True)}" for one in incident.followers[:_FOLDED]]
    lines += [f"→ {line}" for line in _more(incident.followers[_FOLDED:])]
    if incident.mend and not incident.waiver:
        lines.append(f"to mend it: {incident.mend}")
    if incident.waive:
        commands = [one.waive for one in (incident, *incident.same) if one.waive]
        lines += ["to accept it instead:", *commands]
    return "\n".join(lines)


def _head(incident: IncidentView, *, folded: bool = False) -> str:
    proof = f"{incident.code}, {incident.proof}" if incident.code else incident.proof
    head = f"{incident.name} ({proof})"
    if folded and incident.brief:
        lines = (count(incident.rows, "row"), incident.life)
        return f"{incident.dataset}: {incident.brief}: {'; '.join(filter(None, lines))}"
    if incident.says:
        head = f"{incident.says} ({incident.name}, {proof})"
    where = () if incident.says else (incident.symbols, incident.sessions, incident.columns)
    parts = [count(incident.rows, "row"), *(part for part in where if part != ABSENT)]
    if not folded:
        parts += [f"follows from {link.text}" for link in incident.follows[:1]]
    if incident.noise:
        parts.append("within legacy's own noise")
    parts += [part for part in (incident.life, incident.why_not) if part]
    return f"{incident.dataset}: {head}: {'; '.join(parts)}"


def _also(incident: IncidentView) -> str:
    """The same cause in another dataset: `also polygon_bars: 510 rows, 2003-02-18 to …`."""
    parts = [count(incident.rows, "row"), incident.sessions, incident.life]
    return f"also {incident.dataset}: {'; '.join(one for one in parts if one not in ('', ABSENT))}"


def _accepted(incident: IncidentView) -> str:
    """`waived by yahoo-rounding (anna, until 2005-03-31): the vendor rounds`."""
    by = incident.accepted
    told = f" ({by.owner}, until {by.until}): {by.reason}" if by else ""
    return f"waived by {incident.waiver}{told}"


def _example(found: Examples) -> str:
    """`AAPL 2005-01-28 close: legacy 73.98, candidate 36.99, undone 36.99`."""
    lines = found.rows[: found.rows[0].lines]
    place = found.columns.index(_USUAL) if _USUAL in found.columns else 0
    values = [
        f"{'undone' if line.undone else line.side} {line.values[place]}"
        for line in lines
        if line.values[place]
    ]
    key = lines[0].key.replace(" · ", " ")
    return f"{key} {found.columns[place]}: {', '.join(values)}" if values else key


def resolved_line(found: ResolvedView) -> str:
    """What became of an incident of the night before that is there no more."""
    cause = f"{found.says} ({found.name})" if found.says else f"{found.name}: {found.symbols}"
    return f"resolved: {cause}: {count(found.rows, 'row')}, last on {found.last}"
