"""From an incident to its view: the cause in words, its proof, its life, a few rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from parity.model.cause import Cause, parts
from parity.model.life import Resolved
from parity.model.phrases import title
from parity.model.result import DatasetResult, Incident
from parity.report.around import Around, life_text, seen_text, trend_of
from parity.report.commands import quoted
from parity.report.examples import examples_of
from parity.report.incidentview import IncidentView, Link, ResolvedView
from parity.report.remedies import plainly, reason_for, remedy
from parity.report.story import named
from parity.report.waivers import accepted_by
from parity.report.words import ABSENT, count, some_of, visible

__all__ = ["incident_view", "resolved_view"]

_DOCS = "docs/causes.md"
# Shown in words, or in the tables of columns and rows.
_TOLD = frozenset(
    {"says", "side", "undo", "examples", "deltas", "why_not", "incidents", "columns", "states"}
)
_LINKS = 3
_NOW = "as stored now"  # which bars an indicator is computed from (parity.causes.rules.upstream)


def incident_view(
    dataset: DatasetResult, incident: Incident, known: Around, shown: int = 0
) -> IncidentView:
    """The view of an incident; `shown` of its rows are on the page."""
    evidence = incident.evidence
    life = known.lives.get((dataset.name, incident.id))
    return IncidentView(
        id=visible(incident.id),
        dataset=visible(dataset.name),
        name=named(incident.cause, evidence),
        code="" if incident.cause == title(incident.cause) else visible(incident.cause),
        proved=incident.proved,
        proof="proved" if incident.proved else "not proved",
        says=plainly(_text(evidence, "says")),
        brief=_brief(incident),
        side=_text(evidence, "side"),
        rows=incident.rows,
        columns=some_of(incident.columns, 8) or ABSENT,
        symbols=some_of(incident.scope.symbols, 8) or ABSENT,
        all_symbols=visible(", ".join(incident.scope.symbols)),
        sessions=_sessions(incident),
        life=life_text(life) if life else "",
        state=life.state.value.replace(" ", "-") if life else "",
        seen=seen_text(life) if life else "",
        trend=trend_of(life) if life else None,
        undo=_undo(evidence),
        why_not=_text(evidence, "why_not"),
        explained_by=visible(incident.explained_by or ""),
        follows=tuple(_follows(incident, known)),
        followed=_some_links(known.followed.get(incident.id, ())),
        noise=_in_noise(dataset, incident, known),
        waiver=visible(incident.waiver or ""),
        accepted=accepted_by(incident, known.waivers),
        why=reason_for(incident.cause, evidence),
        mend=remedy(incident.cause, evidence, incident.scope.symbols),
        waive=_waive(incident, known),
        docs=tuple(
            Link(
                text=visible(f"{_DOCS}#{part}"),
                href=f"{known.docs}#{part}" if known.docs else "",
            )
            for part in parts(incident.cause)
        ),
        examples=examples_of(incident),
        more=tuple(_more(evidence)),
        shown=_shown(shown, incident.rows),
        listed=shown,
    )


def resolved_view(found: Resolved) -> ResolvedView:
    """The view of an incident that is there no more."""
    incident = found.incident
    return ResolvedView(
        name=named(incident.cause, incident.evidence),
        says=plainly(_text(incident.evidence, "says")),
        rows=incident.rows,
        symbols=some_of(incident.scope.symbols, 8),
        last=found.last.isoformat(),
    )


def _text(evidence: Mapping[str, Any], name: str) -> str:
    value = evidence.get(name)
    return visible(value) if isinstance(value, str) else ""


def _brief(incident: Incident) -> str:
    """What is said of an incident that stands below the one that it follows from."""
    side, had = _text(incident.evidence, "side"), _text(incident.evidence, "bars_as")
    if incident.cause != Cause.UPSTREAM or not had or not side:
        return ""
    if had == _NOW:
        return "computed from bars that differ"
    return f"computed before {side} restated its bars"


def _sessions(incident: Incident) -> str:
    ends = [visible(end) for end in (incident.scope.first, incident.scope.last) if end]
    return " to ".join(dict.fromkeys(ends)) or ABSENT


def _undo(evidence: Mapping[str, Any]) -> str:
    undo, side = _text(evidence, "undo"), _text(evidence, "side")
    told = not undo or not side or side in undo
    return undo if told else f"on the {side} side, {undo}"


def _follows(incident: Incident, known: Around) -> Iterator[Link]:
    given = incident.evidence.get("incidents")
    idents = [one for one in given if isinstance(one, str)] if isinstance(given, list) else []
    if incident.explained_by:
        idents = list(dict.fromkeys([incident.explained_by, *idents]))
    links = [known.links.get(ident, Link(text=visible(f"incident {ident}"))) for ident in idents]
    yield from _some_links(links)


def _some_links(links: Sequence[Link]) -> tuple[Link, ...]:
    rest = len(links) - _LINKS
    return (*links[:_LINKS], *([Link(text=f"{rest:,} more")] if rest > 0 else []))


def _waive(incident: Incident, known: Around) -> str:
    """The command that accepts it and what follows from it; none where a waiver does."""
    if not known.waive or incident.waiver:
        return ""
    after = " --with-followers" if incident.id in known.followed else ""
    return f'{known.waive} {quoted(incident.id)}{after} --reason "…" --write'


def _in_noise(dataset: DatasetResult, incident: Incident, known: Around) -> bool:
    noise = known.noise_of(dataset.name)
    if not noise:
        return False
    from parity.model.noise import within

    return within(incident, noise)


def _shown(shown: int, rows: int) -> str:
    if not shown:
        return ""
    return "its rows" if shown >= rows else f"{shown:,} of its {count(rows, 'row')}"


def _more(evidence: Mapping[str, Any]) -> Iterator[str]:
    """What the rule measured, each as one would say it."""
    for name, value in evidence.items():
        if name not in _TOLD:
            yield visible(f"{name.replace('_', ' ')}: {_plain(value)}")


def _plain(value: object) -> str:
    """A piece of evidence as one would say it: `mismatched 492, legacy only 3`."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{str(name).replace('_', ' ')} {_plain(n)}" for name, n in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value))
    return f"{value:,}" if isinstance(value, int) else json.dumps(value, default=str)
