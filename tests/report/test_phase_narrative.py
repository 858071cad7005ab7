"""The summary of a phase, word for word. Every number is counted by hand in tests.report.phases."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.model.checklist import Item
from parity.model.monitoring import RunKind
from parity.model.phase import Row, Stay
from parity.model.verdict import Phase, Verdict
from parity.report.phase import narrative
from parity.report.phase.reliability import flow_lines
from tests.report.phases import (
    F,
    P,
    U,
    failed_week,
    figures,
    forced_cutover,
    gate,
    life,
    ran,
    re_entered,
    report,
    sessions,
)

DAY = date(2005, 2, 16)
VALIDATION = (
    "In phase validation of migration cron-to-prefect, scripts and flows must write the same, "
    "session after session, before anybody relies on the flows; consumers read what the scripts "
    "write."
)


def test_a_phase_with_a_failed_week() -> None:
    assert narrative(failed_week()) == (
        VALIDATION,
        "It has been in force since the session of 16 February 2005: 10 sessions, of which 5 "
        "passed, 3 failed, 1 was undecided (legacy job load-yahoo failed) and 1 has no night.",
        "The newest 3 sessions passed, of 4 needed in a row; the longest row was 3 sessions.",
        "2 incidents were seen and not accepted (1 more follows from others), 1 of them open and 1 "
        "gone again after at most 3 nights: unexplained differences in indicators (IBM, KO and 1 "
        "more), open since 1 March 2005 (1 night so far); an unadjusted split in yahoo_bars "
        "(AAPL), seen first on 22 February 2005 and gone after 3 nights.",
        "On its newest night waivers accepted 12 rows of yahoo_bars (rounding), for which anna "
        "answers until 31 March 2005.",
        "Flows were more reliable than scripts: all 19 runs of flows and 18 of 20 runs of scripts "
        "(90.00 %) succeeded; yahoo_market_data, the slowest beside its script, took 41.6 s "
        "against 3.2 s at the median, 13 times as long, measured inside Prefect, without start-up; "
        "as commands, start-up included, they took 13 times as long.",
        "For cutover 3 of 4 conditions are missing: 1 more passed session in a row, a new drill "
        "and a signature that “The team is trained”; all could hold on 2 March 2005 at the "
        "earliest, and only if what is open now is mended or accepted before the next night.",
    )


def test_a_phase_that_was_entered_again() -> None:
    assert narrative(re_entered()) == (
        VALIDATION,
        "It lasted from the session of 16 February 2005 to that of 18 February 2005 and has been "
        "in force again since the session of 25 February 2005: 5 sessions, all of which passed.",
        "It was entered again on 24 February 2005 by carl (“rollback-1: volumes are wrong”).",
        "The newest 2 sessions passed, of 2 needed in a row; the longest row was 3 sessions.",
        "No row differed.",
        "On its newest night nothing was accepted by a waiver.",
        "Flows were less reliable than scripts since it was entered again: 1 of 2 runs of flows "
        "(50.00 %) and all 2 runs of scripts succeeded; new took no longer than its script at the "
        "median (2.0 s against 2.0 s).",
        "For cutover nothing is missing: the only condition holds.",
    )


def test_a_phase_of_which_nothing_is_known_yet() -> None:
    assert narrative(report()) == (
        VALIDATION,
        "It began on 16 February 2005; no night of it is stored.",
        "What is missing to leave it could not be told.",
    )
    first = narrative(report(phase=Phase.PARALLEL_RUN, stays=(Stay(),)))
    assert first[1] == "It is the migration's first phase; no night of it is stored."


def test_a_cutover_that_was_forced_and_taken_back() -> None:
    assert narrative(forced_cutover()) == (
        "In phase cutover of migration cron-to-prefect, consumers read what the flows write; the "
        "scripts still run and are still compared, so that there is a way back.",
        "It lasted from the session of 22 February 2005 to that of 24 February 2005: 3 sessions, "
        "of which 1 passed, 1 failed and 1 has no night.",
        "It was entered on 18 February 2005 by anna, through a closed gate (sessions-passed and "
        "drill did not hold; “cutover-1: the old server goes”) and rolled back to validation on 25 "
        "February 2005 by carl (“rollback-1: volumes are wrong”).",
        "To leave it 20 sessions in a row must have been compared while consumers read the flows; "
        "the longest row was 2 sessions.",
        "1 incident was seen and not accepted: an unadjusted split in yahoo_bars (AAPL), seen "
        "first on 23 February 2005 and gone after 1 night, having come back once.",
        "On its newest night nothing was accepted by a waiver (1 has expired and 1 has more rows "
        "than allowed).",
    )


@pytest.mark.parametrize("made", [failed_week, re_entered, report, forced_cutover])
def test_it_is_three_to_eight_sentences_each_ending_as_one(made: object) -> None:
    assert callable(made)
    told = narrative(made())
    assert 3 <= len(told) <= 8
    assert all(sentence.endswith(".") and not sentence[0].islower() for sentence in told)


def test_a_night_that_failed_without_an_incident_says_why() -> None:
    found = sessions(DAY, [P, F], {F: "columns missing in candidate: volume"})
    told = narrative(report(sessions=found, stays=(Stay(first=DAY, last=found[-1].day),)))
    assert (
        "No row differed, yet 1 session failed, the newest on 17 February 2005 (columns missing in "
        "candidate: volume)."
    ) in told


def test_of_nights_that_could_not_tell_nothing_is_said() -> None:
    found = sessions(DAY, [U, U], {U: "no rows on either side"})
    told = narrative(report(sessions=found, stays=(Stay(first=DAY, last=found[-1].day),)))
    assert told[1] == (
        "It has been in force since the session of 16 February 2005: 2 sessions, all of which were "
        "undecided (the newest: no rows on either side)."
    )
    assert not any("differed" in sentence for sentence in told)


def test_no_session_counts_now() -> None:
    told = narrative(replace(failed_week(), row=Row(now=0, needed=4, longest=0)))
    assert told[2] == (
        "Of 4 sessions in a row that must have passed none counts now; there was no row of such "
        "sessions."
    )


def test_nights_that_are_kept_no_more_are_not_missing() -> None:
    found = [replace(one, deleted=True) for one in sessions(DAY, [None, None])]
    told = narrative(report(sessions=(*found, *sessions(date(2005, 2, 18), [P]))))
    assert "3 sessions, of which 1 passed and 2 are not kept any more." in told[1]


def test_more_than_fits_is_counted() -> None:
    lives = tuple(life(str(number), nights=number + 1) for number in range(9))
    items = [Item(id=str(n), title="", ok=False, evidence=f"e{n}") for n in range(6)]
    told = narrative(replace(failed_week(), incidents=lives, gate=gate(*items)))
    assert (
        "9 incidents were seen and not accepted, all of them gone again after at most 9" in told[3]
    )
    assert told[3].endswith("gone after 7 nights; and 6 more.")
    assert told[-1] == (
        "For cutover 6 of 6 conditions are missing: e0, e1, e2, e3 and 2 more; when all could hold "
        "lies beyond the exchange's calendar."
    )


def test_a_flow_that_almost_always_succeeded_is_not_at_100_percent() -> None:
    flow = figures("flow", RunKind.FLOW, 99_999, 1, 1.04, beside="script")
    script = figures("script", RunKind.SCRIPT, 99_999, 1)
    first, second = flow_lines(ran(script, flow, first=DAY, number=1))
    assert (first.rate, second.rate) == ("99.99 %", "99.99 %")
    assert (second.ratio, first.ratio) == ("1.04 ×", "—")
    found = replace(failed_week().stays[0], flows=ran(script, flow, first=DAY, number=1))
    told = narrative(replace(failed_week(), stays=(found,)))
    assert told[5].startswith("Flows were as reliable as scripts: 99,999 of 100,000 runs of flows")
    assert told[5].endswith(
        "flow took 1.0 s against 1.0 s at the median, 1.04 times as long"
        ", measured inside Prefect, without start-up."
    )


def test_what_never_ran_has_no_rate() -> None:
    idle = figures("flow", RunKind.FLOW, 0, 0, None)
    [line] = flow_lines(ran(idle, first=DAY, number=1))
    assert (line.rate, line.runs, line.median, line.ratio) == ("—", "0 of 0", "—", "—")


@given(st.text(max_size=500))
def test_no_text_of_anybody_breaks_a_sentence(text: str) -> None:
    lives = (life("1", text or "x", dataset=text, symbols=(text,), gone=None),)
    found = sessions(DAY, [P, F], {Verdict.FAIL: text})
    told = narrative(report(migration=text, sessions=found, incidents=lives))
    assert all(len(sentence) < 1_500 for sentence in told)
    kinds = {unicodedata.category(character) for sentence in told for character in sentence}
    assert not kinds & {"Cc", "Cf", "Zl", "Zp"}
