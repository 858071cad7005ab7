"""Verdicts and the words of their reasons."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.gates import judge_dataset, judge_run
from parity.model.cause import PAIR, Cause
from parity.model.phrases import by_cause, phrase, title, with_code
from parity.model.result import (
    DatasetResult,
    Incident,
    JobOutcome,
    QualityCheck,
    RowCounts,
    SchemaDrift,
    Scope,
    SecondOpinion,
)
from parity.model.selftest import CauseScore, SelfTest
from parity.model.verdict import Side, Verdict

AGREES = SecondOpinion(rows=10, disagreements=0)


def incident(cause: str, rows: int, *symbols: str) -> Incident:
    return Incident(
        id=f"{cause}-{rows}", cause=cause, proved=cause != Cause.UNEXPLAINED, rows=rows,
        columns=("close",), scope=Scope(symbols=symbols),
    )  # fmt: skip


def counts(mismatched: int = 0, legacy_only: int = 0, candidate_only: int = 0) -> RowCounts:
    return RowCounts(
        legacy=10 + mismatched + legacy_only, candidate=10 + mismatched + candidate_only,
        matched=10, mismatched=mismatched, legacy_only=legacy_only, candidate_only=candidate_only,
    )  # fmt: skip


def judged(rows: RowCounts, *incidents: Incident, **more: Any) -> tuple[Verdict, tuple[str, ...]]:
    given: dict[str, Any] = {
        "rows": rows,
        "schema": SchemaDrift(),
        "session_rows": (1, 1),
        "session": "2005-02-28",
        "incidents": incidents,
        "quality": (),
        "jobs": (),
        "opinion": AGREES,
    }
    return judge_dataset(**(given | more))


def reason(rows: RowCounts, *incidents: Incident) -> str:
    verdict, [text] = judged(rows, *incidents)
    assert verdict is Verdict.FAIL
    return text


def waived(one: Incident) -> Incident:
    return replace(one, waiver="w")


def test_rows_that_match_pass_without_a_reason() -> None:
    assert judged(counts()) == (Verdict.PASS, ())


@pytest.mark.parametrize(
    ("rows", "incidents", "expected"),
    [
        (
            counts(1502),
            [
                incident("split_adjustment", 1492, "AAPL"),
                incident("upstream", 7, "AAPL"),
                incident("unexplained", 3, "AAPL"),
            ],
            "1,502 rows differ in AAPL: 3 unexplained, 1,492 by an unadjusted split, "
            "7 following from its bars",
        ),
        (
            counts(9),
            [incident("upstream", 9, "AAPL")],
            "9 rows differ in AAPL, all following from its bars",
        ),
        (
            counts(12),
            [incident("unexplained", 9, "IBM"), incident("rounding", 3, "AAPL")],
            "12 rows differ in AAPL, IBM: 9 unexplained, 3 by rounding",
        ),
        # Two incidents of one cause are told once.
        (
            counts(6),
            [incident("split_adjustment", 4, "MSFT"), incident("split_adjustment", 2, "AAPL")],
            "6 rows differ in AAPL, MSFT, all by an unadjusted split",
        ),
        (counts(2), [incident("unexplained", 2)], "2 rows differ, all unexplained"),
        (counts(1), [incident("unexplained", 1, "A")], "1 row differs in A, unexplained"),
        (counts(1), [incident("rounding", 1)], "1 row differs, by rounding"),
        (
            counts(0, 5),
            [incident("missing_session", 5, "A")],
            "5 rows only in legacy in A, all by a missing session",
        ),
        (
            counts(2, 1, 4),
            [incident("unit_scale", 2), incident("off_calendar", 4), incident("unexplained", 1)],
            "7 rows differ (2 mismatched, 1 only in legacy, 4 only in candidate): "
            "1 unexplained, 4 by rows off the calendar, 2 by another unit",
        ),
        (
            counts(8),
            [incident(f"split_adjustment{PAIR}rounding", 8, "AAPL")],
            "8 rows differ in AAPL, all by an unadjusted split and rounding",
        ),
        (counts(3), [incident("cause_of_a_later_version", 3)],
         "3 rows differ, all by cause of a later version"),
    ],
)  # fmt: skip
def test_differences_say_their_causes(
    rows: RowCounts, incidents: list[Incident], expected: str
) -> None:
    assert reason(rows, *incidents) == expected


def test_many_causes_are_cut_but_never_what_is_unexplained() -> None:
    causes = ["rounding", "unit_scale", "formula", "warm_up", "upstream", "overflow"]
    found = [incident(cause, 10 - place) for place, cause in enumerate(causes)]
    rows = sum(one.rows for one in found) + 1
    assert reason(counts(rows), *found, incident("unexplained", 1)) == (
        f"{rows} rows differ: 1 unexplained, 10 by rounding, 9 by another unit, "
        "8 by another formula, 7 by another history window, 11 by 2 other causes"
    )


@given(st.lists(st.tuples(st.sampled_from(list(Cause)), st.integers(1, 5)), min_size=1))
def test_the_rows_of_a_reason_add_up_and_those_unexplained_are_told(
    found: list[tuple[Cause, int]],
) -> None:
    incidents = [incident(cause, rows) for cause, rows in found]
    total = sum(rows for _, rows in found)
    text = reason(counts(total), *incidents)
    unexplained = sum(rows for cause, rows in found if cause is Cause.UNEXPLAINED)
    assert ("unexplained" in text) == bool(unexplained)
    head, _, tail = text.partition(": ")
    if tail:
        assert sum(int(number) for number in re.findall(r"(?:^|, )(\d+) ", tail)) == total
    assert head.startswith(f"{total} row")


def test_every_cause_has_words_of_its_own() -> None:
    assert len({phrase(cause) for cause in Cause}) == len(Cause)
    assert title("split_adjustment") == "unadjusted split"
    assert title(f"dividend_adjustment{PAIR}rounding") == "unadjusted dividend and rounding"
    assert by_cause("unexplained") == "unexplained"
    assert by_cause("upstream") == "following from its bars"
    assert by_cause(f"upstream{PAIR}rounding") == "following from its bars and rounding"
    assert by_cause(f"rounding{PAIR}upstream") == "by rounding and following from its bars"
    assert with_code(title("late_edge"), "late_edge") == "late load (late_edge)"
    assert with_code(title("rounding"), "rounding") == "rounding"


def run_of(selftest: SelfTest | None = None) -> tuple[Verdict, tuple[str, ...]]:
    dataset = DatasetResult(
        name="bars", kind="bars", verdict=Verdict.PASS, reasons=(), rows=counts()
    )
    job = JobOutcome(name="load", side=Side.LEGACY, exit_code=0, seconds=1.0, log="")
    if selftest is None:
        return judge_run([dataset], [job], AGREES)
    return judge_run([dataset], [job], AGREES, selftest)


def score(cause: str, injected: int, detected: int, right: int, wrong: int = 0) -> CauseScore:
    return CauseScore(cause=cause, injected=injected, detected=detected, right=right, wrong=wrong)


@pytest.mark.parametrize(
    "selftest",
    [
        None,
        SelfTest(),
        SelfTest(causes=(score("rounding", 3, 3, 3),), seed="s"),
        # A fault left unexplained is a cause not found, not one that is wrong.
        SelfTest(causes=(score("rounding", 3, 3, 1),), seed="s"),
    ],
)
def test_a_self_test_that_found_all_leaves_the_verdict(selftest: SelfTest | None) -> None:
    assert run_of(selftest) == (Verdict.PASS, ())


def test_a_fault_that_was_missed_makes_the_night_undecided() -> None:
    scores = (score("rounding", 12, 11, 11), score("null_mismatch", 12, 12, 12))
    named = SelfTest(causes=scores, undetected=("rounding to 2 decimals on IBM, 9 of 12 rows",))
    assert run_of(named) == (
        Verdict.UNDECIDED,
        (
            "the self-test missed 1 of 24 seeded faults: "
            "rounding to 2 decimals on IBM, 9 of 12 rows",
        ),
    )
    assert run_of(SelfTest(causes=scores))[1] == (
        "the self-test missed 1 of 24 seeded faults: 1 of rounding",
    )


def test_a_fault_given_a_wrong_cause_makes_the_night_undecided() -> None:
    scores = (
        score("rounding", 1, 1, 0, 1),
        score("formula", 4, 4, 2, 2),
        score("warm_up", 2, 2, 2),
    )
    assert run_of(SelfTest(causes=scores)) == (
        Verdict.UNDECIDED,
        ("the self-test gave 3 of 7 seeded faults a wrong cause (rounding, 2 of formula)",),
    )


def test_a_self_test_that_could_not_run_says_so() -> None:
    lines = ("the self-test could not run: no such table",)
    assert run_of(SelfTest(seed="s", undetected=lines)) == (Verdict.UNDECIDED, lines)


def test_what_the_self_test_says_comes_beside_the_differences() -> None:
    dataset = DatasetResult(
        name="bars", kind="bars", verdict=Verdict.FAIL, reasons=("1 row differs, by rounding",),
        rows=counts(1), incidents=(incident("rounding", 1),),
    )  # fmt: skip
    selftest = SelfTest(causes=(score("rounding", 1, 0, 0),))
    verdict, reasons = judge_run([dataset], [], AGREES, selftest)
    assert verdict is Verdict.UNDECIDED
    assert reasons == (
        "the self-test missed 1 of 1 seeded fault: 1 of rounding",
        "bars: 1 row differs, by rounding",
    )


def test_what_is_waived_fails_nothing_and_is_counted() -> None:
    rows = counts(5, 2)
    both = (waived(incident("rounding", 5, "A")), waived(incident("missing_session", 2, "A")))
    assert judged(replace(rows, waived=7), *both) == (Verdict.PASS, ())
    dataset = DatasetResult(
        name="bars", kind="bars", verdict=Verdict.PASS, reasons=(), rows=replace(rows, waived=7),
        incidents=both,
    )  # fmt: skip
    assert (dataset.rows.discrepancies, dataset.rows.unwaived) == (7, 0)


@pytest.mark.parametrize(
    ("rows", "incidents", "expected"),
    [
        (
            counts(9),
            [waived(incident("rounding", 3, "IBM")), incident("unexplained", 6, "A")],
            "9 rows differ in A, IBM, of which 3 are waived: 6 unexplained, 3 by rounding",
        ),
        (
            counts(9),
            [waived(incident("rounding", 1, "A")), incident("rounding", 8, "A")],
            "9 rows differ in A, of which 1 is waived, all by rounding",
        ),
        (
            counts(2, 1),
            [waived(incident("rounding", 2)), incident("missing_session", 1)],
            "3 rows differ (2 mismatched, 1 only in legacy), of which 2 are waived: "
            "2 by rounding, 1 by a missing session",
        ),
    ],
)
def test_what_is_waived_in_part_fails_by_the_rest(
    rows: RowCounts, incidents: list[Incident], expected: str
) -> None:
    part = sum(one.rows for one in incidents if one.waiver)
    assert reason(replace(rows, waived=part), *incidents) == expected


def test_nothing_passes_by_waivers_alone() -> None:
    rows = RowCounts(
        legacy=5, candidate=5, matched=0, mismatched=5, legacy_only=0, candidate_only=0, waived=5
    )
    assert judged(rows, waived(incident("rounding", 5))) == (
        Verdict.UNDECIDED,
        ("no row matches: every one that was compared is waived",),
    )


def test_drift_and_quality_cannot_be_waived() -> None:
    rows = replace(counts(5), waived=5)
    lost = SchemaDrift(missing_in_candidate=("volume",))
    assert judged(rows, waived(incident("rounding", 5)), schema=lost) == (
        Verdict.FAIL,
        ("columns missing in candidate: volume",),
    )
    assert judged(rows, waived(incident("rounding", 5)), quality=[broken(Side.CANDIDATE)]) == (
        Verdict.FAIL,
        ("candidate breaks positive on close (1 of 9 rows)",),
    )


def broken(side: Side, success: bool = False) -> QualityCheck:
    return QualityCheck(
        dataset="bars", side=side, expectation="positive", column="close", success=success,
        unexpected=1, total=9,
    )  # fmt: skip


@pytest.mark.parametrize("primary", list(Side))
def test_the_shadow_is_held_against_the_primary(primary: Side) -> None:
    shadow = next(side for side in Side if side is not primary)
    told = judged(counts(), quality=[broken(shadow), broken(primary, True)], primary=primary)
    assert told == (Verdict.FAIL, (f"{shadow.value} breaks positive on close (1 of 9 rows)",))
    # What the primary breaks, alone or as well, is no fault of the shadow.
    for checks in ([broken(primary)], [broken(primary), broken(shadow)]):
        assert judged(counts(), quality=checks, primary=primary) == (Verdict.PASS, ())


@pytest.mark.parametrize("primary", list(Side))
def test_the_shadow_must_have_the_columns_of_the_primary(primary: Side) -> None:
    in_candidate = SchemaDrift(missing_in_candidate=("volume",))
    in_legacy = SchemaDrift(missing_in_legacy=("volume",))
    before = primary is Side.LEGACY
    lost, gained = (in_candidate, in_legacy) if before else (in_legacy, in_candidate)
    shadow = "candidate" if before else "legacy"
    assert judged(counts(), schema=gained, primary=primary) == (Verdict.PASS, ())
    assert judged(counts(), schema=lost, primary=primary) == (
        Verdict.FAIL,
        (f"columns missing in {shadow}: volume",),
    )
    DatasetResult(**passing(schema=gained, primary=primary))
    with pytest.raises(ValueError, match="a pass needs matched rows"):
        DatasetResult(**passing(schema=lost, primary=primary))


def passing(**values: Any) -> dict[str, Any]:
    return {
        "name": "bars", "kind": "bars", "verdict": Verdict.PASS, "reasons": (), "rows": counts(),
    } | values  # fmt: skip


def test_a_dataset_whose_waived_rows_do_not_add_up_cannot_exist() -> None:
    one = incident("rounding", 5)
    with pytest.raises(ValueError, match="hold 5 rows, but 0 rows are waived"):
        DatasetResult(**passing(rows=counts(5), incidents=(waived(one),)))
    with pytest.raises(ValueError, match="hold 0 rows, but 5 rows are waived"):
        DatasetResult(**passing(rows=replace(counts(5), waived=5), incidents=(one,)))
    with pytest.raises(ValueError, match="no difference but waived ones"):
        DatasetResult(**passing(rows=counts(5), incidents=(one,)))
