"""JUnit XML: what CI systems read, whatever a night holds."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from lxml import etree  # type: ignore[import-untyped]

from parity.gates import judge_dataset
from parity.model.result import (
    JobOutcome,
    QualityCheck,
    RunResult,
    SchemaDrift,
    SecondOpinion,
)
from parity.model.selftest import SelfTest
from parity.model.verdict import Side, Verdict
from parity.report.machines.junit import junit
from tests.report.build import check, counts, equal, failed_job_night, good_night, run
from tests.report.incidents import dataset, incident, score
from tests.report.machine_nights import LINK, golden_view, view_of_night
from tests.report.results import HOSTILE, results

HERE = Path(__file__).parent
RULES = etree.XMLSchema(etree.parse(HERE / "junit.xsd"))


def xml_of(night: RunResult) -> Any:
    """The XML, read by two parsers and held against the rules."""
    text = junit(view_of_night(night), LINK)
    ElementTree.fromstring(text)
    root = etree.fromstring(text)
    assert RULES.validate(root), RULES.error_log
    for part in (root, *root):
        cases = part.findall(".//testcase")
        assert int(part.get("tests")) == len(cases)
        assert int(part.get("failures")) == len(part.findall(".//failure"))
        assert int(part.get("errors")) == len(part.findall(".//error"))
    return root


def ended(root: Any) -> dict[str, str]:
    """By suite and case how it ended: passed, failure or error."""
    return {
        f"{suite.get('name')}: {case.get('name')}": next(
            (part.tag for part in case if part.tag in ("failure", "error")), "passed"
        )
        for suite in root
        for case in suite.findall("testcase")
    }


def test_the_night_of_the_split_is_as_written_by_hand() -> None:
    wanted = (HERE / "golden_machines" / "night.xml").read_text(encoding="utf-8")
    assert junit(golden_view(), LINK).decode() == wanted


def test_a_pass_has_neither_failures_nor_errors_and_skips_nothing() -> None:
    root = xml_of(good_night())
    assert set(ended(root).values()) == {"passed"}
    assert root.get("skipped") == "0"
    assert root.findall(".//skipped") == []


def test_what_is_undecided_is_an_error_and_never_passed_or_skipped() -> None:
    assert ended(xml_of(failed_job_night())) == {
        "cron-to-prefect: verdict": "error",
        "cron-to-prefect: job legacy load-yahoo": "error",
        "cron-to-prefect: job candidate yahoo-flow": "error",
        "cron-to-prefect: second opinion": "error",
        "cron-to-prefect/yahoo-bars: rows agree": "error",
        "cron-to-prefect/yahoo-bars: columns are there": "error",
        "cron-to-prefect/polygon-bars: rows agree": "passed",
        "cron-to-prefect/polygon-bars: columns are there": "passed",
    }


@pytest.mark.parametrize(
    ("values", "case"),
    [
        ({"second_opinion": SecondOpinion(rows=9, disagreements=2, examples=("A: 1",))},
         "second opinion"),
        ({"selftest": SelfTest(causes=(score("rounding", 3, 2, 2, 0),), undetected=("r",))},
         "self-test"),
        ({"selftest": SelfTest(causes=(score("rounding", 3, 3, 2, 1),))}, "self-test"),
        ({"selftest": SelfTest(undetected=("the self-test could not run",))}, "self-test"),
    ],
)  # fmt: skip
def test_a_doubt_about_the_harness_is_an_error_beside_that_of_the_verdict(
    values: dict[str, Any], case: str
) -> None:
    night = run(Verdict.UNDECIDED, equal(), reasons=("a doubt",), **values)
    found = ended(xml_of(night))
    assert {name for name, how in found.items() if how != "passed"} == {
        "cron-to-prefect: verdict", f"cron-to-prefect: {case}",
    }  # fmt: skip
    assert set(found.values()) == {"passed", "error"}


BREAKS = check(Side.CANDIDATE, success=False)


@pytest.mark.parametrize(
    ("schema", "quality", "failing"),
    [
        (SchemaDrift(missing_in_candidate=("note",)), (), "columns are there"),
        (SchemaDrift(missing_in_legacy=("note",)), (), None),
        (SchemaDrift(type_changes=(("a", "int", "text"),)), (), None),
        (SchemaDrift(), (check(Side.LEGACY), BREAKS), "quality of candidate"),
        (SchemaDrift(), (check(Side.LEGACY, success=False), BREAKS), None),
        (SchemaDrift(), (check(Side.LEGACY, success=False), check(Side.CANDIDATE)), None),
    ],
)
def test_a_dataset_that_fails_says_by_which_check_and_the_others_pass(
    schema: SchemaDrift, quality: tuple[QualityCheck, ...], failing: str | None
) -> None:
    rows, opinion = counts(10), SecondOpinion(rows=10, disagreements=0)
    verdict, reasons = judge_dataset(
        rows=rows, schema=schema, session_rows=None, session="", incidents=(), quality=quality,
        jobs=(), opinion=opinion,
    )  # fmt: skip
    one = equal("d", verdict=verdict, reasons=reasons, rows=rows, schema=schema, quality=quality)
    night = run(verdict, one, reasons=tuple(f"d: {reason}" for reason in reasons))

    red = {name for name, how in ended(xml_of(night)).items() if how == "failure"}

    also = {"cron-to-prefect: verdict", f"cron-to-prefect/d: {failing}"} if failing else set()
    assert red == also


def test_what_differs_beside_waived_rows_fails_and_the_waived_ones_are_told_apart() -> None:
    accepted = replace(incident("w", "rounding", 3, "IBM"), waiver="yahoo-rounding")
    night = run(Verdict.FAIL, dataset("d", accepted, incident("u", "unexplained", 2, "GE")))
    root = xml_of(night)
    (failure,) = root.xpath("testsuite[2]/testcase[@name='rows agree']/failure")
    (out,) = root.xpath("testsuite[2]/testcase[@name='rows agree']/system-out")
    assert "GE: unexplained (not proved), 2 rows" in failure.text.splitlines()
    assert 'parity waive u --reason "…" --write' in failure.text.splitlines()
    assert "IBM" not in failure.text
    assert "IBM: rounding (proved), 3 rows; waived" in out.text.splitlines()


def test_only_the_first_ten_incidents_are_told_and_the_others_counted() -> None:
    many = [incident(f"i{number}", "unexplained", 1, f"S{number}") for number in range(14)]
    root = xml_of(run(Verdict.FAIL, dataset("d", *many)))
    (failure,) = root.xpath("testsuite[2]/testcase[@name='rows agree']/failure")
    assert failure.text.splitlines()[-1] == "and 4 more incidents"
    assert failure.text.count("parity waive ") == 10


@pytest.mark.parametrize("before", [0, 968])  # all of it is there; it is cut within the login
def test_no_secret_of_a_job_reaches_ci(before: int) -> None:
    job = JobOutcome(
        name="load", side=Side.LEGACY, exit_code=1, seconds=1, log="",
        reason="x " * (before // 2) + " postgresql://me:5ecret@host/db password=5ecret",
    )  # fmt: skip
    night = run(Verdict.UNDECIDED, equal(), jobs=(job,), reasons=(f"job failed: {job.reason}",))
    text = junit(view_of_night(night)).decode()
    assert "5ec" not in text
    assert "***" in text


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_hostile_text_is_shown_and_not_obeyed(text: str) -> None:
    night = run(
        Verdict.FAIL,
        dataset(text, incident("i", "unexplained", 2, text, says=text), notes=(text,)),
        reasons=(text,), migration=text, run_id=text,
    )  # fmt: skip
    root = xml_of(night)
    assert {part.tag for part in root.iter()} == {
        "testsuites", "testsuite", "properties", "property", "testcase", "failure", "system-out",
    }  # fmt: skip
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\u2028\ufffe\uffff]",
                         "".join(root.itertext()))  # fmt: skip


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(results())
def test_of_any_night_the_worst_case_is_the_verdict(night: RunResult) -> None:
    found = set(ended(xml_of(night)).values())
    if night.verdict is Verdict.PASS:
        assert found == {"passed"}
    elif night.verdict is Verdict.FAIL:
        assert "failure" in found
    else:
        assert "error" in found
