"""From the report of a phase to what its page shows."""

from __future__ import annotations

from collections.abc import Iterator

from parity.model.phase import PhaseReport, Row
from parity.model.verdict import Phase, Verdict
from parity.report.phase.calendar import calendar
from parity.report.phase.lines import (
    changes_told,
    event_line,
    flows_told,
    importance,
    incident_line,
    lives_told,
    moment,
    signature_line,
)
from parity.report.phase.narrative import narrative
from parity.report.phase.view import PhaseLink, PhaseView
from parity.report.phase.words import date_text, name_of
from parity.report.view import Figure, symbol_of, word_of
from parity.report.words import count, day, visible

__all__ = ["phase_view"]

INCIDENTS = 1_000  # lines of the table; what is still open comes first
_NOTES = 300  # signatures and decisions that are shown, the newest ones


def phase_view(report: PhaseReport, *, checklist: bool = False) -> PhaseView:
    """The page of a phase in words; `checklist`: there is a page of it to be linked."""
    incidents = sorted(report.incidents, key=importance)
    left_out = len(incidents) - INCIDENTS
    before, after = _neighbours(report)
    verdict = _verdict(report)
    return PhaseView(
        migration=visible(report.migration),
        phase=report.phase.value,
        name=name_of(report.phase),
        verdict=verdict,
        seal="…" if verdict is Verdict.UNDECIDED else symbol_of(verdict),
        sentence=_sentence(report),
        answer=_answer(report),
        newest=next((one.link for one in reversed(report.sessions)), ""),
        as_of=moment(report.as_of) if report.as_of else None,
        story=narrative(report),
        figures=tuple(_figures(report)),
        months=calendar(report),
        rows=_rows(report),
        incidents=tuple(map(incident_line, incidents[:INCIDENTS])),
        lives=lives_told(report),
        more=f"{count(left_out, 'more incident')} not listed here" if left_out > 0 else "",
        flows=tuple(flows_told(report)),
        changes=tuple(changes_told(report.changes)),
        signatures=tuple(map(signature_line, report.signatures[-_NOTES:])),
        events=tuple(map(event_line, report.events[-_NOTES:])),
        before=before,
        after=after,
        checklist=checklist,
    )


def _verdict(report: PhaseReport) -> Verdict:
    """Pass where it may be left, or was, through an open gate; fail where it went wrong last.

    A phase in force whose gate is closed is not decided, as is one that was left by force.
    """
    left = report.stays[-1].left
    if left is not None and not report.in_force:
        if _order(left.to) < _order(left.source):
            return Verdict.FAIL
        return Verdict.UNDECIDED if left.forced else Verdict.PASS
    if report.in_force and report.gate is not None and report.gate.open:
        return Verdict.PASS
    newest = report.sessions[-1].verdict if report.sessions else None
    return Verdict.FAIL if newest is Verdict.FAIL else Verdict.UNDECIDED


def _order(phase: str) -> int:
    phases = [known.value for known in Phase]
    return phases.index(phase) if phase in phases else len(phases)


def _sentence(report: PhaseReport) -> str:
    if report.in_force:
        row = report.row
        streak = f": {row.now:,} of {row.needed:,} sessions in a row" if row else ""
        may = ", and may be left" if report.gate is not None and report.gate.open else ""
        return f"in force{streak}{may}"
    left = report.stays[-1].left
    if left is None:
        return "not in force"
    back = "back to" if _order(left.to) < _order(left.source) else "for"
    return f"left {back} {name_of(left.to)}{' through a closed gate' if left.forced else ''}"


def _answer(report: PhaseReport) -> str:
    if not report.sessions:
        return "No night of it is stored; nothing is known."
    newest = report.sessions[-1]
    said = word_of(newest.verdict) if newest.verdict else "no night is stored"
    which = "only" if len(report.sessions) == 1 else "newest"
    again = f"; compared again later in {name_of(newest.again)}" if newest.again else ""
    return f"Its {which} session, {day(newest.day)}: {said}{again}."


def _neighbours(report: PhaseReport) -> tuple[PhaseLink | None, PhaseLink | None]:
    phases = list(report.phases)
    if report.phase not in phases:
        return None, None
    place = phases.index(report.phase)
    return (
        _link(phases[place - 1]) if place else None,
        _link(phases[place + 1]) if place + 1 < len(phases) else None,
    )


def _link(phase: Phase) -> PhaseLink:
    return PhaseLink(name=name_of(phase), link=f"../{phase.value}/index.html", here=False)


def _figures(report: PhaseReport) -> Iterator[Figure]:
    yield Figure(value=f"{len(report.sessions):,}", label="sessions")
    for verdict, label, tone in (
        (Verdict.PASS, "passed", "good"),
        (Verdict.FAIL, "failed", "bad"),
        (Verdict.UNDECIDED, "undecided", "unsure"),
    ):
        number = report.count(verdict)
        yield Figure(value=f"{number:,}", label=label, tone=tone if number else "plain")
    if report.missing:
        yield Figure(value=f"{report.missing:,}", label="without a night", tone="unsure")
    if report.row:
        enough = report.row.longest >= report.row.needed
        yield Figure(
            value=f"{report.row.longest:,}",
            label=f"longest row; {report.row.needed:,} needed",
            tone="good" if enough else "plain",
        )
    still = sum(life.open for life in report.incidents)
    yield Figure(value=f"{still:,}", label="incidents open", tone="bad" if still else "plain")
    yield Figure(value=f"{report.sealed:,} of {report.nights:,}", label="nights sealed")


def _rows(report: PhaseReport) -> str:
    """The longest row and the one at the end; empty where the phase asks for none."""
    row = report.row
    if row is None:
        return ""
    if row.first is None or row.last is None:
        return f"No session counted so far; {row.needed:,} in a row are needed."
    span = date_text(row.first)
    if row.first != row.last:
        span = f"{span} to {date_text(row.last)}"
    end = "now" if report.in_force else "when the phase was left"
    now = " by what parity.yaml asks now" if _other(row) else ""
    then = f" {row.asked:,} were asked for when the phase was left." if _other(row) else ""
    return (
        f"Longest row: {count(row.longest, 'session')}, {span}. In a row {end}: {row.now:,}, of "
        f"{row.needed:,} needed{now}.{then}{_cut(report)}"
    )


def _other(row: Row) -> bool:
    """Whether another number was asked for when the phase was left."""
    return row.asked is not None and row.asked != row.needed


def _cut(report: PhaseReport) -> str:
    """Why a row is shorter than the calendar looks: a move ends it."""
    last = report.row.last if report.row else None
    for session in report.sessions:
        if last is not None and session.day > last:
            stay = next((one for one in report.stays if one.last == last), None)
            if session.fault or stay is None or stay.left is None:
                return ""
            to = name_of(stay.left.to)
            return f" The move to {to} after the session of {date_text(last)} ended that row."
    return ""
