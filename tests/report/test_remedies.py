"""What to do about each cause, why it is there, and how a ratio is read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.model.cause import PAIR, Cause
from parity.report.remedies import REMEDIES, plainly, reason_for, remedy

CAUSES = (Path(__file__).parents[2] / "docs" / "causes.md").read_text(encoding="utf-8")
SPLIT = {"side": "legacy", "undo": "divide legacy's prices by 2", "agrees_from": "2005-01-31"}


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_one_and_a_section_that_says_what_to_do(cause: Cause) -> None:
    says = remedy(cause.value, {}, ("AAPL", "IBM"))
    assert says == remedy(cause.value, {"side": 5, "undo": None}, ("AAPL", "IBM"))
    assert not set("{}") & set(says)
    assert not says.endswith(".")
    section = re.search(rf"^##+ {cause.value}$(.*?)(?=^## |^### |\Z)", CAUSES, re.M | re.S)
    assert section is not None
    assert "What to do" in " ".join(section[1].split())


def test_there_is_none_for_what_is_no_cause() -> None:
    assert set(REMEDIES) == set(Cause)
    assert remedy("moon_phase", {}, ("A",)) == ""


def test_it_names_symbols_and_the_side_that_is_off() -> None:
    assert remedy("split_adjustment", SPLIT, ("AAPL",)) == (
        "reload AAPL's history on legacy; a loader that only appends needs a check for restated "
        "history"
    )
    # Undone on the smaller side, the larger one is off all the same.
    turned = SPLIT | {"side": "candidate", "undo": "multiply candidate's prices by 2"}
    assert remedy("split_adjustment", turned, ()).startswith("reload the history on legacy;")
    paid = {"side": "legacy", "adjusted_side": "legacy"}
    assert "KO's adjusted history on candidate" in remedy("dividend_adjustment", paid, ("KO",))
    unknown = remedy("split_adjustment", {}, ("KO",))
    assert unknown.startswith("reload KO's history on the side that kept the old scale;")


def test_of_a_pair_both_are_told() -> None:
    both = remedy(f"overflow{PAIR}formula", {}, ())
    assert both.split("; then ") == [remedy("overflow", {}, ()), remedy("formula", {}, ())]


def test_why_says_what_is_shown_and_what_that_fits() -> None:
    assert reason_for("split_adjustment", SPLIT) == (
        "from 2005-01-31 on both sides agree, before it legacy is on another scale. This fits a "
        "legacy side that fetches only its last days again, so that older rows keep the old scale, "
        "and a candidate side that has the whole history on the new one"
    )
    without = {key: value for key, value in SPLIT.items() if key != "agrees_from"}
    assert "agree" not in reason_for("split_adjustment", without)
    assert reason_for("split_adjustment", without).startswith("this fits a legacy side")
    paid = {"adjusted_side": "candidate", "ex_date": "2005-02-11"}
    assert reason_for("dividend_adjustment", paid).startswith(
        "before 2005-02-11 candidate's prices have the dividend taken off and legacy's have not."
    )
    # Of other causes, and where the side is not known, nothing is claimed.
    assert (reason_for("rounding", SPLIT), reason_for("split_adjustment", {})) == ("", "")


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        (
            "A before 2005-01-31: legacy's prices are 2:1 of candidate's, volume 1:2",
            "A before 2005-01-31: legacy's prices are twice candidate's, its volume half",
        ),
        ("candidate's prices are 2:1 of legacy's (volume 1:2)",
         "candidate's prices are twice legacy's, its volume half"),
        ("legacy's prices are 2:1 of candidate's, volume equal",
         "legacy's prices are twice candidate's, volume equal"),
        ("as it had them (prices 2:1 of candidate's), since restated",
         "as it had them (prices twice candidate's), since restated"),
        ("legacy's prices are 3:2 of candidate's, volume 2:3",
         "legacy's prices are 3:2 of candidate's, volume 2:3"),
        ("legacy's prices are 12:1 of candidate's, volume 1:12",
         "legacy's prices are 12:1 of candidate's, volume 1:12"),
    ],
)  # fmt: skip
def test_two_to_one_is_twice(stored: str, shown: str) -> None:
    assert plainly(stored) == shown


@given(st.text())
def test_any_other_sentence_stays(text: str) -> None:
    assert plainly(text) == text
