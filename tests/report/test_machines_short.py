"""The short text for alerts and chats."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings

from parity.model.result import JobOutcome, RunResult
from parity.model.verdict import Side, Verdict
from parity.report.machines.short import short_text
from tests.report.build import equal, good_night, run
from tests.report.machine_nights import LINK, gate, golden_view, view_of_night
from tests.report.results import results


def test_a_pass_says_so_with_the_streak_and_the_link() -> None:
    assert short_text(view_of_night(good_night(), gate()), LINK).splitlines() == [
        "Pass: 4 datasets, 8,064 rows compared",
        "Monday 28 February 2005, phase validation",
        "No need to worry: every row compared agrees within its tolerance.",
        "Gate: 7 of 10 sessions in a row passed",
        LINK,
    ]


def test_what_has_no_room_is_left_out_from_the_end_but_for_the_link() -> None:
    whole = short_text(golden_view(), most=1000).splitlines()
    assert len(whole) == 4
    short = short_text(golden_view(), LINK, most=240).splitlines()
    assert short == [*whole[:2], LINK]
    assert short_text(golden_view(), LINK, most=120).splitlines() == [
        "Fail: AAPL unadjusted by 2:1 on legacy before 2005-…", LINK,
    ]  # fmt: skip


def test_a_link_that_leaves_no_room_for_the_verdict_is_left_out() -> None:
    assert "https" not in short_text(golden_view(), f"https://e.org/{'x' * 280}")


@pytest.mark.parametrize("before", [0, 230, 260])
def test_it_holds_no_secret_not_even_a_part_of_one(before: int) -> None:
    job = JobOutcome(
        name="load", side=Side.LEGACY, exit_code=None, seconds=1, log="",
        reason="x" * before + " postgresql://me:5ecret@host/db",
    )  # fmt: skip
    night = run(Verdict.UNDECIDED, equal(), jobs=(job,))
    assert "5ec" not in short_text(view_of_night(night))


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(results())
def test_of_any_night_it_is_short_plain_and_begins_with_the_verdict(night: RunResult) -> None:
    text = short_text(view_of_night(night), LINK)
    word = {"pass": "Pass", "fail": "Fail", "undecided": "Undecided"}[night.verdict.value]
    assert text.startswith(f"{word}: ")
    assert len(text) <= 280
    assert text.endswith(LINK)
    unseen = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert not unseen & {unicodedata.category(one) for one in text.replace("\n", "")}
