"""The view of all nights: their phases, their calendar, and what was switched between them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from parity.model.checklist import Checklist
from parity.model.verdict import Phase, Side, Verdict
from parity.report.calendar import MonthView, months
from parity.report.nights import NightRow, dataset_names, newest_first
from parity.report.pictures.trends import trend_pictures
from parity.report.pictures.view import TrendPictures
from parity.report.serving import ServingView, SwitchRow, switches_before
from parity.report.words import count, visible

__all__ = ["HistoryView", "PhaseView", "gate_line", "history_view", "phase_link"]

MONTHS = 12  # shown at once; older ones are folded away


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseView:
    """A phase; `link` is its report, empty where there is none.

    `place` numbers the phases with nights from 0, `nights` counts its nights, `told` says how they
    ended, `state` how it stands: left, in force, rolled back, or to come.
    """

    name: str
    value: str
    place: int
    nights: int
    told: str
    span: str
    link: str
    current: bool
    state: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryView:
    """All nights, the newest first.

    `months` are the newest ones, `earlier` those before them. `counts` has each verdict that there
    is with its number of nights. `switches` are those between nights, by the run id of the night
    below. `gate` says how far the phase in force is from the next one; empty: nobody could tell.
    """

    migration: str
    nights: tuple[NightRow, ...]
    names: tuple[str, ...]
    months: tuple[MonthView, ...]
    earlier: tuple[MonthView, ...]
    phases: tuple[PhaseView, ...]
    counts: tuple[tuple[Verdict, int], ...]
    serving: ServingView | None
    switches: dict[str, list[SwitchRow]]
    checklist: bool
    trends: TrendPictures | None = None
    gate: str = ""

    @property
    def holding(self) -> int:
        """How many nights hold for their session."""
        return sum(not night.again for night in self.nights)

    @property
    def latest(self) -> NightRow | None:
        """The newest night."""
        return self.nights[0] if self.nights else None

    def place(self, phase: str) -> int:
        """The number of a phase that has nights."""
        return next(one.place for one in self.phases if one.value == phase)


def history_view(
    rows: Sequence[NightRow],
    *,
    migration: str,
    serving: ServingView | None = None,
    gate: Checklist | None = None,
    checklist: bool = False,
    reported: Collection[str] = (),
) -> HistoryView:
    """What the index shows; `reported` are the phases that have a report to be linked."""
    nights = newest_first(rows)
    found = months(nights)
    return HistoryView(
        migration=visible(migration),
        nights=tuple(nights),
        names=tuple(dataset_names(nights)),
        months=found[:MONTHS],
        earlier=found[MONTHS:],
        phases=_phases(nights, serving, reported),
        counts=_counts(nights),
        serving=serving,
        switches=switches_before(serving, nights),
        trends=trend_pictures([night for night in nights if not night.again]),
        gate=gate_line(gate),
        checklist=checklist,
    )


def phase_link(phase: str) -> str:
    """Where the report of a phase lies in the reports folder."""
    return f"{phase}/index.html"


def gate_line(gate: Checklist | None) -> str:
    """`Cutover: not yet · 0 of 3 in a row · 8 missing · at the earliest 2005-03-08`."""
    if gate is None or not gate.items:
        return ""
    to = (gate.to.value if gate.to else "The end of the migration").replace("_", " ")
    name = f"{to[:1].upper()}{to[1:]}"
    if gate.open:
        return f"{name}: all {len(gate.items):,} conditions hold"
    row = next((item for item in gate.items if item.id.startswith("sessions-")), None)
    needed = row.sessions + len(row.runs) if row else 0
    parts = ["not yet", f"{len(row.runs):,} of {needed:,} in a row"] if row else ["not yet"]
    parts.append(f"{len(gate.red):,} of {len(gate.items):,} conditions missing")
    parts.append(f"at the earliest {gate.earliest}" if gate.earliest else "no date in sight")
    return f"{name}: {' · '.join(parts)}"


def _phases(
    nights: Sequence[NightRow], serving: ServingView | None, reported: Collection[str]
) -> tuple[PhaseView, ...]:
    held: dict[str, list[NightRow]] = {known.value: [] for known in Phase}
    for night in nights:
        held.setdefault(night.phase, []).append(night)
    places = [phase for phase, mine in held.items() if mine]
    return tuple(
        PhaseView(
            name=visible(phase.replace("_", " ")),
            value=phase,
            place=places.index(phase) if mine else len(places),
            nights=len(mine),
            told=_told(mine) if mine else "no night",
            span=_span(mine),
            link=phase_link(phase) if phase in reported else "",
            current=bool(serving and serving.phase == phase),
            state=_state(phase, bool(mine), serving),
        )
        for phase, mine in held.items()
    )


def _span(nights: Sequence[NightRow]) -> str:
    ends = (nights[-1], nights[0]) if nights else ()
    return " to ".join(dict.fromkeys(one.session.isoformat() for one in ends))


def _state(phase: str, nights: bool, serving: ServingView | None) -> str:
    """Where a phase stands beside the one in force."""
    order = [known.value for known in Phase]
    if serving is None or serving.phase not in order or phase not in order:
        return ""
    if phase == serving.phase:
        return "in force"
    if order.index(phase) < order.index(serving.phase):
        return "✓ left"
    tried = phase == Phase.CUTOVER and any(one.to is Side.CANDIDATE for one in serving.switches)
    if tried:
        return "✕ rolled back"
    return "left again" if nights else "to come"


def _told(nights: Sequence[NightRow]) -> str:
    """`12 nights: 10 passed, 1 failed, 1 undecided`."""
    counts = _counts(nights)
    said = {Verdict.PASS: "passed", Verdict.FAIL: "failed", Verdict.UNDECIDED: "undecided"}
    if len(counts) == 1:
        verdict, number = counts[0]
        every = "all " if number > 1 else ""
        return f"{count(number, 'night')}, {every}{said[verdict]}"
    parts = ", ".join(f"{number:,} {said[verdict]}" for verdict, number in counts)
    return f"{count(len(nights), 'night')}: {parts}"


def _counts(nights: Sequence[NightRow]) -> tuple[tuple[Verdict, int], ...]:
    numbers = {verdict: sum(one.verdict is verdict for one in nights) for verdict in Verdict}
    return tuple((verdict, number) for verdict, number in numbers.items() if number)
