"""All that is told of the phases of a migration, from nights and trail. Pure, but for the figures.

What the database and the exchange's calendar have to say is given; see `Sources`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from parity.gates.streaks import Fault, as_primary, compared, passed
from parity.model.checklist import Checklist
from parity.model.lifetime import Lifetime, lifetimes
from parity.model.monitoring import Monitored
from parity.model.phase import PhaseReport, PhaseSession, Row, Stay
from parity.model.plan import Plan
from parity.model.result import RunResult
from parity.model.trail import TrailEntry, TrailKind
from parity.model.verdict import Phase
from parity.nightly.phase_stays import Span, longest_row, place, row_at_end, spans
from parity.nightly.phase_trail import changes, events, signatures

__all__ = ["Sources", "reports"]

_FAULTS: dict[Phase, Fault] = {
    Phase.PARALLEL_RUN: compared,
    Phase.VALIDATION: passed,
    Phase.CUTOVER: as_primary,
}
Figures = Callable[[date, date], Monitored | str]  # or why they are not known


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What the phases are told from.

    Attributes:
        migration: whose.
        plan: what the gates ask for, and what is signed.
        config: hash of the config in force.
        nights: the run that holds for each session, newest first.
        superseded: runs that hold no more, as their session was compared again in another phase.
        shown: phase and session of each night that has a page.
        trail: rows of phase_trail.KINDS, oldest first.
        open_days: sessions of the exchange, from the first with a night to the newest.
        compared: by the number of a move's row, the newest session compared by then.
        due: the moment of a session's night.
        figures: how scripts and flows have run from one session to another.
        gate: of the phase in force; None where nobody could tell.
    """

    migration: str
    plan: Plan
    config: str
    nights: Sequence[RunResult] = ()
    superseded: Sequence[RunResult] = ()
    shown: frozenset[tuple[str, date]] = frozenset()
    trail: Sequence[TrailEntry] = ()
    open_days: tuple[date, ...] = ()
    compared: Mapping[int, date | None] = field(default_factory=dict)
    due: Callable[[date], datetime]
    figures: Figures
    gate: Checklist | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Whole:
    """What is the same for all phases."""

    sources: Sources
    runs: Mapping[date, RunResult]
    sealed: Mapping[date, str]  # the phase of a session's newest sealed run
    stays: tuple[Span, ...]
    places: Mapping[date, int]  # each session's stay
    lives: tuple[Lifetime, ...]
    phases: tuple[Phase, ...]


def reports(sources: Sources) -> Iterator[PhaseReport]:
    """A report for each phase that the migration has been in or has nights of."""
    whole = _whole(sources)
    for phase in whole.phases:
        yield _report(whole, phase)


def _whole(sources: Sources) -> _Whole:
    runs = {night.session: night for night in sources.nights}
    sealed = _sealed(sources)
    stays = spans(
        sources.trail, sources.open_days, runs.keys() | sealed.keys(), compared=sources.compared,
        due=sources.due,
    )  # fmt: skip
    phases = sealed | {session: run.phase for session, run in runs.items()}
    both = (*sources.nights, *sources.superseded)
    been = {stay.phase.value for stay in stays} | {run.phase for run in both}
    return _Whole(
        sources=sources,
        runs=runs,
        sealed=sealed,
        stays=stays,
        places=place(stays, sources.open_days, phases),
        lives=lifetimes(sources.nights),
        phases=tuple(phase for phase in Phase if phase.value in been),
    )


def _sealed(sources: Sources) -> dict[date, str]:
    """Of each session that was ever sealed, the phase of its newest run; also of deleted ones."""
    found: dict[date, str] = {}
    for entry in sources.trail:
        run_id = str(entry.content.get("run_id", ""))
        if entry.kind == TrailKind.EVIDENCE and (session := _session(sources.migration, run_id)):
            found[session] = str(entry.content.get("phase", ""))
    return found


def _session(migration: str, run_id: str) -> date | None:
    """The session of a run by its id, `MIGRATION.SESSION.NUMBER`."""
    start, _, _ = run_id.removeprefix(f"{migration}.").partition(".")
    try:
        return date.fromisoformat(start)
    except ValueError:
        return None


def _report(whole: _Whole, phase: Phase) -> PhaseReport:
    sources = whole.sources
    spans_here = [stay for stay in whole.stays if stay.phase is phase]
    sessions = tuple(_sessions(whole, phase, spans_here))
    runs = [run for run in (*sources.nights, *sources.superseded) if run.phase == phase.value]
    newest = max(runs, key=lambda run: run.session, default=None)
    in_force = whole.stays[-1].phase is phase
    asked = sources.gate if in_force and _of(sources.gate, phase) else None
    texts = {item.id: item.text for item in sources.plan.checklist}
    first, last = (sessions[0].day, sessions[-1].day) if sessions else (date.max, date.min)
    sealed = {entry.content.get("run_id") for entry in sources.trail
              if entry.kind == TrailKind.EVIDENCE}  # fmt: skip
    return PhaseReport(
        migration=sources.migration,
        phase=phase,
        in_force=in_force,
        stays=tuple(_stays(whole, spans_here, sessions)),
        sessions=sessions,
        open_days=tuple(day for day in sources.open_days if first <= day <= last),
        row=_row(sources, phase, sessions, max(0, len(spans_here) - 1), asked, spans_here),
        incidents=tuple(_incidents(whole, phase)),
        waivers=newest.waivers if newest else (),
        changes=changes(sources.trail, spans_here),
        signatures=signatures(sources.trail, spans_here, texts=texts, config=sources.config),
        events=events(sources.trail, spans_here),
        sealed=sum(run.run_id in sealed for run in runs),
        gate=asked,
        as_of=sources.nights[0].as_of if sources.nights else None,
        phases=whole.phases,
    )


def _of(gate: Checklist | None, phase: Phase) -> bool:
    return gate is not None and gate.phase is phase


def _sessions(whole: _Whole, phase: Phase, stays: Sequence[Span]) -> Iterator[PhaseSession]:
    """Its sessions, those among them that were compared again in another phase later."""
    found = [*_holding(whole, phase, stays), *_again(whole, phase, stays)]
    yield from sorted(found, key=lambda session: session.day)


def _again(whole: _Whole, phase: Phase, stays: Sequence[Span]) -> Iterator[PhaseSession]:
    numbers = {whole.stays.index(stay): number for number, stay in enumerate(stays)}
    for run in whole.sources.superseded:
        later = whole.runs.get(run.session)
        if run.phase != phase.value or later is None:
            continue
        placed = place(whole.stays, [run.session], {run.session: run.phase})
        yield PhaseSession(
            day=run.session,
            verdict=run.verdict,
            stay=numbers.get(placed.get(run.session, -1), 0),
            fault=f"it was compared again in {later.phase.replace('_', ' ')}",
            told=run.reasons[0] if run.reasons else "",
            link=_link(whole, run),
            again=later.phase,
            again_verdict=later.verdict,
        )


def _link(whole: _Whole, run: RunResult) -> str:
    """The page of a night from its phase's; empty where it has none."""
    there = (run.phase, run.session) in whole.sources.shown
    return f"{run.session.isoformat()}/index.html" if there else ""


def _holding(whole: _Whole, phase: Phase, stays: Sequence[Span]) -> Iterator[PhaseSession]:
    numbers = {whole.stays.index(stay): number for number, stay in enumerate(stays)}
    for day in whole.sources.open_days:
        run = whole.runs.get(day)
        # A night may be of a phase that the trail knows nothing of.
        strange = not stays and run is not None and run.phase == phase.value
        if not strange and whole.places.get(day) not in numbers:
            continue
        yield PhaseSession(
            day=day,
            verdict=run.verdict if run else None,
            stay=numbers.get(whole.places.get(day, -1), 0),
            deleted=run is None and day in whole.sealed,
            fault=_fault(phase, run),
            told=run.reasons[0] if run and run.reasons else "",
            link=_link(whole, run) if run else "",
        )


def _fault(phase: Phase, run: RunResult | None) -> str:
    if run is None:
        return "no night is stored"
    rule = _FAULTS.get(phase)
    return rule(run) if rule else ""


def _stays(
    whole: _Whole, stays: Sequence[Span], sessions: Sequence[PhaseSession]
) -> Iterator[Stay]:
    # Where the trail knows of none, its nights are one stay.
    for number, stay in enumerate(stays or [Span(phase=Phase.PARALLEL_RUN)]):
        days = [session.day for session in sessions if session.stay == number]
        after = next((one for one in whole.stays if one.begin == stay.end), None)
        told = Stay(
            first=days[0] if days else None,
            last=days[-1] if days else None,
            entered=stay.entered,
            left=stay.left,
            red=stay.red,
            red_after=after.red if after and stay.end is not None else (),
        )
        if days:
            found = whole.sources.figures(days[0], days[-1])
            told = (
                replace(told, unknown=found)
                if isinstance(found, str)
                else replace(told, flows=found)
            )
        yield told


def _row(
    sources: Sources,
    phase: Phase,
    sessions: Sequence[PhaseSession],
    newest: int,
    gate: Checklist | None,
    stays_here: Sequence[Span],
) -> Row | None:
    if phase not in _FAULTS:
        return None
    stays: dict[int, list[tuple[date, bool]]] = {}
    for session in sessions:
        stays.setdefault(session.stay, []).append((session.day, not session.fault))
    rows = [longest_row(counted) for counted in stays.values()]
    longest = max(reversed(rows), key=len, default=())
    now = row_at_end(stays.get(newest, []))
    gates = sources.plan.gates
    needed = {
        Phase.PARALLEL_RUN: gates.compared, Phase.VALIDATION: gates.passed,
        Phase.CUTOVER: gates.primary,
    }[phase]  # fmt: skip
    return Row(
        now=_as_the_gate(gate, now),
        needed=needed,
        asked=_asked(phase, stays_here),
        longest=len(longest),
        first=longest[0] if longest else None,
        last=longest[-1] if longest else None,
    )


def _asked(phase: Phase, stays: Sequence[Span]) -> int | None:
    """How many sessions the newest move to the next phase rests on: as many as were asked for."""
    order = [known.value for known in Phase]
    for stay in reversed(stays):
        move = stay.left
        if move is None or move.forced or move.to not in order or not move.evidence:
            continue
        if order.index(move.to) > order.index(phase.value):
            return len(move.evidence)
    return None


def _as_the_gate(gate: Checklist | None, now: int) -> int:
    """The gate knows sessions that have no night yet; it counts no further than it needs."""
    item = next((one for one in gate.items if not one.manual), None) if gate else None
    if item is None or not item.id.startswith("sessions-") or item.ok:
        return now
    return len(item.runs)


def _incidents(whole: _Whole, phase: Phase) -> Iterator[Lifetime]:
    for life in whole.lives:
        if phase.value in life.phases:
            there = (life.opened, life.first) in whole.sources.shown
            link = f"{life.first.isoformat()}/index.html"
            way = "" if life.opened == phase.value else f"../{life.opened}/"
            yield replace(life, link=f"{way}{link}" if there else "")
    yield from _incidents_again(whole, phase)


def _incidents_again(whole: _Whole, phase: Phase) -> Iterator[Lifetime]:
    """Those that only the earlier runs of sessions saw that were compared again."""
    known = {(life.dataset, life.id) for life in whole.lives if phase.value in life.phases}
    still = {(life.dataset, life.id): life for life in whole.lives}
    runs = {run.session: run for run in whole.sources.superseded if run.phase == phase.value}
    for life in lifetimes(runs.values()):
        ident = life.dataset, life.id
        if ident in known:
            continue
        # Compared again it was not there, unless another night says so.
        gone = still[ident].gone if ident in still else life.gone or life.last
        yield replace(life, gone=gone, link=_link(whole, runs[life.first]))
