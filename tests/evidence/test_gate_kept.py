"""The gate is kept with the night after which it stood so, and with no other."""

from __future__ import annotations

import json
import shutil

import psycopg
import pytest

from parity.cli import telling
from parity.model.trail import TrailKind
from parity.nightly.publishing import publish_all, publish_overview
from tests.evidence.conftest import FIRST, SECOND, Toy

RUN = "toy.2005-02-28.1"


def kept(toy: Toy) -> str:
    """The phase of the gate that is kept with the first run; empty where none is."""
    path = toy.evidence / RUN / "gate.json"
    return str(json.loads(path.read_bytes())["phase"]) if path.exists() else ""


def test_a_night_keeps_how_the_gate_stood_after_it(toy: Toy) -> None:
    toy.night(FIRST)
    page = (toy.evidence / RUN / "index.html").read_text()
    assert kept(toy) == "parallel_run"
    assert "Gate from parallel_run to validation" in page.replace("parallel run", "parallel_run")


def test_what_tells_of_a_switch_keeps_nothing(toy: Toy) -> None:
    toy.store(FIRST)
    publish_overview(toy.harness)
    assert kept(toy) == ""
    assert (toy.harness.suite.reports / "index.html").exists()


def test_the_gate_of_a_phase_that_was_entered_since_is_not_the_nights(toy: Toy) -> None:
    toy.store(FIRST)
    move = {"from": "parallel_run", "to": "validation", "why": "", "evidence": [], "forced": False}
    toy.harness.store.append_trail("toy", TrailKind.PHASE, "anna", move)
    publish_all(toy.harness)
    assert kept(toy) == ""
    page = (toy.harness.suite.reports / "parallel_run" / str(FIRST) / "index.html").read_text()
    assert "Gate from" not in page


def test_a_gate_that_cannot_be_kept_stops_no_page(toy: Toy) -> None:
    toy.store(FIRST)
    shutil.rmtree(toy.evidence)
    toy.evidence.write_text("no folder")
    publish_all(toy.harness)
    reports = toy.harness.suite.reports
    assert (reports / "parallel_run" / str(FIRST) / "index.html").exists()
    assert (reports / "index.html").exists()


def test_a_broken_file_of_a_night_stops_no_other(toy: Toy) -> None:
    toy.night(FIRST)
    for name in ("gate.json", "pictures.json"):
        (toy.evidence / RUN / name).write_text('{"series": [1], "items": [1], "earliest": 1}')
    toy.night(SECOND)
    assert publish_all(toy.harness)


def test_a_locked_table_is_not_waited_for_when_all_is_told(
    toy: Toy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    toy.night(FIRST)
    monkeypatch.setattr(telling, "PATIENCE", 0.5)
    with psycopg.connect(toy.database.admin_url) as connection:
        connection.execute("LOCK parity.attempt IN ACCESS EXCLUSIVE MODE")
        telling.show_in_index(toy.harness)
    said = capsys.readouterr().err
    assert "do not tell of it yet: the database does not answer; parity report does" in said
