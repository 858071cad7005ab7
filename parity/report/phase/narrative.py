"""A phase in a few plain sentences, to be forwarded as they are.

Each sentence is computed from the report, and one of which nothing is known is left out. Names that
people chose (symbols, datasets, reasons) are made visible and cut where they are long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parity.model.checklist import Checklist, Item, Move
from parity.model.phase import PhaseReport, PhaseSession, Row
from parity.model.phrases import title
from parity.model.verdict import Phase, Verdict
from parity.model.waiver import WaiverState, WaiverUse
from parity.report.phase.reliability import reliability
from parity.report.phase.troubles import troubles
from parity.report.phase.words import anded, cut, date_text, name_of
from parity.report.words import EXCHANGE_ZONE, count, visible

__all__ = ["narrative"]

_PURPOSE = {
    Phase.PARALLEL_RUN: "scripts and flows both run every session, each into its own tables, and "
    "what differs is found and explained; consumers read what the scripts write",
    Phase.VALIDATION: "scripts and flows must write the same, session after session, before "
    "anybody relies on the flows; consumers read what the scripts write",
    Phase.CUTOVER: "consumers read what the flows write; the scripts still run and are still "
    "compared, so that there is a way back",
    Phase.CLEANUP: "the scripts' tables, which consumers read no more, are put away",
}
_ROW = {
    Phase.PARALLEL_RUN: "were compared",
    Phase.VALIDATION: "passed",
    Phase.CUTOVER: "were compared while consumers read the flows",
}
_NAMED = 3  # waivers that are named; the others are counted
_ASKED = 4
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def narrative(report: PhaseReport) -> tuple[str, ...]:
    """Three to nine sentences."""
    told = (
        _purpose(report),
        _span(report),
        _moves(report),
        _row(report),
        troubles(report),
        _again(report),
        _accepted(report),
        reliability(report),
        _next(report),
    )
    return tuple(sentence for sentence in told if sentence)


def _purpose(report: PhaseReport) -> str:
    return (
        f"In phase {name_of(report.phase)} of migration {cut(report.migration)}, "
        f"{_PURPOSE[report.phase]}."
    )


def _span(report: PhaseReport) -> str:
    spans = list(_spans(report))
    if not report.sessions:
        since = report.stays[-1].entered
        begun = f"began on {_moved(since)}" if since else "is the migration's first phase"
        return f"It {begun}; no night of it is stored."
    return f"It {anded(spans)}: {_counted(report)}."


def _spans(report: PhaseReport) -> Iterator[str]:
    for number, stay in enumerate(report.stays):
        again = "again " if number else ""
        if stay.first is None or stay.last is None:
            continue
        if stay.left is None and report.in_force:
            yield f"has been in force {again}since the session of {date_text(stay.first)}"
        elif stay.first == stay.last:
            yield f"lasted {again}one session, that of {date_text(stay.first)}"
        else:
            span = f"the session of {date_text(stay.first)} to that of {date_text(stay.last)}"
            yield f"lasted {again}from {span}"


def _counted(report: PhaseReport) -> str:
    """`15 sessions, of which 10 passed, 3 failed and 2 have no night`."""
    deleted = sum(session.deleted for session in report.sessions)
    why = _undecided(report.sessions)
    parts = [
        (report.count(Verdict.PASS), "passed", "passed"),
        (report.count(Verdict.FAIL), "failed", "failed"),
        (report.count(Verdict.UNDECIDED), f"was undecided{why}", f"were undecided{why}"),
        (report.missing, "has no night", "have no night"),
        (deleted, "is not kept any more", "are not kept any more"),
    ]
    known = [(number, one if number == 1 else more) for number, one, more in parts if number]
    whole = count(len(report.sessions), "session")
    if len(known) == 1:
        [(number, verb)] = known
        only = report.sessions[0]
        why = f" ({cut(only.told)})" if only.verdict is Verdict.FAIL and only.told else ""
        return f"{whole}, which {verb}{why}" if number == 1 else f"{whole}, all of which {verb}"
    return f"{whole}, of which {anded([f'{number:,} {verb}' for number, verb in known])}"


def _moves(report: PhaseReport) -> str:
    """How it was left, how it was entered again, and what was overridden."""
    told: list[str] = []
    last = report.stays[-1]
    if last.entered and (last.entered.forced or len(report.stays) > 1):
        again = "again " if len(report.stays) > 1 else ""
        told.append(f"entered {again}{_way(last.entered, last.red)}")
    if last.left:
        back = report.phase is Phase.CUTOVER and last.left.to == Phase.VALIDATION
        how = "rolled back to" if back else "left for"
        told.append(f"{how} {name_of(last.left.to)} {_way(last.left, last.red_after)}")
    return f"It was {' and '.join(told)}." if told else ""


def _way(move: Move, red: Sequence[str]) -> str:
    """`on 3 March 2005 by anna, through a closed gate (drill did not hold; “we must”)`."""
    way = f"on {_moved(move)} by {cut(move.by, 60)}"
    why = f"“{cut(move.why)}”" if move.why else ""
    if not move.forced:
        return f"{way} ({why})" if why else way
    rest = [f"{len(red) - _ASKED:,} more"] if len(red) > _ASKED else []
    names = [*(cut(item, 60) for item in red[:_ASKED]), *rest]
    items = f"{anded(names)} did not hold" if red else ""
    inside = "; ".join(part for part in (items, why) if part)
    return f"{way}, through a closed gate{f' ({inside})' if inside else ''}"


def _moved(move: Move) -> str:
    return date_text(move.at.astimezone(EXCHANGE_ZONE).date())


def _row(report: PhaseReport) -> str:
    row = report.row
    if row is None or not report.sessions:
        return ""
    verb = _ROW[report.phase]
    longest = f"the longest row was {count(row.longest, 'session')}" if row.longest else (
        "there was no row of such sessions"
    )  # fmt: skip
    if not report.in_force:
        asked = row.needed if row.asked is None else row.asked
        now = "" if asked == row.needed else f" (parity.yaml asks for {row.needed:,} now)"
        needed = f"{count(asked, 'session')} in a row must have {_had(verb)}{now}"
        return f"To leave it {needed}; {longest}."
    return f"{_now(row, verb)}; {longest}."


def _had(verb: str) -> str:
    return verb.replace("were ", "been ", 1)


def _now(row: Row, verb: str) -> str:
    if not row.now:
        needed = count(row.needed, "session")
        return f"Of {needed} in a row that must have {_had(verb)} none counts now"
    one = verb.replace("were ", "was ", 1) if row.now == 1 else verb
    newest = "The newest session" if row.now == 1 else f"The newest {row.now:,} sessions"
    return f"{newest} {one}, of {row.needed:,} needed in a row"


def _undecided(sessions: Sequence[PhaseSession]) -> str:
    """Why the newest undecided session was that."""
    told = [cut(one.told) for one in sessions if one.verdict is Verdict.UNDECIDED and one.told]
    newest = "the newest: " if len(told) > 1 else ""
    return f" ({newest}{told[-1]})" if told else ""


def _accepted(report: PhaseReport) -> str:
    if not report.nights:
        return ""
    used = [use for use in report.waivers if use.state is WaiverState.USED]
    expired = sum(use.state is WaiverState.EXPIRED for use in report.waivers)
    over = sum(use.state is WaiverState.OVER_CAP for use in report.waivers)
    bad = [
        f"{number:,} {'has' if number == 1 else 'have'} {what}"
        for number, what in ((expired, "expired"), (over, "more rows than allowed"))
        if number
    ]
    tail = f" ({anded(bad)})" if bad else ""
    if not used:
        return f"On its newest night nothing was accepted by a waiver{tail}."
    rest = f"; and {len(used) - _NAMED:,} more" if len(used) > _NAMED else ""
    return (
        f"On its newest night waivers accepted {'; '.join(map(_use, used[:_NAMED]))}{rest}{tail}."
    )


def _use(use: WaiverUse) -> str:
    waiver = use.waiver
    return (
        f"{count(use.rows, 'row')} of {cut(waiver.dataset, 60)} ({visible(title(waiver.cause))}), "
        f"for which {cut(waiver.owner, 60)} answers until {date_text(waiver.expires)}"
    )


def _next(report: PhaseReport) -> str:
    if not report.in_force:
        return ""
    gate = report.gate
    if gate is None:
        return "What is missing to leave it could not be told."
    to = f"For {name_of(gate.to.value)}" if gate.to else "To end the migration"
    if gate.open:
        number = len(gate.items)
        all_ = "the only condition holds" if number == 1 else f"all {number:,} conditions hold"
        return f"{to} nothing is missing: {all_}."
    if not gate.items:
        return "It is the last phase, and nothing is left to sign."
    parts = _asked_for(gate)
    rest = [f"{len(parts) - _ASKED:,} more"] if len(parts) > _ASKED else []
    asked = f"{len(gate.red):,} of {len(gate.items):,} conditions are"
    if len(gate.items) == 1:
        asked = "the only condition is"
    named = anded([*parts[:_ASKED], *rest])
    return f"{to} {asked} missing: {named}; {_earliest(report, gate)}."


def _asked_for(gate: Checklist) -> list[str]:
    """What is to be done: what is only counted on the sessions in a row is told with them."""
    todo = gate.to_do
    signed = [item for item in todo if item.manual]
    parts = [_missing(item, gate) for item in todo if not item.manual]
    if len(signed) == 1:
        parts.append(f"a signature that “{cut(signed[0].title)}”")
    elif signed:
        parts.append(f"{_number(len(signed))} signatures")
    return parts


def _missing(item: Item, gate: Checklist) -> str:
    """What is to be done, without the command that does it."""
    if item.id.startswith("sessions-"):
        more = "more " if item.runs else ""
        kind = "passed " if item.id == "sessions-passed" else ""
        waits = len(gate.waiting)
        checks = f"{_number(waits)} check{' is' if waits == 1 else 's are'} counted on those"
        row = f"{item.sessions:,} {more}{kind}session{'' if item.sessions == 1 else 's'} in a row"
        return f"{row} ({checks})" if waits else row
    if item.id == "drill":
        return "a new drill" if item.since_why != "there was no drill" else "a drill"
    return cut((item.missing or item.evidence).split(": parity ")[0])


def _number(number: int) -> str:
    return _NUMBERS[number] if number < len(_NUMBERS) else f"{number:,}"


def _earliest(report: PhaseReport, gate: Checklist) -> str:
    if gate.earliest is None:
        return "when all could hold lies beyond the exchange's calendar"
    still = any(life.open for life in report.incidents)
    only = "and only if what is open now is mended or accepted before the next night"
    when = f"all could hold on {date_text(gate.earliest)} at the earliest"
    return f"{when}, {only}" if still else f"if all goes well from now on, {when}"


def _again(report: PhaseReport) -> str:
    """What became of sessions that were compared again in another phase."""
    again = [session for session in report.sessions if session.again]
    if not again:
        return ""
    said = {Verdict.PASS: "passed", Verdict.FAIL: "failed", Verdict.UNDECIDED: "was undecided"}
    told = [
        f"the session of {date_text(one.day)} was compared again in {name_of(one.again)}"
        f"{f' and {said[one.again_verdict]}' if one.again_verdict else ''}"
        for one in again[:_NAMED]
    ]
    rest = [f"so were {len(again) - _NAMED:,} more"] if len(again) > _NAMED else []
    whole = anded([*told, *rest])
    return f"{whole[0].upper()}{whole[1:]}."
