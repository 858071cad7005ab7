"""The gate beside a night: on its page and in a terminal."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from parity.model.checklist import Checklist, Item
from parity.model.verdict import Phase
from parity.report.beside import Beside
from parity.report.build import night_view
from parity.report.gate import gate_view
from parity.report.html import night_page
from parity.report.terminal import render_night
from tests.report.build import good_night


def item(ident: str, title: str, *, ok: bool, missing: str = "", runs: int = 0) -> Item:
    return Item(
        id=ident, title=title, ok=ok, evidence="seen", missing=missing,
        runs=tuple(f"r{number}" for number in range(runs)),
    )  # fmt: skip


SHUT = Checklist(
    migration="m",
    phase=Phase.VALIDATION,
    to=Phase.CUTOVER,
    items=(
        item("sessions-passed", "10 sessions in a row passed", ok=False,
             missing="3 more sessions to pass", runs=7),
        item("drill", "A drill succeeded", ok=True),
        item("told", "<b>All</b> are told", ok=False, missing="a signature: parity sign told"),
        item("odd", "Nothing is odd", ok=False),
    ),
    earliest=date(2005, 3, 14),
)  # fmt: skip
PASSED = item("sessions-passed", "2 sessions in a row passed", ok=True, runs=2)
OPEN = replace(SHUT, items=(PASSED,))


def test_a_gate_that_is_shut_says_how_far_it_is_and_what_is_missing() -> None:
    view = gate_view(SHUT)
    assert view is not None
    assert view.says == "Gate from validation to cutover: closed"
    assert (view.streak, view.held) == ("7 of 10 sessions in a row passed", "1 of 4 items hold")
    assert view.earliest == "at the earliest 2005-03-14"
    assert view.missing == (
        "10 sessions in a row passed: 3 more sessions to pass",
        "<b>All</b> are told: a signature: parity sign told",
        "Nothing is odd: seen",
    )


def test_a_gate_that_is_open_lacks_nothing() -> None:
    view = gate_view(OPEN)
    assert view is not None
    assert (view.open, view.says) == (True, "Gate from validation to cutover: open")
    assert (view.streak, view.held) == ("2 of 2 sessions in a row passed", "1 of 1 item holds")
    assert (view.missing, view.earliest) == ((), "")
    text = str(render_night(good_night(), beside=Beside(gate=OPEN)))
    assert "missing:" not in text


def test_of_a_calendar_that_ends_and_a_last_phase() -> None:
    found = replace(SHUT, phase=Phase.CLEANUP, to=None, items=SHUT.items[1:], earliest=None)
    view = gate_view(found)
    assert view is not None
    assert view.says == "Gate from cleanup: closed"
    assert (view.streak, view.earliest) == ("", "not before the calendar ends")


def test_where_it_was_not_kept_or_asks_for_nothing_nothing_is_claimed() -> None:
    assert gate_view(None) is None
    assert gate_view(replace(SHUT, items=())) is None
    assert "Gate" not in str(render_night(good_night()))
    assert 'id="gate"' not in night_page(night_view(good_night()))


def test_the_page_links_checklist_and_phase_and_escapes() -> None:
    page = night_page(night_view(good_night(), beside=Beside(gate=SHUT)))
    assert '<a href="../../checklist.html">' in page
    assert '<a href="../index.html">The phase validation</a>' in page
    assert "&lt;b&gt;All&lt;/b&gt; are told" in page
    assert "<b>All</b>" not in page
    assert 'a signature: <code data-copy="parity sign told">parity sign told</code>' in page


def test_a_terminal_has_it_in_three_lines() -> None:
    lines = str(render_night(good_night(), beside=Beside(gate=SHUT))).splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("Gate"))
    assert lines[first : first + 3] == [
        "Gate from validation to cutover: closed; 7 of 10 sessions in a row passed, 1 of",
        "4 items hold, opens at the earliest 2005-03-14",
        "missing: 3 more sessions to pass, and 2 more items (parity checklist)",
    ]
