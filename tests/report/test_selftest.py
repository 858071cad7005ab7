"""What page and terminal say of the self-test."""

from __future__ import annotations

import html
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from parity.model.selftest import SelfTest
from parity.report.build import night_view
from parity.report.publish import write_night
from parity.report.selftest import again
from parity.report.terminal import render_night
from parity.report.view import NightView
from tests.report.build import good_night, source
from tests.report.incidents import score


def scored(*scores: tuple[str, int, int, int, int], **more: Any) -> NightView:
    causes = tuple(score(*one) for one in scores)
    return night_view(replace(good_night(), selftest=SelfTest(causes=causes, **more)))


def test_the_self_test_says_what_was_found_by_cause_and_its_seed() -> None:
    view = scored(("rounding", 12, 12, 12, 0), ("formula", 12, 12, 12, 0), seed="m 2005-02-28")
    assert view.selftest == "24 of 24 seeded faults found, 24 attributed right."
    assert (view.selftest_ok, view.selftest_seed) == (True, "m 2005-02-28")
    figures = {figure.label: (figure.value, figure.tone) for figure in view.figures}
    assert figures["seeded faults found"] == ("24 of 24", "good")


def test_the_self_test_shows_first_what_went_wrong() -> None:
    view = scored(
        ("rounding", 4, 4, 4, 0), ("late_edge", 4, 4, 3, 0), ("formula", 4, 3, 2, 1),
        undetected=("formula: ema_26 on IBM",),
        misattributed=tuple(f"formula #{number}" for number in range(7)),
    )  # fmt: skip
    assert view.selftest == (
        "11 of 12 seeded faults found, 9 attributed right, 1 given a wrong cause, "
        "1 found but not named."
    )
    assert view.selftest_ok is False
    assert [(one.cause, one.unexplained, one.fine) for one in view.selftest_scores] == [
        ("another formula (formula)", 0, False), ("late load (late_edge)", 1, True),
        ("rounding", 0, True),
    ]  # fmt: skip
    assert view.selftest_missed == ("formula: ema_26 on IBM",)
    assert view.selftest_wrong == (*(f"formula #{number}" for number in range(5)), "and 2 more")
    figures = {figure.label: (figure.value, figure.tone) for figure in view.figures}
    assert figures["seeded faults attributed right"] == ("9 of 12", "bad")


@pytest.mark.parametrize(
    ("seed", "quoted"),
    [
        ("17", "17"), ("market-data 2005-03-01", '"market-data 2005-03-01"'),
        ("a $(b)", "'a $(b)'"), ('say "x"', "'say \"x\"'"), ("", "''"),
    ],
)  # fmt: skip
def test_the_seed_is_told_as_the_command_that_takes_it(seed: str, quoted: str) -> None:
    assert again(seed) == f"parity selftest --seed {quoted}"
    assert shlex.split(again(seed))[-1] == seed


def test_page_and_terminal_show_the_bad_faults_and_how_to_see_them_again(tmp_path: Path) -> None:
    test = SelfTest(
        causes=(score("formula", 2, 1, 0, 1),), seed="m 2005-02-28",
        undetected=("formula #0 in bars",), misattributed=("formula #1 in bars",),
    )  # fmt: skip
    assert test.to_json() == {
        "seed": "m 2005-02-28", "injected": 2, "detected": 1, "attributed": 0, "wrong": 1,
    }  # fmt: skip
    night = replace(good_night(), selftest=test)
    command = 'parity selftest --seed "m 2005-02-28"'
    lines = [line.strip() for line in str(render_night(night)).splitlines()]
    assert lines[-3:] == [
        "missed: formula #0 in bars", "wrong cause: formula #1 in bars", f"again: {command}",
    ]  # fmt: skip
    write_night(night, source({}), tmp_path / "n")
    page = html.unescape((tmp_path / "n" / "index.html").read_text(encoding="utf-8"))
    assert "<li>missed: formula #0 in bars</li><li>wrong cause: formula #1 in bars</li>" in page
    assert f"<code>{command}</code>" in page


def test_without_a_self_test_nothing_is_claimed() -> None:
    view = night_view(good_night())
    assert view.selftest == "No faults were seeded in this run."
    assert view.selftest_ok is None
    assert "Self-test" not in str(render_night(good_night()))
