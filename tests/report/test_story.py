"""A night's story in one line: causes, what follows, doubts."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.model.cause import PAIR, Cause
from parity.model.result import (
    Incident,
    RunResult,
    Scope,
    SecondOpinion,
)
from parity.model.selftest import SelfTest
from parity.model.verdict import Verdict
from parity.report.beside import Beside
from parity.report.build import night_view
from parity.report.headline import answer, headline, night_line
from parity.report.html import night_page
from parity.report.nights import NightRow
from parity.report.story import Told, story, told_of
from parity.report.terminal import render_night
from tests.report.build import equal, run
from tests.report.incidents import dataset, incident, score, split_night


def test_the_headline_tells_the_cause_and_what_follows_from_it() -> None:
    night = split_night()
    told = (
        "AAPL unadjusted by 2:1 on legacy before 2005-02-28 (1,494 rows in 2 datasets), "
        "7 indicator rows follow"
    )
    assert headline(night) == f"Fail: {told}"
    assert night_line(NightRow.of(night)) == told
    assert NightRow.from_json(night.to_json()).story == told
    assert answer(night) == "Worry: 1,501 rows differ, each with a proved cause."


def test_several_datasets_agree_again_at_the_latest_of_their_days() -> None:
    def split(ident: str, day: str, **more: str) -> Incident:
        evidence = {"ratio": "2:1", "side": "legacy", "agrees_from": day} | more
        return incident(ident, "split_adjustment", 5, "AAPL", **evidence)

    night = run(
        Verdict.FAIL,
        dataset("a", split("a", "2005-01-31")),
        dataset("b", split("b", "2005-02-25")),
    )
    line = "Fail: AAPL unadjusted by 2:1 on legacy before 2005-02-25 (10 rows in 2 datasets)"
    assert headline(night) == line
    # What is off on the other side is another cause, and what is undone there may still be ours.
    other = dataset("c", split("c", "2005-02-01", side="candidate"))
    assert headline(replace(night, datasets=(*night.datasets, other))) == (
        f"{line}; 1 more cause (5 rows)"
    )
    undo = "multiply candidate's prices by 2"
    other = dataset("c", split("c", "2005-02-01", side="candidate", undo=undo))
    assert "on legacy before 2005-02-25 (15 rows in 3 datasets)" in headline(
        replace(night, datasets=(*night.datasets, other))
    )


def test_of_a_line_that_is_too_long_the_side_goes_first() -> None:
    names = [f"SYMBOL{number}" for number in range(3)]
    evidence = {"ratio": "2:1", "side": "legacy", "agrees_from": "2005-01-31"}
    one = incident("a", "split_adjustment", 5, *names, **evidence)
    name = "a_dataset_with_such_a_name_that_is_long"
    assert headline(run(Verdict.FAIL, dataset(name, one))) == (
        f"Fail: SYMBOL0, SYMBOL1, SYMBOL2 unadjusted by 2:1 before 2005-01-31 (5 rows in {name})"
    )


def test_the_answer_says_since_when_it_is_seen() -> None:
    def night(day: int, *idents: str) -> RunResult:
        found = [incident(ident, "rounding", 3, "AAPL") for ident in idents]
        return run(Verdict.FAIL, dataset("bars", *found), session=date(2005, 2, day))

    def said(*nights: RunResult) -> str:
        return night_view(nights[0], beside=Beside(nights=nights)).answer

    worry = "Worry: 3 rows differ, each with a proved cause"
    tonight = night(28, "a")
    assert night_view(tonight).answer == f"{worry}."
    assert said(tonight) == f"{worry}; first seen this night."
    assert said(tonight, night(25, "a")) == f"{worry}; first seen 2005-02-25 (2 nights)."
    assert said(tonight, night(25), night(24, "a")) == (
        f"{worry}; first seen 2005-02-24, back this night."
    )
    assert said(tonight, night(25, "a"), night(24), night(23, "a")) == (
        f"{worry}; first seen 2005-02-23 (2 nights since 2005-02-25)."
    )
    assert said(night(28, "a", "b"), night(25, "b")).endswith("; first seen 2005-02-25 (2 nights).")


def test_what_to_do_about_the_gravest_stands_below_the_answer() -> None:
    night = split_night()
    todo = "reload AAPL's history on legacy; a loader that only appends needs a check for"
    assert f'<p class="todo"><b>What to do:</b> {todo}' in night_page(night_view(night)).replace(
        "&#39;", "'"
    )
    lines = str(render_night(night)).splitlines()
    assert lines[2].startswith("Worry: ")
    assert lines[3].startswith("What to do: reload AAPL's history on legacy;")
    fine = run(Verdict.PASS, equal())
    assert "What to do" not in str(render_night(fine)) + night_page(night_view(fine))


def test_the_headline_keeps_what_is_unexplained() -> None:
    night = run(
        Verdict.FAIL,
        dataset(
            "bars",
            incident("x", "unexplained", 2, "IBM"),
            incident("y", "unexplained", 1, "GOOG"),
            incident("r", "rounding", 30, "MSFT"),
            incident("s", "rounding", 10, "AAPL"),
            incident("t", "late_edge", 9),
            incident("u", "off_calendar", 5),
            incident("v", "formula", 1),
        ),
        dataset("indicators", incident("w", "upstream", 1, follows="r"), kind="indicators"),
    )
    assert headline(night) == (
        "Fail: 3 rows of IBM, GOOG unexplained; MSFT, AAPL rounded (40 rows), "
        "1 indicator row follows; 3 more causes (15 rows)"
    )
    assert answer(night) == "Worry: 59 rows differ, 3 of them without a proved cause."


def test_without_a_proved_cause_the_headline_says_so() -> None:
    night = run(Verdict.FAIL, dataset("bars", incident("x", "unexplained", 3, "IBM")))
    told = "3 rows of IBM in bars unexplained from 2004-03-01 to 2005-02-25"
    assert headline(night) == f"Fail: {told}"
    assert NightRow.of(night).story == told


@pytest.mark.parametrize(
    ("ratio", "name"),
    [
        ("3:2", "by 3:2"), (1.5, "by 3:2"), (0.5, "by 1:2"), (2, "by 2:1"),
        (3.14159265, "for a split"), (None, "for a split"), (True, "for a split"),
        (-2, "for a split"), (float("1e300"), "for a split"),
    ],
)  # fmt: skip
def test_a_split_says_its_ratio(ratio: object, name: str) -> None:
    one = incident("x", "split_adjustment", 3, "AAPL", ratio=ratio, agrees_from="2005-02-28")
    night = run(Verdict.FAIL, dataset("bars", one))
    assert headline(night) == f"Fail: AAPL unadjusted {name} before 2005-02-28 (3 rows in bars)"


def undecided(selftest: SelfTest, *reasons: str, **more: Any) -> RunResult:
    night = split_night()
    told = (*reasons, "adjusted: 249 rows differ in AAPL, all by an unadjusted split")
    return replace(night, verdict=Verdict.UNDECIDED, reasons=told, selftest=selftest, **more)


def test_an_undecided_night_tells_first_what_differs_and_then_the_doubt() -> None:
    doubt = "the self-test gave 1 of 5 seeded faults a wrong cause"
    night = undecided(
        SelfTest(causes=(score("source_mismatch", 5, 5, 4, 1),)), f"{doubt} (source_mismatch)"
    )
    told = (
        "AAPL unadjusted by 2:1 on legacy before 2005-02-28 (1,494 rows in 2 datasets), "
        "7 indicator rows follow"
    )
    assert headline(night) == f"Undecided: {told}; {doubt}"
    assert night_line(NightRow.from_json(night.to_json())) == f"{told}; {doubt}"
    assert answer(night) == (
        "Worry: 1,501 rows differ, each with a proved cause. And the self-test gave 1 seeded "
        "fault a wrong cause, so causes may be wrong too."
    )
    # The reason in full, with the cause, is below.
    assert "(source_mismatch)" in str(render_night(night))


def test_every_doubt_about_the_harness_follows_the_story() -> None:
    night = undecided(
        SelfTest(causes=(score("rounding", 5, 4, 4, 0),), undetected=("rounding #1",)),
        "the second opinion disagrees on 2 rows of 2,000: a; b",
        "the self-test missed 1 of 5 seeded faults: rounding #1",
        second_opinion=SecondOpinion(rows=2000, disagreements=2),
    )
    assert headline(night).endswith(
        " follow; the second opinion disagrees on 2 rows of 2,000; "
        "the self-test missed 1 of 5 seeded faults"
    )
    assert answer(night).endswith(
        " And the second opinion disagrees on 2 rows, so these numbers may be wrong."
        " And the self-test missed 1 seeded fault, so more rows may differ."
    )


def test_a_self_test_that_could_not_run_is_no_missed_fault() -> None:
    line = "the self-test could not run: no such table"
    night = undecided(SelfTest(seed="s", undetected=(line,)), line)
    assert headline(night).endswith(" follow; the self-test could not run")
    assert answer(night).endswith(
        " And the self-test could not run, so nothing vouches for this comparison."
    )


def test_a_dataset_that_is_undecided_as_well_is_named() -> None:
    line = "the self-test missed 1 of 5 seeded faults: rounding #1"
    late = equal("hourly", 0, verdict=Verdict.UNDECIDED, reasons=("no rows",), columns=())
    night = undecided(SelfTest(causes=(score("rounding", 5, 4, 4, 0),)), line)
    night = replace(night, datasets=(*night.datasets, late))
    assert headline(night).endswith("missed 1 of 5 seeded faults; hourly undecided")


def told(*incidents: Incident, session: str = "2005-02-28") -> str:
    night = run(Verdict.FAIL, dataset("bars", *incidents), session=date.fromisoformat(session))
    return night_line(NightRow.of(night))


def spanning(first: str | None, last: str | None, **more: Any) -> Incident:
    scope = Scope(symbols=("IBM",), first=first, last=last)
    return replace(incident("x", "late_edge", 2, **more), scope=scope)


@pytest.mark.parametrize(
    ("first", "last", "when"),
    [
        ("2005-02-25", "2005-02-28", " since 2005-02-25"),
        ("2005-02-28", "2005-02-28", " on 2005-02-28"),
        ("2005-01-03", "2005-02-25", " from 2005-01-03 to 2005-02-25"),
        ("2005-01-03", None, " on 2005-01-03"),
        (None, None, ""),
    ],
)
def test_it_says_when_the_data_is_wrong(first: str | None, last: str | None, when: str) -> None:
    assert told(spanning(first, last)) == f"IBM loaded late{when} (2 rows in bars)"


@pytest.mark.parametrize("name", ["agrees_from", "ex_date"])
def test_what_is_to_be_adjusted_is_wrong_before_the_day_on_which_both_agree(name: str) -> None:
    for value in ("2005-02-11", "2005-02-11 00:00:00-05:00"):
        one = incident("x", "dividend_adjustment", 9, "KO", **{name: value})
        assert told(one) == "KO unadjusted for a dividend before 2005-02-11 (9 rows in bars)"
    other = incident("x", "late_edge", 9, "KO", **{name: "2005-02-11"})
    assert "before" not in told(other)


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_follows_a_symbol_in_plain_words(cause: Cause) -> None:
    line = told(incident("x", cause.value, 2, "IBM"))
    assert "_" not in line
    assert "IBM" in line


def test_a_pair_of_causes_and_one_that_nobody_knows() -> None:
    pair = incident("x", f"split_adjustment{PAIR}rounding", 2, "IBM", ratio="2:1")
    assert told(pair).startswith("IBM unadjusted by 2:1 and rounded from ")
    odd = incident("x", "moon_phase", 2, "IBM")
    assert told(odd).startswith("IBM with moon phase from ")


def test_of_what_is_unexplained_many_symbols_are_counted() -> None:
    names = [f"S{number}" for number in range(22)]
    one = replace(
        incident("x", "unexplained", 117, *names),
        scope=Scope(symbols=tuple(names), first="unexplained", last="unexplained"),
    )
    # What is no day is not told as one.
    assert told(one) == "117 rows in bars unexplained, in 22 symbols"


SYMBOLS = st.lists(st.sampled_from(["AAPL", "IBM", "MSFT", "GOOG"]), max_size=3, unique=True)


@st.composite
def some_incidents(draw: st.DrawFn) -> list[Incident]:
    names = [f"i{number}" for number in range(draw(st.integers(0, 7)))]
    causes = st.sampled_from(["unexplained", "rounding", "late_edge", "upstream", "formula"])
    above = st.sampled_from([None, "gone", *names])
    made = [
        incident(name, draw(causes), draw(st.integers(1, 5000)), *draw(SYMBOLS),
                 follows=draw(above))
        for name in names
    ]  # fmt: skip
    return [replace(one, waiver="w") if draw(st.booleans()) else one for one in made]


@given(some_incidents())
def test_every_row_is_told_once(incidents: list[Incident]) -> None:
    """Numbers of rows in the line add up to all rows that differ, whatever explains what."""
    if all(one.waiver for one in incidents):
        return
    line = story([told_of({"name": "bars", "kind": "indicators"}, one.to_json(), "2005-02-28")
                  for one in incidents])  # fmt: skip
    numbers = re.findall(r"([\d,]+) (?:indicator )?rows?\b", line)
    assert sum(int(number.replace(",", "")) for number in numbers) == sum(
        one.rows for one in incidents
    )
    assert len(line) <= 120 or "more" in line


def test_what_did_not_begin_together_is_told_as_lying_between() -> None:
    def missing(ident: str, symbol: str, first: str, last: str) -> Told:
        return told_of(
            {"name": "bars", "kind": "bars"},
            {
                "id": ident, "cause": "missing_session", "proved": True, "rows": 1, "waiver": None,
                "scope": {"symbols": [symbol], "from": first, "to": last}, "evidence": {},
                "explained_by": None,
            },
            "2005-02-28",
        )  # fmt: skip

    alike = [missing(name, name, "2005-02-28", "2005-02-28") for name in "AB"]
    apart = [alike[0], missing("B", "B", "2003-01-02", "2003-01-02")]
    assert " on 2005-02-28 " in story(alike)
    assert " between 2003-01-02 and 2005-02-28 " in story(apart)
    assert "since" not in story(apart)
