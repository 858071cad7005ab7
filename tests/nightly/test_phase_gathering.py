"""What is told of phases, from nights and trail made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from parity.model.checklist import Checklist, Item
from parity.model.lifetime import lifetimes
from parity.model.monitoring import Monitored
from parity.model.phase import PhaseReport
from parity.model.plan import Gates, ManualItem, Plan
from parity.model.result import Incident, RunResult, Scope
from parity.model.trail import TrailEntry
from parity.model.verdict import Phase, Side, Verdict
from parity.nightly.phase_gathering import Sources, reports
from parity.nightly.phase_stays import longest_row, row_at_end
from parity.nightly.phase_trail import LINES
from tests.plan.conftest import FRI, NEXT_WED, THU, TUE, WED, at, night
from tests.report.build import counts, equal

NEXT_THU = date(2005, 2, 24)
DAYS = (WED, THU, FRI, TUE, NEXT_WED, NEXT_THU)
PLAN = Plan(
    gates=Gates(compared=2, passed=3, primary=2),
    checklist=(ManualItem(id="trained", text="The team is trained", phase=Phase.VALIDATION),),
)


def row(number: int, kind: str, moment: datetime, by: str = "ben", **content: Any) -> TrailEntry:
    return entry(number, kind, moment, by, content)


def entry(number: int, kind: str, moment: datetime, by: str, content: dict[str, Any]) -> TrailEntry:
    return TrailEntry(
        number=number, migration="toy", at=moment, kind=kind, by=by, content=content,
        text="", previous="", hash="",
    )  # fmt: skip


def moved(number: int, source: str, to: str, day: date, **content: Any) -> TrailEntry:
    values: dict[str, Any] = {"from": source, "to": to, "why": "so", **content}
    return entry(number, "phase", at(day, 23), "ben", values)


def named(one: RunResult) -> RunResult:
    return replace(one, run_id=f"toy.{one.session}.1")


def told(
    nights: Sequence[RunResult], trail: Sequence[TrailEntry] = (), **values: Any
) -> dict[Phase, PhaseReport]:
    """The reports, where each night was compared on its day before any move of that day."""
    newest_first = sorted(map(named, nights), key=lambda one: one.session, reverse=True)
    days = [one.session for one in newest_first]
    fields: dict[str, Any] = {
        "migration": "toy", "plan": PLAN, "config": "c1", "nights": newest_first, "trail": trail,
        "shown": frozenset((one.phase, one.session) for one in newest_first),
        "open_days": tuple(day for day in DAYS if min(days) <= day <= max(days)),
        "compared": {
            entry.number: max((day for day in days if day <= entry.at.date()), default=None)
            for entry in trail if entry.kind == "phase"
        },
        "due": lambda day: at(day, 20),
        "figures": lambda first, last: f"not asked for {first} to {last}",
    }  # fmt: skip
    return {found.phase: found for found in reports(Sources(**(fields | values)))}


def test_a_migration_that_was_never_moved_is_in_its_first_phase() -> None:
    found = told([night(WED, "parallel_run"), night(FRI, "parallel_run")])
    assert list(found) == [Phase.PARALLEL_RUN]
    first = found[Phase.PARALLEL_RUN]
    assert [(one.day, one.verdict, one.missing) for one in first.sessions] == [
        (WED, Verdict.PASS, False), (THU, None, True), (FRI, Verdict.PASS, False),
    ]  # fmt: skip
    [stay] = first.stays
    assert (stay.first, stay.last, stay.entered, stay.left) == (WED, FRI, None, None)
    assert stay.unknown == "not asked for 2005-02-16 to 2005-02-18"
    assert first.row is not None
    assert (first.row.now, first.row.needed, first.row.longest, first.row.first) == (1, 2, 1, FRI)
    assert (first.in_force, first.as_of) == (True, at(FRI, 20))


WALK = (
    moved(1, "parallel_run", "validation", THU),
    row(2, "override", at(FRI, 22), what="gate", reason="now", red=["drill"]),
    entry(3, "switch", at(FRI, 23), "ben", {"from": "legacy", "to": "candidate", "forced": True}),
    moved(4, "validation", "cutover", FRI, forced=True),
    entry(5, "switch", at(NEXT_WED, 23), "ben", {"to": "legacy", "why": "wrong"}),
    moved(6, "cutover", "validation", NEXT_WED),
)
NIGHTS = (
    night(WED, "parallel_run", verdict=Verdict.FAIL), night(THU, "parallel_run"),
    night(FRI), night(NEXT_WED, "cutover", primary=Side.CANDIDATE), night(NEXT_THU),
)  # fmt: skip


def test_a_phase_that_was_entered_twice_has_two_stays() -> None:
    found = told(NIGHTS, WALK)
    assert list(found) == [Phase.PARALLEL_RUN, Phase.VALIDATION, Phase.CUTOVER]
    validation = found[Phase.VALIDATION]
    assert [(stay.first, stay.last) for stay in validation.stays] == [
        (FRI, FRI),
        (NEXT_THU, NEXT_THU),
    ]
    assert [(one.day, one.stay) for one in validation.sessions] == [(FRI, 0), (NEXT_THU, 1)]
    assert validation.open_days == (FRI, TUE, NEXT_WED, NEXT_THU)
    assert (validation.in_force, found[Phase.CUTOVER].in_force) == (True, False)
    # A row is of one stay: what was compared before does not count again.
    assert validation.row is not None
    assert (validation.row.now, validation.row.longest) == (1, 1)


def test_a_session_without_a_night_is_of_the_phase_in_force_when_it_was_due() -> None:
    cutover = told(NIGHTS, WALK)[Phase.CUTOVER]
    assert [(one.day, one.missing) for one in cutover.sessions] == [(TUE, True), (NEXT_WED, False)]
    assert [one.fault for one in cutover.sessions] == ["no night is stored", ""]
    # Had the switch been made on Tuesday after that night was due, it would be validation's.
    late = [replace(entry, at=at(TUE, 23)) if entry.number == 4 else entry for entry in WALK]
    found = told(NIGHTS, late)
    assert [one.day for one in found[Phase.CUTOVER].sessions] == [NEXT_WED]
    assert [one.day for one in found[Phase.VALIDATION].sessions] == [FRI, TUE, NEXT_THU]


def test_nights_of_long_ago_go_by_when_they_were_compared() -> None:
    """As where old sessions are compared today: by the calendar all were before the first move."""
    today = [replace(entry, at=entry.at + timedelta(days=7_000)) for entry in WALK]
    compared = {1: THU, 4: FRI, 6: NEXT_WED}
    found = told(NIGHTS, today, compared=compared)
    assert {phase: [one.day for one in report.sessions] for phase, report in found.items()} == {
        Phase.PARALLEL_RUN: [WED, THU],
        Phase.VALIDATION: [FRI, TUE, NEXT_THU],  # Tuesday was due before anybody cut over
        Phase.CUTOVER: [NEXT_WED],
    }


def test_a_night_compared_again_in_a_later_phase_is_of_that_phase() -> None:
    again = [*NIGHTS[:1], night(THU), *NIGHTS[2:]]
    found = told(again, WALK)
    assert [one.day for one in found[Phase.PARALLEL_RUN].sessions] == [WED]
    assert [(one.day, one.stay) for one in found[Phase.VALIDATION].sessions] == [
        (THU, 0), (FRI, 0), (NEXT_THU, 1),
    ]  # fmt: skip


def test_a_deleted_night_is_known_by_its_seal() -> None:
    sealed = row(7, "evidence", at(NEXT_WED, 22), run_id="toy.2005-02-22.1", phase="cutover")
    cutover = told(NIGHTS, [*WALK, sealed])[Phase.CUTOVER]
    assert [(one.day, one.deleted, one.missing) for one in cutover.sessions] == [
        (TUE, True, False),
        (NEXT_WED, False, False),
    ]


def test_nights_of_a_phase_that_the_trail_does_not_know() -> None:
    found = told([night(FRI), night(TUE)])
    assert [one.day for one in found[Phase.VALIDATION].sessions] == [FRI, TUE]
    [stay] = found[Phase.VALIDATION].stays
    assert (stay.first, stay.last, found[Phase.VALIDATION].in_force) == (FRI, TUE, False)


def test_who_moved_and_what_was_overridden() -> None:
    found = told(NIGHTS, WALK)
    first = found[Phase.VALIDATION].stays[0]
    assert first.left is not None
    assert (first.left.to, first.left.forced, first.red_after) == ("cutover", True, ("drill",))
    [cutover] = found[Phase.CUTOVER].stays
    assert (cutover.red, cutover.red_after) == (("drill",), ())
    assert [(one.kind, one.says, one.bad) for one in found[Phase.CUTOVER].events] == [
        ("switch", "consumers read the flows (candidate) from now on, through a closed gate", True),
        ("phase", "validation → cutover, through a closed gate: so", True),
        ("switch", "consumers read the scripts (legacy) from now on: wrong", False),
        ("phase", "cutover → validation: so", False),
    ]
    assert ("override", "gate overridden (not holding: drill): now") in [
        (one.kind, one.says) for one in found[Phase.VALIDATION].events
    ]


def test_drills_that_failed_say_why() -> None:
    drills = [
        row(1, "drill", at(WED), ok=False, why_not="the views were locked"),
        row(2, "drill", at(WED), ok=True, seconds_to_switch_back=0.0123),
        row(3, "drill", at(WED)),
    ]
    found = told([night(WED, "parallel_run")], drills)[Phase.PARALLEL_RUN]
    assert [(one.says, one.bad) for one in found.events] == [
        ("the drill failed: the views were locked", True),
        ("the drill succeeded, 0.012 s to switch back", False),
        ("the drill failed: no reason is noted", True),
    ]


def test_the_gate_knows_of_sessions_that_have_no_night_yet() -> None:
    item = Item(id="sessions-compared", title="", ok=False, evidence="0 of 2", sessions=2)
    gate = Checklist(phase=Phase.PARALLEL_RUN, to=Phase.VALIDATION, items=(item,))
    nights = [night(WED, "parallel_run")]
    found = told(nights, gate=gate)[Phase.PARALLEL_RUN]
    assert found.row is not None
    assert (found.row.now, found.row.longest, found.gate) == (0, 1, gate)
    # The gate of another phase is not this one's.
    other = told(nights, gate=replace(gate, phase=Phase.CUTOVER))[Phase.PARALLEL_RUN]
    assert other.gate is None


CONFIGS = (
    row(1, "config", at(WED, 9), hash="c0", text="a: 1\nb: 2\n"),
    row(2, "waivers", at(WED, 9), "anna", hash="w", text="waivers: []\n"),
    moved(3, "parallel_run", "validation", WED),
    row(4, "config", at(THU, 9), hash="c0", text="# note\na: 1\nb: 2\n"),
    row(5, "signature", at(THU, 10), "anna", item="trained", phase="validation", config="c0",
        note="course"),
    row(6, "config", at(THU, 11), "anna", hash="c1", text="# note\na: 1\nb: 3\n"),
    row(7, "signature", at(THU, 12), "anna", item="trained", phase="validation", config="c1",
        note="again"),
    row(8, "waivers", at(THU, 13), hash="", text=""),
)  # fmt: skip


def test_changes_are_those_of_the_stay_each_against_the_one_before() -> None:
    found = told([night(WED, "parallel_run"), night(THU)], CONFIGS)
    first, waivers = found[Phase.PARALLEL_RUN].changes
    assert (first.first, first.added, first.diff) == (True, 2, ())
    assert (waivers.file, waivers.diff) == ("waivers.yaml", ("@@ -0,0 +1 @@", "+waivers: []"))
    same, changed, gone = found[Phase.VALIDATION].changes
    assert (same.same, same.diff) == (True, ("@@ -1,2 +1,3 @@", "+# note", " a: 1", " b: 2"))
    assert (changed.same, changed.by, changed.added, changed.removed) == (False, "anna", 1, 1)
    assert changed.diff == ("@@ -1,3 +1,3 @@", " # note", " a: 1", "-b: 2", "+b: 3")
    assert (gone.diff, gone.removed) == (("@@ -1 +0,0 @@", "-waivers: []"), 1)


def test_a_very_long_change_is_cut() -> None:
    text = "\n".join(map(str, range(15_000)))
    trail = [
        row(1, "config", at(WED), hash="a", text=text),
        row(2, "config", at(WED), hash="b", text=text.replace("1", "one")),
    ]
    [_, change] = told([night(WED, "parallel_run")], trail)[Phase.PARALLEL_RUN].changes
    assert (len(change.diff), change.cut) == (LINES, 30_000 - LINES)
    assert (change.added, change.removed) == (15_000, 15_000)


def test_a_signature_lapses_with_the_config_and_not_when_the_phase_is_left() -> None:
    nights = [night(WED, "parallel_run"), night(THU)]
    lapsed, holds = told(nights, CONFIGS)[Phase.VALIDATION].signatures
    assert (lapsed.lapsed, lapsed.lapsed_at) == ("parity.yaml has changed since", at(THU, 11))
    assert (holds.lapsed, holds.ended, holds.text) == ("", False, "The team is trained")
    # A config that nobody has noted yet lapses it too; one after the phase was left does not.
    unnoted = told(nights, CONFIGS, config="c2")[Phase.VALIDATION].signatures[1]
    assert (unnoted.lapsed, unnoted.lapsed_at) == ("parity.yaml has changed since", None)
    later = (moved(9, "validation", "cutover", THU), row(10, "config", at(THU, 23), hash="c2"))
    held = told(nights, [*CONFIGS, *later], config="c2")[Phase.VALIDATION].signatures[1]
    assert (held.lapsed, held.ended) == ("", True)


def incident(ident: str, rows: int = 1, waiver: str | None = None) -> Incident:
    return Incident(id=ident, cause="rounding", proved=True, rows=rows, columns=("close",),
                    scope=Scope(symbols=("A",)), waiver=waiver)  # fmt: skip


def having(session: date, *incidents: Incident, phase: str = "validation", **values: Any) -> Any:
    rows = sum(one.rows for one in incidents)
    waived = sum(one.rows for one in incidents if one.waiver)
    dataset = equal(
        "prices", verdict=Verdict.FAIL if rows else Verdict.PASS, incidents=incidents,
        rows=counts(5, rows, waived=waived), **values,
    )  # fmt: skip
    return night(session, phase, datasets=(dataset,), verdict=dataset.verdict)


def test_how_long_incidents_lived() -> None:
    nights = [
        having(WED, incident("a", 3), phase="parallel_run"),
        having(THU, incident("a", 5), incident("b")),
        having(FRI, incident("b", waiver="w")),
        having(TUE, explained=False),  # causes could not be looked for: that tells nothing
        having(NEXT_WED, incident("a", 2), incident("b", waiver="w")),
        having(NEXT_THU, incident("b", waiver="w")),
    ]
    a, b = lifetimes(reversed(nights))
    assert (a.id, a.first, a.last, a.nights, a.rows) == ("a", WED, NEXT_WED, 3, 5)
    assert (a.gone, a.returns, a.open, a.opened) == (NEXT_THU, 1, False, "parallel_run")
    assert (b.first, b.last, b.nights, b.gone, b.waiver) == (THU, NEXT_THU, 4, None, "w")
    assert (b.returns, b.open, b.phases) == (0, False, frozenset({"validation"}))


def test_an_incident_is_told_in_each_phase_that_saw_it_and_leads_to_where_it_began() -> None:
    nights = [
        having(WED, incident("a"), phase="parallel_run"),
        having(THU, incident("a"), incident("b")),
    ]
    trail = [moved(1, "parallel_run", "validation", WED)]
    found = told(nights, trail)
    assert [one.link for one in found[Phase.PARALLEL_RUN].incidents] == ["2005-02-16/index.html"]
    assert [one.link for one in found[Phase.VALIDATION].incidents] == [
        "../parallel_run/2005-02-16/index.html", "2005-02-17/index.html",
    ]  # fmt: skip
    hidden = told(nights, trail, shown=frozenset({("validation", THU)}))[Phase.VALIDATION]
    assert [one.link for one in hidden.incidents] == ["", "2005-02-17/index.html"]


def test_rows_of_sessions() -> None:
    good = [(day, day not in (THU,)) for day in DAYS]
    assert longest_row(good) == (FRI, TUE, NEXT_WED, NEXT_THU)
    assert row_at_end(good) == 4
    even = [(WED, True), (THU, False), (FRI, True)]
    assert longest_row(even) == (FRI,)
    assert (longest_row([]), row_at_end([]), row_at_end([(WED, False)])) == ((), 0, 0)


PHASES = st.sampled_from([phase.value for phase in Phase])


@given(st.lists(st.tuples(PHASES, st.sampled_from(DAYS)), max_size=6),
       st.dictionaries(st.sampled_from(DAYS), PHASES, min_size=1))  # fmt: skip
def test_every_session_is_told_in_one_phase_that_of_its_night(
    moves: list[tuple[str, date]], phases: dict[date, str]
) -> None:
    trail: list[TrailEntry] = []
    source = "parallel_run"
    for number, (to, day) in enumerate(sorted(moves, key=lambda move: move[1]), 1):
        trail.append(moved(number, source, to, day))
        source = to
    found = told([night(day, phase) for day, phase in phases.items()], trail)
    days = [one.day for report in found.values() for one in report.sessions]
    assert sorted(days) == [day for day in DAYS if min(phases) <= day <= max(phases)]
    for phase, report in found.items():
        assert {one.day for one in report.sessions if one.verdict} == {
            day for day, of in phases.items() if of == phase.value
        }
    assert sum(report.in_force for report in found.values()) == 1


def test_figures_are_those_of_each_stay() -> None:
    asked: list[tuple[date, date]] = []

    def figures(first: date, last: date) -> Monitored:
        asked.append((first, last))
        return Monitored(migration="toy", sessions=(first, last), lines=())

    found = told(NIGHTS, WALK, figures=figures)
    assert asked == [(WED, THU), (FRI, FRI), (NEXT_THU, NEXT_THU), (TUE, NEXT_WED)]
    last = found[Phase.VALIDATION].stays[1].flows
    assert last is not None
    assert last.sessions == (NEXT_THU, NEXT_THU)
