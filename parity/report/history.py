"""The view of all nights: their phases, their calendar, and what was switched between them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from parity.model.verdict import Phase, Verdict
from parity.report.calendar import MonthView, months
from parity.report.nights import NightRow, dataset_names, newest_first
from parity.report.pictures.trends import trend_pictures
from parity.report.pictures.view import TrendPictures
from parity.report.serving import ServingView, SwitchRow, switches_before
from parity.report.words import count, visible

__all__ = ["HistoryView", "PhaseView", "history_view", "phase_link"]

MONTHS = 12  # shown at once; older ones are folded away


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseView:
    """A phase with nights; `link` is its report, empty where there is none.

    `place` numbers the phases from 0, `nights` counts its nights, `told` says how they ended.
    """

    name: str
    value: str
    place: int
    nights: int
    told: str
    span: str
    link: str
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryView:
    """All nights, the newest first.

    `months` are the newest ones, `earlier` those before them. `counts` has each verdict that there
    is with its number of nights. `switches` are those between nights, by the run id of the night
    below.
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
        trends=trend_pictures(nights),
        checklist=checklist,
    )


def phase_link(phase: str) -> str:
    """Where the report of a phase lies in the reports folder."""
    return f"{phase}/index.html"


def _phases(
    nights: Sequence[NightRow], serving: ServingView | None, reported: Collection[str]
) -> tuple[PhaseView, ...]:
    held: dict[str, list[NightRow]] = {known.value: [] for known in Phase}
    for night in nights:
        held.setdefault(night.phase, []).append(night)
    there = [(phase, mine) for phase, mine in held.items() if mine]
    return tuple(
        PhaseView(
            name=visible(phase.replace("_", " ")),
            value=phase,
            place=place,
            nights=len(mine),
            told=_told(mine),
            span=" to ".join(dict.fromkeys(one.session.isoformat() for one in (mine[-1], mine[0]))),
            link=phase_link(phase) if phase in reported else "",
            current=bool(serving and serving.phase == phase),
        )
        for place, (phase, mine) in enumerate(there)
    )


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
