"""The tables of a phase's page, line by line: incidents, flows, changes, signatures, decisions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from statistics import median

from parity.model.lifetime import Lifetime
from parity.model.phase import Change, Event, PhaseReport, SignOff
from parity.model.phrases import title
from parity.model.trail import TrailKind
from parity.report.phase.reliability import flow_lines
from parity.report.phase.view import (
    ChangeView,
    EventView,
    FlowsView,
    IncidentLine,
    Moment,
    SignOffView,
)
from parity.report.phase.words import cut, date_text
from parity.report.serving import moment_text
from parity.report.words import count, some_of, visible

__all__ = [
    "changes_told",
    "event_line",
    "flows_told",
    "importance",
    "incident_line",
    "lives_told",
    "moment",
    "signature_line",
]

DIFFS = 150_000  # characters of all diffs together
_FOLD = 14  # longer diffs are folded
_LINE = 400
_STATES = {"open": ("✕", "fail", 0), "waived": ("≈", "undecided", 1), "resolved": ("✓", "pass", 2)}
_WHAT = {
    TrailKind.PHASE.value: "phase", TrailKind.SWITCH.value: "switch",
    TrailKind.DRILL.value: "drill", TrailKind.OVERRIDE.value: "override",
}  # fmt: skip


def moment(at: datetime) -> Moment:
    """In New York's time, in UTC, and for machines."""
    utc = at.astimezone(UTC)
    return Moment(
        text=moment_text(at),
        utc=f"{utc:%Y-%m-%d %H:%M} UTC",
        iso=utc.isoformat(timespec="seconds"),
    )


def importance(life: Lifetime) -> tuple[int, int, int]:
    """Open ones first; then the newest."""
    return _STATES[_state(life)][2], -life.first.toordinal(), -life.rows


def _state(life: Lifetime) -> str:
    if life.gone is not None:
        return "resolved"
    return "open" if life.waiver is None else "waived"


def incident_line(life: Lifetime) -> IncidentLine:
    """An incident with its state as of the newest night."""
    state = _state(life)
    symbol, tone, order = _STATES[state]
    gone = f"gone on {life.gone}" if life.gone else ""
    by = f"waiver {cut(life.waiver, 60)}" if life.waiver and not life.gone else ""
    back = f"came back {count(life.returns, 'time')}" if life.returns else ""
    follows = "follows from another" if life.follows else ""
    return IncidentLine(
        state=state,
        symbol=symbol,
        tone=tone,
        order=order,
        cause=cut(title(life.cause), 80),
        note=", ".join(part for part in (gone, by, follows, back) if part),
        dataset=cut(life.dataset, 60),
        symbols=cut(some_of(life.symbols), 80),
        rows=life.rows,
        first=life.first.isoformat(),
        last=life.last.isoformat(),
        nights=life.nights,
        link=life.link,
    )


def lives_told(report: PhaseReport) -> str:
    """How many there were, what became of them, and how long those lived that are gone."""
    lives = report.incidents
    if not lives:
        return ""
    earlier = sum(life.opened != report.phase.value for life in lives)
    states = [_state(life) for life in lives]
    parts = [f"{states.count(state):,} {state}" for state in _STATES]
    told = f"{count(len(lives), 'incident')}, as of the newest night: {', '.join(parts)}."
    if earlier:
        told += f" {earlier:,} of them began in another phase."
    nights = [life.nights for life in lives if life.gone is not None]
    if nights:
        half = median(nights)
        shown = f"{half:g} night{'' if half == 1 else 's'}"
        told += f" What is resolved lived {shown} at the median, {max(nights):,} at most."
    return told


def flows_told(report: PhaseReport) -> Iterator[FlowsView]:
    """How scripts and flows have run in each stay with sessions, or why nobody can tell."""
    for stay in report.stays:
        if stay.first is None or stay.last is None:
            continue
        span = f"{date_text(stay.first)} to {date_text(stay.last)}"
        found = stay.flows
        notes = [stay.unknown] if stay.unknown else list(found.notes) if found else []
        yield FlowsView(
            span=span,
            lines=tuple(flow_lines(found)) if found else (),
            notes=tuple(cut(note, _LINE) for note in notes),
        )


def changes_told(changes: Sequence[Change]) -> Iterator[ChangeView]:
    """The newest first; once there is no room for more their lines are only counted."""
    room = DIFFS
    for change in reversed(changes):
        lines = [visible(line, most=None)[:_LINE] for line in change.diff]
        size = sum(map(len, lines))
        fits = size <= room
        room -= size if fits else 0
        hidden = change.cut + (0 if fits else len(lines))
        yield ChangeView(
            file=change.file,
            by=cut(change.by, 60),
            at=moment(change.at),
            says=_says(change),
            diff=tuple((_class(line), line) for line in lines) if fits else (),
            cut=f"{count(hidden, 'line')} more: see row {change.number:,} of the trail"
            if hidden else "",
            folded=len(lines) > _FOLD,
        )  # fmt: skip


def _says(change: Change) -> str:
    if change.first:
        return f"first on record, {count(change.added, 'line')}"
    told = f"{count(change.added, 'line')} added, {count(change.removed, 'line')} removed"
    return f"{told}; it means what it meant before" if change.same else told


def _class(line: str) -> str:
    return {"+": "add", "-": "del", "@": "at"}.get(line[:1], "")


def signature_line(one: SignOff) -> SignOffView:
    """A signature, and whether it holds."""
    state = "lapsed: the phase was left, until then it held" if one.ended else "holds"
    if one.lapsed:
        when = f" ({moment_text(one.lapsed_at)})" if one.lapsed_at else ""
        state = f"lapsed: {one.lapsed}{when}"
    return SignOffView(
        item=cut(one.item, 80),
        text=cut(one.text, 300),
        by=cut(one.by, 60),
        at=moment(one.at),
        note=cut(one.note, 300),
        state=state,
        ok=not one.lapsed and not one.ended,
        ended=one.ended and not one.lapsed,
    )


def event_line(one: Event) -> EventView:
    """A decision or a drill."""
    return EventView(
        at=moment(one.at),
        by=cut(one.by, 60),
        what=_WHAT.get(one.kind, visible(one.kind)),
        says=cut(one.says, 400),
        bad=one.bad,
    )
