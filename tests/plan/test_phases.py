"""`parity phase`: moves through the gate, through force, and back."""

from __future__ import annotations

import json
import threading
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from parity.model.checklist import Move
from parity.model.errors import ParityError, UsageError
from parity.model.trail import TrailEntry, TrailKind
from parity.model.verdict import Phase, Verdict
from parity.nightly import Harness, Night
from parity.nightly.checklist import checklist
from parity.nightly.night import MOVED
from parity.plan.phases import Advanced, advance, retreat, show
from tests.conftest import Inside
from tests.plan.conftest import FRI, TUE, Make, at, jobs, move, night, save

AS_OF = ("--as-of", "2005-02-22T21:00:00-05:00")


def go(harness: Harness, **values: Any) -> Advanced:
    return advance(harness, by="anna", now=at(TUE), environ={}, **values)


MOVES = (TrailKind.OVERRIDE, TrailKind.PHASE)


def rows(harness: Harness) -> list[tuple[str, dict[str, Any]]]:
    return [(row.kind, row.content) for row in harness.store.trail("toy", *MOVES)]


def compared(harness: Harness) -> None:
    save(harness, *(night(day, "parallel_run", verdict=Verdict.FAIL) for day in (FRI, TUE)))


def test_through_an_open_gate(harness: Harness) -> None:
    compared(harness)
    done = go(harness)
    assert (done.moved, done.forced) == (True, False)
    assert rows(harness) == [
        ("phase", {
            "from": "parallel_run", "to": "validation", "why": "the gate is open",
            "evidence": ["toy.2005-02-18.1", "toy.2005-02-22.1"], "forced": False,
            "as_of": "2005-02-22T21:00:00-05:00",
        }),
    ]  # fmt: skip
    with pytest.raises(UsageError, match="run parity cutover"):
        go(harness, force="now")


def test_a_closed_gate_moves_nothing(harness: Harness) -> None:
    save(harness, night(TUE, "parallel_run"))
    found = go(harness)
    assert (found.moved, [item.id for item in found.checklist.red]) == (
        False, ["sessions-compared"],
    )  # fmt: skip
    assert rows(harness) == []


def test_force_is_on_record_before_it_moves(harness: Harness) -> None:
    save(harness, night(TUE, "parallel_run"))
    assert go(harness, force="the vendor closes").forced
    (first, override), (second, moved) = rows(harness)
    assert (first, second) == ("override", "phase")
    assert override.pop("operation").startswith("advance-")
    assert override == {
        "what": "phase advance", "reason": "the vendor closes", "red": ["sessions-compared"],
    }  # fmt: skip
    assert (moved["forced"], moved["why"]) == (True, "forced: the vendor closes")
    assert moved["evidence"] == ["toy.2005-02-22.1"]


def test_force_through_an_open_gate_is_no_override(harness: Harness) -> None:
    compared(harness)
    assert not go(harness, force="to be sure", why="all agreed").forced
    [(_, moved)] = rows(harness)
    assert (moved["forced"], moved["why"]) == (False, "all agreed")


def test_the_ways_back(harness: Harness) -> None:
    with pytest.raises(UsageError, match="first phase"):
        retreat(harness, by="ben", why="so")
    move(harness, "validation")
    moved = retreat(harness, by="ben", why="a new vendor")
    assert (moved.source, moved.to, moved.by, moved.why) == (
        "validation", "parallel_run", "ben", "a new vendor",
    )  # fmt: skip
    move(harness, "cutover")
    with pytest.raises(UsageError, match="run parity rollback"):
        retreat(harness, by="ben", why="so")
    move(harness, "cleanup")
    with pytest.raises(UsageError, match="none to advance to"):
        go(harness)


def test_back_from_cleanup_only_while_the_old_schema_is_in_its_place(harness: Harness) -> None:
    def step(name: str, schema: str) -> None:
        content = {"step": name, "schema": schema, "renamed_to": f"{schema}_quarantine"}
        harness.store.append_trail("toy", TrailKind.CLEANUP, "ben", content)

    move(harness, "cleanup")
    for schema in ("legacy", "older"):
        step("renamed", schema)
    step("restored", "older")
    with pytest.raises(UsageError, match="legacy is in quarantine as legacy_quarantine"):
        retreat(harness, by="ben", why="so")
    step("restored", "legacy")
    step("dropped", "older")
    with pytest.raises(UsageError, match="older has been dropped"):
        retreat(harness, by="ben", why="so")
    step("watched", "legacy")  # anything else says nothing about it
    step("restored", "older")
    assert retreat(harness, by="ben", why="so").to == "cutover"


def test_a_cutover_that_is_not_finished_keeps_its_phase(harness: Harness) -> None:
    def step(name: str) -> None:
        content = {"operation": "cutover-2", "kind": "cutover", "step": name}
        harness.store.append_trail("toy", TrailKind.STEP, "ben", content)

    switch = {"operation": "cutover-2", "to": "candidate"}
    harness.store.append_trail("toy", TrailKind.SWITCH, "ben", switch)
    move(harness, "cutover", "validation")
    step("verified")
    with pytest.raises(UsageError, match="cutover-2 is not finished"):
        go(harness, force="now")
    step("finished")
    assert go(harness, force="now").moved


def test_a_night_that_is_running_is_waited_for(harness: Harness) -> None:
    compared(harness)
    with harness.alone():
        for act in (lambda: go(harness), lambda: retreat(harness, by="ben", why="so")):
            with pytest.raises(ParityError, match="is running; wait for it to end"):
                act()


def test_a_rollback_that_came_between_is_not_undone(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rollback waits for nobody: it may come after the gate was looked at."""
    compared(harness)

    def slowly(*arguments: Any, **values: Any) -> Any:
        found = checklist(*arguments, **values)
        move(harness, "parallel_run", "validation")
        return found

    monkeypatch.setattr("parity.plan.phases.checklist", slowly)
    with pytest.raises(ParityError, match="changed meanwhile"):
        go(harness, force="now")
    assert [kind for kind, _ in rows(harness)] == ["phase"]


def test_two_at_once_move_once(harness: Harness) -> None:
    compared(harness)
    came: list[object] = []

    def one() -> None:
        try:
            came.append(go(harness).moved)
        except ParityError:
            came.append(False)

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(came, key=str) == [False, True]
    assert len(rows(harness)) == 1


def test_show(harness: Harness) -> None:
    compared(harness)
    go(harness)
    found = show(harness, now=at(TUE), environ={})
    assert (found.checklist.phase, found.primary.value) == (Phase.VALIDATION, "legacy")
    assert [(one.source, one.to, one.by) for one in found.history] == [
        ("parallel_run", "validation", "anna")
    ]


def test_the_commands(make: Make, inside: Inside, tmp_path: Path) -> None:
    harness = make()
    save(harness, night(TUE, "parallel_run"))

    def parity(*arguments: str) -> tuple[int, list[str], str]:
        ended = inside(*arguments, folder=tmp_path)
        lines = ended.stdout.splitlines()
        assert max(map(len, lines), default=0) <= 80
        return ended.returncode, lines, ended.stderr

    code, lines, _ = parity("phase", "show", *AS_OF)
    assert (code, lines) == (0, [
        "Phase parallel_run, primary legacy",
        "as of 2005-02-22 21:00 New York",
        "No: parallel_run → validation: 0 of 1 hold; at the earliest 2005-02-23",
        "In a row: 1 of 2: 2005-02-22 (run toy.2005-02-22.1)",
        "",
        "Missing",
        " - sessions-compared: 1 more session to be compared",
        "",
        "The migration began with phase parallel_run.",
    ])  # fmt: skip
    code, lines, _ = parity("phase", "advance", *AS_OF)
    assert (code, lines[-1]) == (1, "Nothing was changed: phase parallel_run.")
    code, lines, _ = parity("phase", "advance", *AS_OF, "--by", "anna", "--force", "in a hurry")
    assert (code, lines) == (0, [
        "FORCED through a closed gate; red: sessions-compared",
        "parallel_run → validation, by anna",
    ])  # fmt: skip
    code, lines, _ = parity("phase", "show", *AS_OF)
    assert lines[-5:-3] == ["", "History"]
    assert lines[-3].endswith(" New York parallel_run → validation FORCED, by anna")
    assert lines[-2].strip() == "forced: in a hurry"
    assert lines[-1].strip() == "1 run: toy.2005-02-22.1"
    code, lines, error = parity("phase", "advance")
    assert (code, lines, error) == (
        2, [], "parity: only the cutover leads from validation on: run parity cutover\n",
    )  # fmt: skip
    code, lines, _ = parity("phase", "retreat", "--by", "anna", "--why", "wait", "--json", "-")
    assert (code, json.loads("\n".join(lines))["to"]) == (0, "parallel_run")
    for blank in (("retreat", "--why", " "), ("advance", "--force", " ")):
        assert parity("phase", *blank)[0] == 2
    told = json.loads("\n".join(parity("phase", "show", *AS_OF, "--json", "-")[1]))
    assert [one["forced"] for one in told["history"]] == [True, False]
    assert told["checklist"]["earliest"] == str(date(2005, 2, 24))


def test_a_night_during_which_somebody_moves_is_undecided(harness: Harness) -> None:
    for moves in (False, True):
        one = Night.of(harness, TUE, None, at(TUE))
        with one.look(jobs()) as findings:
            if moves:
                harness.store.append_trail("toy", TrailKind.SWITCH, "ben", {"to": "candidate"})
                move(harness, "cutover", "validation")
            found = one.conclude(findings, jobs())
        assert (found.verdict, found.reasons[0] == MOVED) == (Verdict.UNDECIDED, moves)
        # It says what was so when it looked.
        assert (found.phase, found.primary.value) == ("parallel_run", "legacy")


def test_an_edited_row_does_not_break_the_history() -> None:
    row = TrailEntry(
        number=1, migration="toy", at=at(TUE), kind="phase", by="x", content={}, text="",
        previous="", hash="",
    )  # fmt: skip
    assert Move.of(row).to == ""
