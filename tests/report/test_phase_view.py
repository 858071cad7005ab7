"""What the page of a phase shows, without a browser."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from parity.model.phase import Change, Row, SignOff, Stay
from parity.model.verdict import Phase, Verdict
from parity.report.phase import phase_view
from parity.report.phase.calendar import calendar
from tests.report.phases import (
    F,
    P,
    U,
    at,
    failed_week,
    forced_cutover,
    gate,
    life,
    move,
    re_entered,
    report,
    sessions,
)


def test_the_calendar_has_weeks_and_tells_days_apart() -> None:
    february, march = calendar(failed_week())
    assert (february.title, march.title) == ("February 2005", "March 2005")
    assert february.weekdays == ("Mon", "Tue", "Wed", "Thu", "Fri")
    assert [[(cell.number, cell.kind) for cell in week] for week in february.weeks] == [
        [(0, ""), (1, ""), (2, ""), (3, ""), (4, "")],
        [(7, ""), (8, ""), (9, ""), (10, ""), (11, "")],
        [(14, ""), (15, ""), (16, "pass"), (17, "pass"), (18, "fail")],
        [(21, "closed"), (22, "fail"), (23, "fail"), (24, "undecided"), (25, "missing")],
        [(28, "pass"), (0, ""), (0, ""), (0, ""), (0, "")],
    ]
    cells = {cell.number: cell for week in february.weeks for cell in week}
    assert cells[18].says == "Friday 18 February 2005: Fail, 300 rows differ in AAPL"
    assert cells[21].says == "Monday 21 February 2005: the exchange was closed"
    assert cells[25].says == "Friday 25 February 2005: no night is stored"
    assert (cells[18].link, cells[25].link) == ("2005-02-18/index.html", "")


def test_days_of_another_phase_and_deleted_nights_are_neither_closed_nor_missing() -> None:
    found = re_entered()
    gone = replace(found.sessions[0], verdict=None, deleted=True, link="")
    [february] = calendar(replace(found, sessions=(gone, *found.sessions[1:])))
    kinds = {cell.number: cell.kind for week in february.weeks for cell in week if cell.number}
    assert [kinds[day] for day in (15, 16, 17, 18, 21)] == ["", "deleted", "pass", "pass", "closed"]
    assert [kinds[day] for day in (22, 23, 24, 25, 28)] == ["", "", "", "pass", "pass"]


def test_an_exchange_that_is_open_on_sundays_has_a_column_for_them() -> None:
    sunday = replace(sessions(date(2005, 2, 16), [P])[0], day=date(2005, 2, 20))
    [february] = calendar(report(sessions=(sunday,), open_days=(sunday.day,)))
    assert february.weekdays == ("Mon", "Tue", "Wed", "Thu", "Fri", "Sun")
    assert february.weeks[2][5].kind == "pass"


def test_incidents_that_are_open_come_first_and_each_tells_its_life() -> None:
    view = phase_view(failed_week())
    assert [(one.state, one.cause, one.nights) for one in view.incidents] == [
        ("open", "unexplained", 1),
        ("waived", "rounding", 3),
        ("resolved", "unadjusted split", 3),
        ("resolved", "follows from its bars", 3),
    ]
    assert [one.note for one in view.incidents] == [
        "", "waiver yahoo-rounding", "gone on 2005-02-25",
        "gone on 2005-02-25, follows from another",
    ]  # fmt: skip
    assert view.lives == (
        "4 incidents, as of the newest night: 1 open, 1 waived, 2 resolved. What is resolved lived "
        "3 nights at the median, 3 at most."
    )


def test_more_incidents_than_are_listed_are_counted() -> None:
    lives = [life(str(number), gone=None if number > 1_100 else date(2005, 2, 25))
             for number in range(1_203)]  # fmt: skip
    view = phase_view(report(incidents=tuple(lives)))
    assert len(view.incidents) == 1_000
    assert view.more == "203 more incidents not listed here"
    assert [one.state for one in view.incidents].count("open") == 102


def test_what_the_signs_say() -> None:
    seals = [
        phase_view(one).seal
        for one in (
            failed_week(),  # in force, the gate closed, the newest night a pass
            re_entered(),  # in force, the gate open
            forced_cutover(),  # left back
            report(sessions=sessions(date(2005, 2, 16), [F])),
            report(in_force=False, stays=(_left(),)),
            report(in_force=False, stays=(_left(forced=True),)),
        )
    ]
    assert seals == ["…", "✓", "✕", "✕", "✓", "…"]
    assert phase_view(report(in_force=False, stays=(_left(forced=True),))).sentence == (
        "left for cutover through a closed gate"
    )
    assert phase_view(re_entered()).sentence == (
        "in force: 2 of 2 sessions in a row, and may be left"
    )


def _left(*, forced: bool = False) -> Stay:
    return Stay(left=move("validation", "cutover", at(2005, 2, 28), forced=forced))


def test_a_long_diff_is_folded_and_one_without_room_is_counted() -> None:
    short = Change(number=1, at=at(2005, 2, 16), by="ben", file="parity.yaml", diff=("-a", "+b"),
                   added=1, removed=1)  # fmt: skip
    long = replace(short, number=2, diff=tuple(f"+{n}" for n in range(20)), added=20, removed=0,
                   cut=7)  # fmt: skip
    huge = replace(short, number=3, diff=("+" + "x" * 399,) * 400, added=400, removed=0, same=True)
    # The newest stand first, and have room first.
    view = phase_view(report(changes=(short, huge, long)))
    assert [(one.folded, len(one.diff), one.cut) for one in view.changes] == [
        (True, 20, "7 lines more: see row 2 of the trail"),
        (True, 0, "400 lines more: see row 3 of the trail"),
        (False, 2, ""),
    ]
    assert view.changes[1].says == "400 lines added, 0 lines removed; it means what it meant before"
    assert view.changes[2].diff == (("del", "-a"), ("add", "+b"))


def test_signatures_hold_have_lapsed_or_held_until_the_phase_was_left() -> None:
    holds = SignOff(number=1, item="a", text="", by="anna", at=at(2005, 2, 16), note="n")
    lapsed = replace(holds, lapsed="parity.yaml has changed since", lapsed_at=at(2005, 2, 17))
    ended = replace(holds, ended=True)
    found = phase_view(report(signatures=(holds, lapsed, ended))).signatures
    assert [(one.state, one.ok) for one in found] == [
        ("holds", True),
        ("lapsed: parity.yaml has changed since (2005-02-17 09:30 New York)", False),
        ("lapsed: the phase was left, until then it held", False),
    ]


def test_figures_and_neighbours() -> None:
    view = phase_view(failed_week())
    assert [(one.value, one.label) for one in view.figures] == [
        ("10", "sessions"), ("5", "passed"), ("3", "failed"), ("1", "undecided"),
        ("1", "without a night"), ("3", "longest row; 4 needed"), ("1", "incidents open"),
        ("8 of 9", "nights sealed"),
    ]  # fmt: skip
    assert view.before is not None
    assert (view.before.link, view.after) == ("../parallel_run/index.html", None)
    assert view.as_of is not None
    assert (view.as_of.text, view.as_of.utc, view.as_of.iso) == (
        "2005-03-01 20:30 New York", "2005-03-02 01:30 UTC", "2005-03-02T01:30:00+00:00",
    )  # fmt: skip


def test_cleanup_asks_for_no_row() -> None:
    view = phase_view(report(phase=Phase.CLEANUP, row=None, gate=gate()))
    assert (view.sentence, view.rows, view.verdict) == ("in force", "", Verdict.UNDECIDED)
    none = phase_view(report(row=Row(now=0, needed=5), sessions=sessions(date(2005, 2, 16), [U])))
    assert none.rows == "No session counted so far; 5 in a row are needed."
