from __future__ import annotations

import dataclasses
from datetime import date

import pytest

from parity.model.result import Incident, RowState, SchemaDrift, Scope
from parity.model.verdict import Verdict
from parity.report.build import night_view
from parity.report.headline import answer, headline, night_line, since_previous
from parity.report.nights import NightRow, newest_first
from tests.report.build import (
    counts,
    different,
    equal,
    failed_job_night,
    good_night,
    only,
    pair,
    run,
    split_night,
)


def test_pass_counts_datasets_and_rows() -> None:
    assert headline(good_night()) == "Pass: 4 datasets, 8,064 rows compared"
    assert answer(good_night()).startswith("No need to worry")


def test_fail_names_symbols_rows_datasets_and_since_when() -> None:
    night, _ = split_night()
    assert headline(night) == "Fail: 502 rows of AAPL in 3 datasets unexplained since 2004-02-28"
    assert answer(night) == "Worry: 502 rows differ and no cause is proved."


def test_one_row_is_singular_and_many_symbols_are_cut() -> None:
    one = run(Verdict.FAIL, different("a", [pair("IBM", 0)]))
    assert headline(one) == "Fail: 1 row of IBM in a unexplained since 2004-02-28"
    many = run(Verdict.FAIL, different("a", [pair(symbol, 0) for symbol in "FEDCBA"]))
    assert headline(many) == "Fail: 6 rows in a unexplained since 2004-02-28, in 6 symbols"


def test_proved_and_waived_rows_are_not_open() -> None:
    rows = [pair("IBM", number) for number in range(10)]

    def incident(number: int, *, proved: bool, waiver: str | None = None) -> Incident:
        return Incident(
            id="1", cause="rounding", proved=proved, rows=number, columns=("close",),
            scope=Scope(symbols=("IBM",)), waiver=waiver,
        )  # fmt: skip

    shares = (
        incident(6, proved=True),
        incident(3, proved=False, waiver="W-1"),
        incident(1, proved=False),
    )
    night = run(Verdict.FAIL, different("a", rows, incidents=shares, rows=counts(5, 10, waived=3)))
    assert answer(night) == (
        "Worry: 10 rows differ, 1 of them with neither a proved cause nor a waiver."
    )


def test_fail_without_differing_rows_says_what_failed() -> None:
    drift = SchemaDrift(missing_in_candidate=("volume",))
    night = run(
        Verdict.FAIL,
        equal("a", 5, verdict=Verdict.FAIL, schema=drift, reasons=("volume is missing",)),
        equal("b", 5),
    )  # fmt: skip
    assert headline(night) == "Fail: a: volume is missing"
    assert answer(night) == "Worry: the rows agree, but something else does not."


def test_undecided_says_why() -> None:
    assert headline(failed_job_night()) == (
        "Undecided: legacy job load-yahoo failed (exit 1) (and 1 more reason)"
    )
    assert answer(failed_job_night()).endswith("In what was compared, no row differs.")


def test_undecided_finds_its_reason_in_jobs_and_datasets() -> None:
    night = dataclasses.replace(failed_job_night(), reasons=())
    assert headline(night) == (
        "Undecided: legacy job load-yahoo failed (exit 1) (and 2 more reasons)"
    )
    assert headline(run(Verdict.UNDECIDED, jobs=())) == "Undecided: no dataset was compared"
    assert answer(run(Verdict.UNDECIDED)).endswith("No row was compared.")


def test_undecided_does_not_hide_differences() -> None:
    night = run(
        Verdict.UNDECIDED, different("a", [pair("IBM", 0)]), reasons=("b was not compared",)
    )
    assert answer(night).endswith("In what was compared, 1 row differs.")


def test_since_previous() -> None:
    night, _ = split_night()
    before = NightRow.of(dataclasses.replace(good_night(), session=date(2005, 2, 25)))
    assert since_previous(night, before) == "Since 2005-02-25 (Pass): 0 → 502 rows differ"
    assert since_previous(night, None) == ""
    assert since_previous(good_night(), before).endswith("(Pass): no row differs, as before")
    same = NightRow.of(dataclasses.replace(night, session=date(2005, 2, 25)))
    assert since_previous(night, same).endswith("(Fail): as many rows differ")


def test_worst_dataset_first_and_key_figures() -> None:
    night, _ = split_night()
    view = night_view(night)
    assert [item.name for item in view.datasets][-1] == "hourly-bars"
    figures = {figure.label: figure.value for figure in view.figures}
    assert figures["datasets pass"] == "1 of 4"
    assert figures["rows compared"] == "5,514"
    assert figures["rows differ"] == "502"


def test_dataset_counts_unsettled_and_broken_keys() -> None:
    rows = counts(10, unsettled=48, legacy_duplicate_key=2)
    duplicates = [only(RowState.LEGACY_ONLY, "A", 0), only(RowState.LEGACY_ONLY, "A", 0)]
    [view] = night_view(run(Verdict.FAIL, different("a", duplicates, rows=rows))).datasets
    shown = {figure.label: figure.value for figure in view.counts}
    assert shown["duplicate keys"] == "2"
    assert shown["unsettled, not compared"] == "48"
    assert "NULL keys" not in shown


@pytest.mark.parametrize(
    ("matched", "mismatched"), [(9_999_999, 1), (1, 9_999_999), (0, 3), (5, 0)]
)
def test_the_bar_shows_every_state_there_is(matched: int, mismatched: int) -> None:
    rows = counts(matched, mismatched)
    incident = Incident(
        id="1", cause="unexplained", proved=False, rows=mismatched, columns=(), scope=Scope()
    )
    dataset = equal(
        "a", rows=rows, verdict=Verdict.FAIL, incidents=(incident,) if mismatched else ()
    )
    [view] = night_view(run(Verdict.FAIL, dataset)).datasets
    present = {"matched": matched, "mismatched": mismatched}
    assert {part.state for part in view.bar} == {name for name, rows in present.items() if rows}
    assert all(part.width >= 8 for part in view.bar)


def test_tolerance_is_shown_with_its_reason() -> None:
    night, _ = split_night()
    view = next(item for item in night_view(night).datasets if item.name == "yahoo-bars")
    column = view.differing[0]
    assert (column.tolerance, column.because) == ("±0.0001", "both vendors round to four places")
    assert [column.name for column in view.identical] == ["volume"]


def test_night_row_agrees_with_the_stored_json() -> None:
    night, _ = split_night()
    row = NightRow.from_json(night.to_json())
    assert row == dataclasses.replace(NightRow.of(night), seconds=row.seconds)
    assert row.link == "validation/2005-02-28/index.html"
    assert row.discrepancies == 502
    assert headline(night) == f"Fail: {night_line(row)}"


def test_newest_night_and_later_phase_first() -> None:
    old = NightRow.of(dataclasses.replace(good_night(), session=date(2005, 2, 25)))
    early = NightRow.of(dataclasses.replace(good_night(), phase="parallel_run"))
    late = NightRow.of(dataclasses.replace(good_night(), phase="cutover"))
    assert newest_first([old, early, late]) == [late, early, old]
