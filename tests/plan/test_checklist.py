"""`parity checklist` over stored nights, in the terminal, as JSON and as a page."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

from parity.model.checklist import Checklist
from parity.model.result import JobOutcome
from parity.model.trail import TrailKind
from parity.model.verdict import Phase, Side, Verdict
from parity.nightly import Harness
from parity.nightly.checklist import checklist
from parity.plan.signing import sign
from parity.report.checklist import checklist_page
from tests.conftest import Inside
from tests.plan.conftest import (
    CONFIG,
    FRI,
    NEXT_WED,
    THU,
    TUE,
    WED,
    Make,
    at,
    drilled,
    green,
    move,
    night,
    save,
)

AS_OF = ("--as-of", "2005-02-22T21:00:00-05:00")


def judged(harness: Harness, day: date = TUE, hour: int = 21) -> Checklist:
    return checklist(harness, now=at(day, hour), environ={})


def red(found: Checklist) -> list[str]:
    return [item.id for item in found.red]


def test_a_migration_without_a_night(harness: Harness) -> None:
    found = judged(harness)
    assert (found.phase, found.to) == (Phase.PARALLEL_RUN, Phase.VALIDATION)
    assert (found.open, red(found)) == (False, ["sessions-compared"])
    # That night may come until Wednesday at eight: it and the next one are two in a row.
    assert found.earliest == NEXT_WED
    assert judged(harness, NEXT_WED, 9).earliest == date(2005, 2, 24)


def test_parallel_run_asks_for_sessions_that_were_compared(harness: Harness) -> None:
    save(harness, night(FRI, "parallel_run", verdict=Verdict.FAIL), night(TUE, "parallel_run"))
    assert judged(harness).open
    broken = JobOutcome(name="old", side=Side.LEGACY, exit_code=1, seconds=1, log="a", reason="no")
    save(harness, night(TUE, "parallel_run", verdict=Verdict.UNDECIDED, jobs=(broken,)))
    found = judged(harness)
    assert (found.open, found.items[0].since) == (False, TUE)
    assert found.items[0].missing == "2 more sessions to be compared"


def test_validation_item_by_item(harness: Harness) -> None:
    green(harness)
    found = judged(harness)
    assert [item.id for item in found.items] == [
        "sessions-passed", "coverage", "unexplained", "waivers", "flow-success", "flow-time",
        "selftest", "drill", "trained",
    ]  # fmt: skip
    # Only a signature is missing: that can be done today.
    assert (red(found), found.earliest) == (["trained"], TUE)
    [flows] = [item for item in found.items if item.id == "flow-success"]
    assert flows.evidence.startswith("new 3/3 runs ok, over 3 sessions")
    sign(harness, "trained", by="anna", note="two mornings", now=at(TUE))
    opened = judged(harness)
    assert (opened.open, opened.earliest, opened.to) == (True, TUE, Phase.CUTOVER)
    assert len(opened.runs) == 3


def test_a_night_that_is_due_is_waited_for_until_it_is_missing(make: Make) -> None:
    harness = green(make())
    assert red(judged(harness, NEXT_WED)) == ["trained"]
    assert "sessions-passed" in red(judged(harness, date(2005, 2, 24), 8))  # after twelve hours
    deadline = make(CONFIG + 'alerts: {deadline: "22:00"}\n')
    assert "sessions-passed" not in red(judged(deadline, NEXT_WED, 21))
    late = judged(deadline, NEXT_WED, 22)
    assert late.items[0].evidence == "0 of 3; 2005-02-23: no night is stored"
    assert (late.items[0].since, late.items[0].sessions) == (NEXT_WED, 3)
    # Thursday, Friday, and the Monday after.
    assert late.earliest == date(2005, 2, 28)
    morning = make(CONFIG + 'alerts: {deadline: "07:00"}\n')
    assert "sessions-passed" not in red(judged(morning, date(2005, 2, 24), 6))
    assert "sessions-passed" in red(judged(morning, date(2005, 2, 24), 7))


def test_a_moment_in_the_past_hides_no_stored_night(harness: Harness) -> None:
    green(harness, night(NEXT_WED, verdict=Verdict.UNDECIDED))
    assert "sessions-passed" in red(judged(harness, TUE))


def test_failed_flows_must_leave_the_row(make: Make) -> None:
    harness = green(make())
    failed = JobOutcome(name="new", side=Side.CANDIDATE, exit_code=1, seconds=1, log="new.log")
    harness.store.record_jobs("toy", FRI, [failed])  # tried twice; the night counts the second
    save(harness, night(FRI))
    found = {item.id: item for item in judged(harness).items}
    assert found["flow-success"].evidence.startswith("new: 4 of 5 runs ok (80.00 %)")
    assert (found["flow-success"].since, found["flow-success"].sessions) == (FRI, 2)
    assert found["sessions-passed"].ok
    assert judged(harness).earliest == date(2005, 2, 24)


def test_flows_whose_own_table_cannot_be_read_are_no_success(make: Make) -> None:
    harness = green(make(CONFIG + "flows: {runs: prefect.flow_runs}\n"))
    [flows] = [item for item in judged(harness).items if item.id == "flow-success"]
    assert not flows.ok
    assert "prefect.flow_runs (flows.runs) does not exist" in flows.evidence


def test_only_nights_of_this_stay_count(harness: Harness) -> None:
    green(harness)
    move(harness, "cutover", "validation")
    move(harness, "validation", "cutover")
    found = judged(harness).items[0]
    assert found.evidence.startswith("0 of 3; 2005-02-22: phase validation began later")
    save(harness, *(night(day) for day in (THU, FRI, TUE)))  # comparing again mends nothing
    save(harness, night(TUE, as_of=at(TUE, 21)))  # nor does finding something else
    assert judged(harness).items[0].evidence.startswith("0 of 3; 2005-02-22: ")
    save(harness, night(NEXT_WED))
    assert judged(harness).items[0].evidence.startswith("1 of 3: 2005-02-23 ")


def test_old_sessions_compared_again_were_not_served_by_the_candidate(harness: Harness) -> None:
    green(harness)
    harness.store.append_trail("toy", TrailKind.SWITCH, "ben", {"to": "candidate"})
    move(harness, "cutover", "validation")
    save(harness, *(night(day, "cutover", primary=Side.CANDIDATE) for day in (FRI, TUE)))
    assert judged(harness).items[0].evidence.startswith("0 of 2; 2005-02-22: ")


def test_a_drill_of_before_the_rollback_does_not_count(harness: Harness) -> None:
    green(harness)
    for to in ("candidate", "legacy"):
        harness.store.append_trail("toy", TrailKind.SWITCH, "ben", {"to": to})
    assert "drill" in red(judged(harness))
    drilled(harness)
    assert "drill" not in red(judged(harness))


def test_a_drill_is_of_the_views_that_are_configured(make: Make) -> None:
    serving = "serving:\n  - {view: prices, legacy: legacy.prices, candidate: prefect.prices}\n"
    green(make(CONFIG + serving))
    more = "  - {view: sizes, legacy: legacy.sizes, candidate: prefect.sizes}\n"
    [drill] = [one for one in judged(make(CONFIG + serving + more)).items if one.id == "drill"]
    assert not drill.ok
    assert "but not for sizes" in drill.evidence


def test_nights_under_another_config_are_told_and_count(make: Make) -> None:
    green(make())
    changed = make(CONFIG.replace("timeout: 20s", "timeout: 30s"))
    found = judged(changed).items[0]
    assert found.ok
    assert found.evidence.endswith("; 3 of them under another parity.yaml")


def test_cutover_asks_for_sessions_since_the_last_switch(harness: Harness) -> None:
    def switch(to: str) -> None:
        harness.store.append_trail("toy", TrailKind.SWITCH, "ben", {"to": to})

    def primary(*days: date) -> None:
        save(harness, *(night(day, "cutover", primary=Side.CANDIDATE) for day in days))

    switch("candidate")
    move(harness, "cutover", "validation")
    primary(THU, FRI)
    assert red(judged(harness, FRI)) == ["told"]
    switch("legacy")
    move(harness, "validation", "cutover")
    switch("candidate")
    move(harness, "cutover", "validation")
    primary(TUE)
    found = judged(harness)
    assert found.items[0].evidence.startswith("1 of 2: 2005-02-22 ")
    assert found.earliest == NEXT_WED
    # Cleanup and back is no switch.
    primary(NEXT_WED)
    move(harness, "cleanup", "cutover")
    move(harness, "cutover", "cleanup")
    assert judged(harness, NEXT_WED).items[0].ok


def test_the_last_phase(make: Make) -> None:
    harness = make(CONFIG.replace("phase: cutover}", "phase: cleanup}"))
    move(harness, "cleanup", "cutover")
    found = judged(harness)
    assert (found.to, red(found)) == (None, ["told"])
    sign(harness, "told", by="anna", note="mail of Monday", now=at(TUE))
    assert judged(harness).open
    nothing = make(CONFIG.replace("phase: cutover}", "phase: validation}"))
    assert (judged(nothing).open, judged(nothing).items) == (False, ())


def test_where_the_calendar_ends(make: Make) -> None:
    harness = make(CONFIG.replace("parallel_run: {sessions: 2}", "parallel_run: {sessions: 1000}"))
    last = harness.exchange.between(date(2020, 1, 1), date(2100, 1, 1))[-1]
    assert judged(harness, last - timedelta(days=30)).earliest is None


def test_the_command(make: Make, inside: Inside, tmp_path: Path) -> None:
    harness = green(make())
    closed = inside("checklist", *AS_OF, "--json", "c.json", folder=tmp_path)
    assert (closed.returncode, closed.stderr) == (1, "")
    lines = closed.stdout.splitlines()
    assert lines[0] == "No: validation → cutover: 8 of 9 hold; at the earliest 2005-02-22"
    assert lines[1] == "as of Tuesday 22 February 2005, 21:00 New York"
    assert lines[3:8] == [
        "Missing",
        "✕ trained: The team is trained on the UI",
        "  not signed",
        "  missing: a signature: parity sign trained --note TEXT",
        f"  red since {judged(harness).red[0].since}: phase validation began",
    ]
    assert max(map(len, lines)) <= 80
    stored = json.loads((tmp_path / "c.json").read_text(encoding="utf-8"))
    assert (stored["open"], stored["earliest"], stored["phase"]) == (
        False, "2005-02-22", "validation",
    )  # fmt: skip
    page = (tmp_path / "reports" / "checklist.html").read_text(encoding="utf-8")
    assert page == checklist_page(judged(harness), "validation/index.html")

    sign(harness, "trained", by="anna", note="two mornings", now=at(TUE))
    opened = inside("checklist", *AS_OF, "--json", "-", folder=tmp_path)
    assert (opened.returncode, json.loads(opened.stdout)["open"]) == (0, True)
    beyond = inside("checklist", "--as-of", "2090-01-01T00:00:00-05:00", folder=tmp_path)
    assert beyond.returncode == 2
    assert "knows no session near 2090-01-01" in beyond.stderr


def test_the_page_escapes_what_people_write(make: Make) -> None:
    text = "<script>alert(1)</script> & \u202eso"
    harness = green(make(CONFIG.replace("The team is trained on the UI", json.dumps(text))))
    sign(harness, "trained", by="<b>anna</b>", note="<i>", now=at(TUE))
    page = checklist_page(judged(harness))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; \\u202eso" in page
    assert "signed by &lt;b&gt;anna&lt;/b&gt;" in page
    assert 'href="validation/2005-02-22/index.html"' in page
    assert "http://" not in page
    assert "https://" not in page


def test_a_drill_that_failed_closes_the_gate(harness: Harness) -> None:
    green(harness)
    drilled(harness, ok=False, why_not="3 mixed reads")
    assert "drill" in red(judged(harness))


def test_before_the_first_night_nothing_is_missing(harness: Harness) -> None:
    save(harness, *(night(day, "parallel_run") for day in (FRI, TUE)))
    found = judged(harness)
    assert (found.open, found.items[0].evidence[:6]) == (True, "2 of 2")
    save(harness, night(WED, "parallel_run"))  # Thursday is missing now, and too far back to matter
    assert judged(harness).open
