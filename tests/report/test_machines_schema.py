"""The published schemas: every result passes, every mistake is refused for its own reason."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator, FormatChecker

from parity.model.cause import PAIR, Cause
from parity.model.checklist import Checklist, Item
from parity.model.result import RunResult
from parity.model.since import Since
from parity.model.suite import Kind
from parity.model.verdict import Phase, Side, Verdict
from parity.model.waiver import Waiver, WaiverState, WaiverUse
from parity.report.machines.schema import SCHEMAS, schema_text
from tests.report import build, incidents
from tests.report.results import results

SESSION = date(2005, 2, 28)
DOCS = Path(__file__).parents[2] / "docs"


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schema_text(name)), format_checker=FormatChecker())


RESULT = validator("result")
CHECKLIST = validator("checklist")


def mistakes(found: Any, schema: Draft202012Validator = RESULT) -> set[tuple[str, str]]:
    """What is refused: the place, and the keyword of the schema that refuses it."""
    return {(error.json_path, str(error.validator)) for error in schema.iter_errors(found)}


def waived_night() -> RunResult:
    waiver = Waiver(
        id="w", dataset="prices", cause="rounding", owner="anna", reason="two digits",
        expires=date(2005, 3, 31), max_rows=9,
    )  # fmt: skip
    found = replace(incidents.incident("a", "rounding", 3, "AAPL"), waiver="w")
    dataset = incidents.dataset("prices", found, verdict=Verdict.PASS, reasons=())
    use = WaiverUse(waiver=waiver, state=WaiverState.USED, rows=3, incidents=("a",))
    return build.run(Verdict.PASS, dataset, waivers=(use,))


NIGHTS: dict[str, Callable[[], RunResult]] = {
    "split with rows": lambda: build.split_night()[0],
    "split with incidents": incidents.split_night,
    "cut": lambda: build.cut_night()[0],
    "good": build.good_night,
    "failed job": build.failed_job_night,
    "waived": waived_night,
    "nothing": lambda: build.run(Verdict.UNDECIDED, reasons=("no dataset was compared",)),
}


def plain(night: RunResult) -> Any:
    """As it is read from a file."""
    return json.loads(json.dumps(night.to_json(), allow_nan=False))


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(json.loads(schema_text(name)))


@pytest.mark.parametrize("night", NIGHTS.values(), ids=NIGHTS)
def test_hand_made_nights_are_valid(night: Callable[[], RunResult]) -> None:
    assert mistakes(plain(night())) == set()


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(results())
def test_whatever_a_run_finds_its_json_is_valid_and_adds_up(night: RunResult) -> None:
    found = plain(night)
    assert mistakes(found) == set()
    for dataset in found["datasets"]:
        rows = dataset["rows"]
        one_side = rows["legacy_only"] + rows["candidate_only"]
        broken = rows["duplicate_key"] + rows["null_key"]
        paired = rows["matched"] + rows["mismatched"]
        assert rows["legacy"] + rows["candidate"] == 2 * paired + one_side + broken
        differ = rows["mismatched"] + one_side + broken
        assert sum(one["rows"] for one in dataset["incidents"]) == differ


def test_what_is_said_since_an_earlier_run_is_valid() -> None:
    since = [
        Since(dataset="a", new=1, persisting=2, changed=1, new_keys=(("A", SESSION, 1.5),)),
        Since(dataset="b", reason="was not in run x"),
    ]
    found = plain(build.good_night()) | {"since": [one.to_json() for one in since]}
    assert mistakes(found) == set()
    found["since"][0]["new_keys"] = [["A"]] * 6
    assert mistakes(found) == {("$.since[0].new_keys", "maxItems")}


Edit = Callable[[Any], object]
WRONG: list[tuple[Edit, str, str]] = [
    (lambda r: r.pop("verdict"), "$", "required"),
    (lambda r: r.pop("waivers"), "$", "required"),
    (lambda r: r.update(extra=1), "$", "additionalProperties"),
    (lambda r: r.update(schema_version=2), "$.schema_version", "const"),
    (lambda r: r.update(verdict="passed"), "$.verdict", "enum"),
    (lambda r: r.update(phase="testing"), "$.phase", "enum"),
    (lambda r: r.update(primary="both"), "$.primary", "enum"),
    (lambda r: r.update(session="2005-02-30"), "$.session", "format"),
    (lambda r: r.update(session="20050228"), "$.session", "pattern"),
    (lambda r: r.update(as_of="2005-02-28T20:00:00"), "$.as_of", "pattern"),
    (lambda r: r.update(reasons="differs"), "$.reasons", "type"),
    (lambda r: r.update(datasets=None), "$.datasets", "type"),
    (lambda r: r["datasets"][0].pop("coverage"), "$.datasets[0]", "required"),
    (lambda r: r["datasets"][0].update(kind="prices"), "$.datasets[0].kind", "enum"),
    (lambda r: r["datasets"][0]["rows"].update(matched=-1), "$.datasets[0].rows.matched",
     "minimum"),
    (lambda r: r["datasets"][0]["rows"].update(matched=1.5), "$.datasets[0].rows.matched", "type"),
    (lambda r: r["datasets"][0]["rows"].pop("unsettled"), "$.datasets[0].rows", "required"),
    (lambda r: r["datasets"][0]["columns"][0].update(max_abs_delta=-0.5),
     "$.datasets[0].columns[0].max_abs_delta", "minimum"),
    (lambda r: r["datasets"][0]["columns"][0].update(max_rel_delta="0.5"),
     "$.datasets[0].columns[0].max_rel_delta", "type"),
    (lambda r: r["datasets"][0]["schema"].update(type_changes=[["a", "b", "c"]]),
     "$.datasets[0].schema.type_changes[0]", "type"),
    (lambda r: r["datasets"][0]["incidents"][0].update(cause="weather"),
     "$.datasets[0].incidents[0].cause", "anyOf"),
    (lambda r: r["datasets"][0]["incidents"][0].update(cause="rounding + unexplained"),
     "$.datasets[0].incidents[0].cause", "anyOf"),
    (lambda r: r["datasets"][0]["incidents"][0].update(proved=False),
     "$.datasets[0].incidents[0].proved", "const"),
    (lambda r: r["datasets"][0]["incidents"][0].update(rows=0),
     "$.datasets[0].incidents[0].rows", "minimum"),
    (lambda r: r["datasets"][0]["incidents"][0]["scope"].update({"from": "yesterday"}),
     "$.datasets[0].incidents[0].scope.from", "pattern"),
    (lambda r: r["datasets"][0]["incidents"][0].update(evidence=[]),
     "$.datasets[0].incidents[0].evidence", "type"),
    (lambda r: r["selftest"].update(injected=True), "$.selftest.injected", "type"),
    (lambda r: r["second_opinion"].pop("rows"), "$.second_opinion", "required"),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "place", "keyword"), WRONG, ids=[f"{p} {k}" for _, p, k in WRONG])
def test_a_mistake_is_refused_where_it_is(edit: Edit, place: str, keyword: str) -> None:
    found = plain(incidents.split_night())
    edit(found)
    assert (place, keyword) in mistakes(found)
    assert {where for where, _ in mistakes(found)} == {place}


WRONG_PASS: list[tuple[Edit, str, str]] = [
    (lambda r: r.update(datasets=[]), "$.datasets", "minItems"),
    (lambda r: r.update(reasons=["but"]), "$.reasons", "maxItems"),
    (lambda r: r["datasets"][0]["rows"].update(matched=0), "$.datasets[0].rows.matched", "minimum"),
    (lambda r: r["datasets"][0].update(verdict="fail"), "$.datasets[0].verdict", "const"),
    (lambda r: r["datasets"][0]["incidents"][0].update(waiver=None),
     "$.datasets[0].incidents[0].waiver", "type"),
    (lambda r: r["waivers"][0].update(state="lapsed"), "$.waivers[0].state", "enum"),
    (lambda r: r["waivers"][0].update(max_rows=0), "$.waivers[0].max_rows", "minimum"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("edit", "place", "keyword"), WRONG_PASS, ids=[f"{p} {k}" for _, p, k in WRONG_PASS]
)
def test_nothing_passes_that_was_not_looked_at(edit: Edit, place: str, keyword: str) -> None:
    found = plain(waived_night())
    edit(found)
    assert mistakes(found) == {(place, keyword)}


def test_the_closed_sets_are_those_of_the_code() -> None:
    schema: Any = json.loads(schema_text("result"))
    defs = schema["$defs"]
    assert schema["properties"]["phase"]["enum"] == [*map(str, Phase), "ad_hoc"]
    assert schema["properties"]["primary"]["enum"] == list(map(str, Side))
    assert defs["verdict"]["enum"] == list(map(str, Verdict))
    assert defs["dataset"]["properties"]["kind"]["enum"] == list(map(str, Kind))
    assert defs["waiver"]["properties"]["state"]["enum"] == list(map(str, WaiverState))
    assert defs["single"]["enum"] == list(map(str, Cause))
    proved = [str(one) for one in Cause if one is not Cause.UNEXPLAINED]
    pattern = defs["cause"]["anyOf"][1]["pattern"]
    assert all(re.search(pattern, f"{a}{PAIR}{b}") for a in proved for b in proved)
    assert not re.search(pattern, f"rounding{PAIR}unexplained")


def test_every_key_stands_in_the_docs() -> None:
    text = (DOCS / "results.md").read_text(encoding="utf-8")
    for name in SCHEMAS:
        for key in _keys(json.loads(schema_text(name))):
            assert f"`{key}`" in text, key


def test_the_example_in_the_docs_is_valid() -> None:
    text = (DOCS / "results.md").read_text(encoding="utf-8")
    examples = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    assert examples
    for example in examples:
        assert mistakes(json.loads(example)) == set()


def _keys(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return {key for part in schema for key in _keys(part)}
    if not isinstance(schema, dict):
        return set()
    own = set(schema["properties"]) if isinstance(schema.get("properties"), dict) else set()
    return own | {key for part in schema.values() for key in _keys(part)}


def checklist_json() -> Any:
    done = Item(id="a", title="It holds", ok=True, evidence="run 1", runs=("r1",))
    red = Item(
        id="b", title="It does not", ok=False, evidence="none", link="validation/x/index.html",
        since=date(2005, 2, 28), since_why="a night failed", missing="another night", sessions=3,
    )  # fmt: skip
    found = Checklist(
        migration="m", phase=Phase.VALIDATION, to=Phase.CUTOVER, items=(done, red),
        earliest=date(2005, 3, 31), at=datetime.fromisoformat("2005-02-28T20:00:00-05:00"),
    )  # fmt: skip
    return json.loads(json.dumps(found.to_json()))


def test_checklists_are_valid_and_mistakes_in_one_are_refused() -> None:
    found = checklist_json()
    assert mistakes(found, CHECKLIST) == set()
    last = Checklist(phase=Phase.CLEANUP, to=None, items=()).to_json()
    assert mistakes(last, CHECKLIST) == set()

    wrongs: list[tuple[Edit, str, str]] = [
        (lambda c: c.update(open=True), "$.items[1].ok", "const"),
        (lambda c: c.update(to="done"), "$.to", "anyOf"),
        (lambda c: c["items"][0].pop("ok"), "$.items[0]", "required"),
        (lambda c: c["items"][1].update(sessions=-1), "$.items[1].sessions", "minimum"),
        (lambda c: c.update(earliest="soon"), "$.earliest", "pattern"),
    ]
    for edit, place, keyword in wrongs:
        wrong = copy.deepcopy(found)
        edit(wrong)
        assert (place, keyword) in mistakes(wrong, CHECKLIST)
