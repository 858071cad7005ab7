"""Each item of a gate, red and green, from facts made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from parity.gates.drills import drill
from parity.gates.facts import Facts
from parity.gates.flows import Told, flow_success, succeeded
from parity.gates.gate import earliest, gate
from parity.gates.newest import coverage, unexplained, waivers
from parity.gates.sessions import flow_time, selftest, streak_item, streak_of
from parity.gates.signatures import signed
from parity.model.audit import Coverage
from parity.model.checklist import Item
from parity.model.monitoring import Figures, Monitored, RunKind, States
from parity.model.plan import Gates, ManualItem
from parity.model.result import Incident, RunResult, Scope
from parity.model.selftest import CauseScore, SelfTest
from parity.model.trail import TrailEntry
from parity.model.verdict import Phase, Side, Verdict
from parity.model.waiver import Waiver, WaiverState, WaiverUse
from tests.plan.conftest import FRI, NEXT_WED, THU, TUE, WED, at, jobs, night
from tests.report.build import counts, different, equal, pair

SESSIONS = (WED, THU, FRI, TUE)
GATES = Gates(compared=2, passed=3, primary=2)


def row(number: int, kind: str, moment: datetime, **content: Any) -> TrailEntry:
    return TrailEntry(
        number=number, migration="toy", at=moment, kind=kind, by="ben", content=content,
        text="", previous="", hash="",
    )  # fmt: skip


BEGAN = row(1, "phase", at(WED, 9), to="validation")


def numbered(run: RunResult) -> RunResult:
    return replace(run, run_id=f"toy.{run.session}.1")


def facts(*nights: RunResult, **values: Any) -> Facts:
    """Tuesday evening in validation, which began on Wednesday morning."""
    fields: dict[str, Any] = {
        "phase": Phase.VALIDATION,
        "began": BEGAN,
        "config": "c1",
        "gates": GATES,
        "datasets": ("prices",),
        "limits": {"new": timedelta(seconds=20)},
        "sessions": SESSIONS,
        "nights": tuple(sorted(map(numbered, nights), key=lambda one: one.session, reverse=True)),
        "now": at(TUE, 23),
        "day": lambda moment: moment.astimezone(at(TUE).tzinfo).date(),
        "link": lambda run: f"{run.phase}/{run.session}/index.html",
    }
    return Facts(**(fields | values))


ALL = tuple(night(day) for day in SESSIONS)


def test_a_full_streak_names_its_runs() -> None:
    found = facts(*ALL)
    item = streak_item(found, streak_of(found))
    assert item.ok
    assert item.evidence == (
        "3 of 3: 2005-02-17 to 2005-02-22 (runs toy.2005-02-17.1 to toy.2005-02-22.1)"
    )
    assert item.runs == ("toy.2005-02-17.1", "toy.2005-02-18.1", "toy.2005-02-22.1")
    assert (item.link, item.missing, item.sessions) == ("validation/2005-02-22/index.html", "", 0)


def test_a_broken_streak_says_where_and_what_is_missing() -> None:
    found = facts(*ALL[:2], night(FRI, verdict=Verdict.UNDECIDED), ALL[3])
    item = streak_item(found, streak_of(found))
    assert not item.ok
    assert item.evidence == (
        "1 of 3: 2005-02-22 (run toy.2005-02-22.1); 2005-02-18: the night is undecided"
    )
    assert (item.since, item.since_why) == (FRI, "the night is undecided")
    assert (item.missing, item.sessions) == ("2 more sessions to pass", 2)
    assert item.link == "validation/2005-02-18/index.html"


def test_nights_of_another_phase_or_stay_do_not_count() -> None:
    found = facts(night(WED), night(THU, "parallel_run"), *ALL[2:])
    item = streak_item(found, streak_of(found))
    assert item.evidence.startswith("2 of 3: 2005-02-18 to 2005-02-22 ")
    assert (item.since, item.since_why) == (WED, "phase validation began")
    again = facts(*ALL, earlier=frozenset({FRI}))
    assert len(streak_of(again)) == 1


def test_a_row_is_short_since_the_first_of_the_sessions_that_failed_in_a_row() -> None:
    failed = [
        replace(night(day, verdict=Verdict.FAIL), reasons=("why", "more")) for day in (FRI, TUE)
    ]
    found = facts(*ALL[:2], *failed)
    streak = streak_of(found)
    item = streak_item(found, streak)
    assert (item.since, item.evidence) == (FRI, "0 of 3; 2005-02-22: the night failed: why")
    waiting = [one for one in gate(found, streak, Told()) if one.waits]
    assert [one.id for one in waiting] == ["flow-success", "flow-time", "selftest"]
    assert not any(one.ok or one.sessions for one in waiting)
    again = Item.from_json(waiting[0].to_json())
    assert again == waiting[0]
    older = {key: value for key, value in again.to_json().items() if key != "waits"}
    assert not Item.from_json(older).waits
    missed = facts(ALL[0], failed[1])
    assert streak_item(missed, streak_of(missed)).since == THU


def test_no_night_at_all() -> None:
    found = facts(sessions=())
    items = gate(found, streak_of(found), Told())
    assert [item.id for item in items if item.ok] == []
    assert {item.since for item in items} == {WED}


def test_the_other_phases_ask_for_sessions_and_signatures() -> None:
    manual = (
        ManualItem(id="told", text="Told", phase=Phase.CUTOVER),
        ManualItem(id="gone", text="Gone", phase=Phase.CLEANUP),
    )
    failed = [night(day, "parallel_run", verdict=Verdict.FAIL) for day in SESSIONS]
    first = facts(*failed, phase=Phase.PARALLEL_RUN, began=None, manual=manual)
    assert [(item.id, item.ok) for item in gate(first, streak_of(first), Told())] == [
        ("sessions-compared", True)
    ]
    switched = [night(day, "cutover", primary=Side.CANDIDATE) for day in (FRI, TUE)]
    third = facts(*ALL[:2], *switched, phase=Phase.CUTOVER, manual=manual)
    assert [(item.id, item.ok) for item in gate(third, streak_of(third), Told())] == [
        ("sessions-primary", True), ("told", False),
    ]  # fmt: skip
    last = facts(phase=Phase.CLEANUP, manual=manual)
    assert [item.id for item in gate(last, streak_of(last), Told())] == ["gone"]


def covered(overdue: int) -> Coverage:
    return Coverage(segments=600, compared=30, overdue=overdue, cycle=20, oldest=date(2005, 2, 3))


def test_coverage() -> None:
    assert coverage(facts(*ALL)).evidence == "prices: compared whole (run toy.2005-02-22.1)"
    good = coverage(facts(night(TUE, datasets=(equal("prices", coverage=covered(0)),))))
    assert good.ok
    assert good.evidence == (
        "prices: all 600 segments verified, the oldest at 2005-02-03 (run toy.2005-02-22.1)"
    )
    late = (equal("prices", coverage=covered(12), verdict=Verdict.UNDECIDED),)
    # Nothing may be overdue, whatever share is asked for.
    bad = coverage(facts(
        *ALL[:2], night(FRI, datasets=late), night(TUE, datasets=late), gates=Gates(coverage=90)
    ))  # fmt: skip
    assert not bad.ok
    assert bad.evidence == (
        "2005-02-22: prices: 98.00 % of 600 segments verified within 20 nights "
        "(run toy.2005-02-22.1)"
    )
    assert (bad.since, bad.sessions) == (FRI, 0)
    empty = equal("prices", 0, verdict=Verdict.UNDECIDED)
    for datasets in ((), (empty,)):
        absent = coverage(facts(night(TUE, verdict=Verdict.UNDECIDED, datasets=datasets)))
        assert not absent.ok
        assert "prices was not compared" in absent.evidence


def test_unexplained() -> None:
    assert unexplained(facts(*ALL)).ok
    rows = [pair("AAPL", number) for number in range(3)]
    bad = unexplained(facts(*ALL[:3], night(TUE, datasets=(different("prices", rows),))))
    assert not bad.ok
    assert bad.evidence == (
        "2005-02-22: prices: 3 rows without a proved cause (run toy.2005-02-22.1)"
    )
    assert (bad.since, bad.since_why) == (TUE, "prices: 3 rows without a proved cause")

    def with_incident(**values: Any) -> Item:
        fields: dict[str, Any] = {
            "id": "1", "cause": "unexplained", "proved": False, "rows": 3, "columns": (),
            "scope": Scope(),
        }  # fmt: skip
        incident = Incident(**(fields | values))
        waived = 3 if incident.waiver else 0
        dataset = different(
            "prices", rows, incidents=(incident,), rows=counts(10, 3, waived=waived)
        )
        return unexplained(facts(night(TUE, datasets=(dataset,))))

    assert with_incident(cause="rounding", proved=True).ok
    assert with_incident(waiver="w1").ok
    assert not with_incident(cause="rounding").ok  # not proved
    blind = different("prices", rows, explained=False)
    assert "causes could not be looked for" in unexplained(
        facts(night(TUE, datasets=(blind,)))
    ).evidence  # fmt: skip


def used(state: WaiverState, expires: date = date(2005, 3, 31), rows: int = 5) -> WaiverUse:
    waiver = Waiver(
        id="w1", dataset="prices", cause="rounding", owner="anna", reason="so", expires=expires,
        max_rows=10,
    )  # fmt: skip
    return WaiverUse(waiver=waiver, state=state, rows=rows)


def test_waivers() -> None:
    assert waivers(facts(*ALL)).evidence == "no waiver (run toy.2005-02-22.1)"
    good = waivers(facts(night(TUE, waivers=(used(WaiverState.USED), used(WaiverState.UNUSED)))))
    assert (good.ok, good.evidence) == (True, "2 waivers: 1 used, 1 unused (run toy.2005-02-22.1)")
    for use, words in (
        (used(WaiverState.EXPIRED, FRI, 0), "w1 of anna expired on 2005-02-18"),
        (used(WaiverState.OVER_CAP, rows=12), "w1 of anna may cover 10 rows, not 12"),
    ):
        bad = waivers(facts(*ALL[:3], night(TUE, waivers=(use,))))
        assert (bad.ok, bad.since) == (False, TUE)
        assert words in bad.evidence
    # It held on the newest night, but the session that is due now is a later one.
    later = facts(night(TUE, waivers=(used(WaiverState.USED, TUE),)), sessions=(TUE, NEXT_WED))
    assert not waivers(later).ok


def test_a_selftest_that_missed_something_must_leave_the_row() -> None:
    def tested(**values: int) -> SelfTest:
        score = {"injected": 4, "detected": 4, "right": 4, "wrong": 0} | values
        return SelfTest(causes=(CauseScore(cause="rounding", **score),))

    good = facts(*ALL)
    item = selftest(good, streak_of(good))
    assert (item.ok, item.evidence) == (True, "all 12 seeded faults found, on 3 sessions")
    for wrong, why in (
        (tested(detected=3), "3 of 4 faults found"),
        (tested(right=3, wrong=1), "1 fault given a wrong cause"),
        (SelfTest(), "no fault was seeded"),
    ):
        found = facts(*ALL[:2], night(FRI, selftest=wrong), ALL[3])
        bad = selftest(found, streak_of(found))
        assert (bad.ok, bad.since, bad.since_why) == (False, FRI, why)
        assert bad.evidence == f"2005-02-18: {why} (run toy.2005-02-18.1)"
        # Tuesday and two more are three in a row without Friday.
        assert bad.sessions == 2
        assert bad.link == "validation/2005-02-18/index.html"


def test_jobs_that_are_too_slow() -> None:
    good = facts(*ALL)
    item = flow_time(good, streak_of(good))
    assert (item.ok, item.evidence) == (True, "closest: new, 5.0 s of 20.0 s, on 3 sessions")
    found = facts(*ALL[:3], night(TUE, jobs=jobs(21.0)))
    bad = flow_time(found, streak_of(found))
    assert (bad.ok, bad.since, bad.sessions) == (False, TUE, 3)
    assert "2005-02-22: new took 21.0 s of 20.0 s" in bad.evidence
    stricter = facts(*ALL, gates=replace(GATES, flows_within=timedelta(seconds=4)))
    assert not flow_time(stricter, streak_of(stricter)).ok
    idle = facts(*(night(day, jobs=jobs()[:1]) for day in SESSIONS))
    assert "no job of the candidate ran" in flow_time(idle, streak_of(idle)).evidence


def line(name: str, ok: int, failed: int = 0, **values: Any) -> Figures:
    fields: dict[str, Any] = {"kind": RunKind.FLOW, "side": Side.CANDIDATE}
    return Figures(name=name, states=States(ok=ok, failed=failed), **(fields | values))


def monitored(*lines: Figures) -> Monitored:
    return Monitored(migration="toy", sessions=SESSIONS[1:], lines=lines)


@pytest.mark.parametrize(
    ("lines", "faults"),
    [
        ((line("a", 99, 1),), ()),
        ((line("a", 98, 2),), ("a: 98 of 100 runs ok (98.00 %)",)),
        ((), ("no job and no flow of the candidate ran",)),
        ((line("a", 0),), ("no job and no flow of the candidate ran",)),
        # A script's runs are not the candidate's.
        ((line("old", 9, side=Side.LEGACY, kind=RunKind.SCRIPT),),
         ("no job and no flow of the candidate ran",)),
        # One flow of a script must have run; a second one, and one of no script, need not.
        ((line("a", 3, beside="x"), line("b", 0, beside="x"), line("c", 0)), ()),
        ((line("a", 3, beside="x"), line("b", 0, beside="y")), ("b did not run",)),
        ((line("a", 3), line("j", 0, kind=RunKind.JOB)), ("j did not run",)),
    ],
)  # fmt: skip
def test_what_counts_as_success(lines: tuple[Figures, ...], faults: tuple[str, ...]) -> None:
    assert succeeded(monitored(*lines), 99.0) == faults


def test_flow_success() -> None:
    found = facts(*ALL)
    streak = streak_of(found)
    good = flow_success(found, streak, Told(found=monitored(line("a", 3)), good=3))
    assert good.ok
    assert good.evidence == (
        "a 3/3 runs ok, over 3 sessions (from the tables; Prefect did not tell)"
    )
    # Only on the newest session did all succeed: Friday is to blame, and must leave the row.
    bad = flow_success(found, streak, Told(found=monitored(line("a", 2, 1)), good=1))
    assert (bad.ok, bad.since, bad.sessions) == (False, FRI, 2)
    unknown = flow_success(found, streak, Told(unknown="the database is gone"))
    assert (unknown.ok, unknown.evidence) == (False, "it could not be told: the database is gone")


def test_the_drill() -> None:
    def held(**content: Any) -> TrailEntry:
        return row(2, "drill", at(FRI, 12), **content)

    good = drill(facts(trail=(held(ok=True, seconds_to_switch_back=0.0124, reads=9000),)))
    assert good.ok
    assert good.evidence == (
        "succeeded on 2005-02-18 by ben (row 2 of the trail), 0.012 s to switch back, "
        "9,000 reads meanwhile"
    )
    none = drill(facts())
    assert (none.ok, none.since, none.evidence) == (False, WED, "there was no drill")
    failed = drill(facts(trail=(held(ok=True), row(3, "drill", at(TUE, 12), ok=False,
                                                   why_not="a mixed read"))))  # fmt: skip
    assert (failed.ok, failed.since) == (False, TUE)
    assert failed.evidence.endswith("failed: a mixed read")
    # Friday noon is seven days ago at Friday noon, and not a minute longer.
    edge = at(date(2005, 2, 25), 12)
    assert drill(facts(trail=(held(ok=True),), now=edge)).ok
    old = drill(facts(trail=(held(ok=True),), now=edge + timedelta(minutes=1)))
    assert (old.ok, old.since) == (False, date(2005, 2, 25))
    assert not drill(facts(trail=(held(ok="yes"),))).ok
    back = drill(facts(trail=(held(ok=True), row(3, "switch", at(TUE, 12), to="legacy"))))
    assert (back.ok, back.since, back.since_why) == (
        False, TUE, "a rollback came after the newest drill",
    )  # fmt: skip
    assert drill(facts(trail=(held(ok=True), row(3, "switch", at(TUE, 12), to="candidate")))).ok
    some = drill(facts(trail=(held(ok=True, views=["a"]),), views=("a", "b", "c")))
    assert (some.ok, some.since_why) == (False, "the drill was not of b, c")


def test_a_signature_holds_for_one_stay_and_one_config() -> None:
    def signing(number: int, **content: Any) -> TrailEntry:
        said = {"item": "trained", "phase": "validation", "config": "c1", "note": "n"} | content
        return row(number, "signature", at(THU, 12), **said)

    assert signed(facts(trail=(BEGAN, signing(2))), "trained").ok
    none = signed(facts(trail=(BEGAN, signing(2, item="other"))), "trained")
    assert (none.entry, none.since) == (None, WED)
    changed = (BEGAN, signing(2, config="c0"))
    unnoted = signed(facts(trail=changed), "trained")
    assert (unnoted.lapsed, unnoted.since) == ("parity.yaml has changed since", TUE)
    noted = (*changed, row(3, "config", at(FRI, 20), hash="c1"))
    assert signed(facts(trail=noted), "trained").since == FRI
    # Left and entered again: what was signed before does not count.
    again = row(4, "phase", at(FRI, 9), to="validation")
    lapsed = signed(facts(trail=(BEGAN, signing(2), again), began=again), "trained")
    assert (lapsed.ok, lapsed.lapsed, lapsed.since) == (
        False, "phase validation began after it", FRI,
    )  # fmt: skip
    assert not signed(facts(trail=(BEGAN, signing(2, phase="cutover"))), "trained").ok


def test_the_earliest_day() -> None:
    def item(sessions: int = 0, *, ok: bool = False) -> Item:
        return Item(id="x", title="x", ok=ok, evidence="", sessions=sessions)

    to_come = (date(2005, 2, 23), date(2005, 2, 24), date(2005, 2, 25))
    assert earliest([item(), item(2), item(1)], TUE, to_come) == date(2005, 2, 24)
    assert earliest([item()], TUE, to_come) == TUE
    assert earliest([item(ok=True)], TUE, to_come) == TUE
    assert earliest([item(4)], TUE, to_come) is None
    assert earliest([], TUE, to_come) is None


def test_the_clock_is_the_exchanges() -> None:
    # Half past two in the morning in UTC is the evening before in New York.
    assert facts(now=datetime(2005, 2, 23, 2, 30, tzinfo=UTC)).today == TUE
