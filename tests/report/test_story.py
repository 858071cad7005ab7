"""A night's story in one line: causes, what follows, doubts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from parity.model.result import (
    RunResult,
    SecondOpinion,
)
from parity.model.selftest import SelfTest
from parity.model.verdict import Verdict
from parity.report.headline import answer, headline, night_line
from parity.report.nights import NightRow
from parity.report.terminal import render_night
from tests.report.build import equal, run
from tests.report.incidents import dataset, incident, score, split_night


def test_the_headline_tells_the_cause_and_what_follows_from_it() -> None:
    night = split_night()
    told = "AAPL: unadjusted split 2:1 (1,494 rows), 7 indicator rows follow"
    assert headline(night) == f"Fail: {told}"
    assert night_line(NightRow.of(night)) == told
    assert NightRow.from_json(night.to_json()) == NightRow.of(night)
    assert answer(night) == "Worry: 1,501 rows differ, each with a proved cause."


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
        "Fail: 3 rows unexplained (IBM, GOOG); MSFT, AAPL: rounding (40 rows); "
        "late load (9 rows); 2 more causes (6 rows); 1 indicator row follows"
    )
    assert answer(night) == "Worry: 59 rows differ, 3 of them without a proved cause."


def test_without_a_proved_cause_the_headline_counts() -> None:
    night = run(Verdict.FAIL, dataset("bars", incident("x", "unexplained", 3, "IBM")))
    assert headline(night) == "Fail: 1 of 1 dataset differs: IBM, 3 rows"
    assert NightRow.of(night).story == ""


@pytest.mark.parametrize(
    ("ratio", "name"),
    [
        ("3:2", "unadjusted split 3:2"), (1.5, "unadjusted split 3:2"),
        (0.5, "unadjusted split 1:2"), (2, "unadjusted split 2:1"),
        (3.14159265, "unadjusted split"), (None, "unadjusted split"),
        (True, "unadjusted split"), (-2, "unadjusted split"),
        (float("1e300"), "unadjusted split"),
    ],
)  # fmt: skip
def test_a_split_says_its_ratio(ratio: object, name: str) -> None:
    night = run(Verdict.FAIL, dataset("bars", incident("x", "split_adjustment", 3, ratio=ratio)))
    assert headline(night) == f"Fail: {name} (3 rows)"


def undecided(selftest: SelfTest, *reasons: str, **more: Any) -> RunResult:
    night = split_night()
    told = (*reasons, "adjusted: 249 rows differ in AAPL, all by an unadjusted split")
    return replace(night, verdict=Verdict.UNDECIDED, reasons=told, selftest=selftest, **more)


def test_an_undecided_night_tells_first_what_differs_and_then_the_doubt() -> None:
    doubt = "the self-test gave 1 of 5 seeded faults a wrong cause"
    night = undecided(
        SelfTest(causes=(score("source_mismatch", 5, 5, 4, 1),)), f"{doubt} (source_mismatch)"
    )
    told = "AAPL: unadjusted split 2:1 (1,494 rows), 7 indicator rows follow"
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
