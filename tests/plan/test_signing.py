"""`parity sign`: who signs what, once, for one phase and one config."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from parity.model.errors import UsageError
from parity.model.trail import TrailKind
from parity.nightly import Harness
from parity.nightly.checklist import checklist
from parity.nightly.recording import record_config
from parity.plan.signing import sign
from tests.conftest import Inside
from tests.plan.conftest import CONFIG, TUE, Make, at, move


def item(harness: Harness, name: str = "trained") -> tuple[bool, str]:
    found = checklist(harness, now=at(TUE), environ={})
    [one] = [one for one in found.items if one.id == name]
    return one.ok, one.evidence


def test_a_signature_lapses_with_the_config_and_with_the_phase(make: Make) -> None:
    harness = make()
    move(harness, "validation")
    assert item(harness) == (False, "not signed")
    assert sign(harness, "trained", by="anna", note=" two \n mornings ", now=at(TUE)).new
    ok, evidence = item(harness)
    assert ok
    assert evidence.startswith("signed by anna on ")
    assert evidence.endswith(": two mornings (row 3 of the trail)")

    changed = make(CONFIG.replace("20s", "25s"))
    ok, evidence = item(changed)
    assert not ok
    assert evidence.startswith("lapsed, as parity.yaml has changed since: signed by anna on ")
    assert item(make())[0]  # it is as it was when she signed

    for config in (changed, make()):  # once another one was in force, it stays lapsed
        record_config(config, "ben")
    ok, evidence = item(make())
    assert not ok
    assert evidence.startswith("lapsed, as parity.yaml has changed since: ")

    move(harness, "parallel_run", "validation")
    move(harness, "validation")
    ok, evidence = item(harness)
    assert not ok
    assert evidence.startswith("lapsed, as phase validation began after it: signed by anna on ")
    assert sign(harness, "trained", by="ben", note="again", now=at(TUE)).new
    assert item(harness)[0]


def test_signing_twice_adds_nothing(harness: Harness) -> None:
    move(harness, "validation")
    first = sign(harness, "trained", by="anna", note="so", now=at(TUE))
    again = sign(harness, "trained", by="ben", note="so", now=at(TUE))
    assert (first.new, again.new, again.row) == (True, False, first.row)
    [row] = harness.store.trail("toy", TrailKind.SIGNATURE)
    assert row.content == {
        "item": "trained", "phase": "validation", "config": harness.suite.config_hash,
        "note": "so",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "note", "message"),
    [
        ("traned", "so", "no item 'traned' to sign; did you mean trained\\? those of phase "
         "validation: trained$"),
        ("zzz", "so", "no item 'zzz' to sign; those of phase validation: trained$"),
        ("told", "so", "told is signed in phase cutover; this is validation$"),
        ("drill", "so", "no item 'drill' to sign"),  # that one is told by the nights
        ("trained", " \n", "--note is blank"),
    ],
)  # fmt: skip
def test_what_cannot_be_signed(harness: Harness, name: str, note: str, message: str) -> None:
    move(harness, "validation")
    with pytest.raises(UsageError, match=message):
        sign(harness, name, by="anna", note=note, now=at(TUE))
    assert harness.store.trail("toy", TrailKind.SIGNATURE) == ()


def test_the_command(make: Make, inside: Inside, tmp_path: Path) -> None:
    move(make(), "validation")
    arguments = ("sign", "trained", "--by", "anna", "--note", "two mornings")
    done = inside(*arguments, folder=tmp_path)
    assert (done.returncode, done.stdout) == (
        0, "trained is signed by anna: The team is trained on the UI\n",
    )  # fmt: skip
    again = inside(*arguments, folder=tmp_path)
    assert (again.returncode, again.stdout) == (
        0, "trained was signed by anna already; nothing was added.\n",
    )  # fmt: skip
    told = json.loads(inside(*arguments, "--json", "-", folder=tmp_path).stdout)
    assert (told["new"], told["by"], told["note"]) == (False, "anna", "two mornings")
    wrong = inside("sign", "traned", "--note", "x", folder=tmp_path)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "did you mean trained?" in wrong.stderr
    assert inside("sign", "trained", folder=tmp_path).returncode == 2


def test_nothing_to_sign_says_so(harness: Harness) -> None:
    with pytest.raises(UsageError, match="has none of this phase"):
        sign(harness, "trained2", by="anna", note="so", now=at(TUE))
