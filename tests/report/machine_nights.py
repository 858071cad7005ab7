"""The night whose JUnit XML and Markdown are kept in golden_machines."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from parity.model.checklist import Checklist, Item
from parity.model.result import RunResult, SchemaDrift
from parity.model.selftest import SelfTest
from parity.model.verdict import Phase, Side, Verdict
from parity.report.beside import Beside
from parity.report.build import night_view
from parity.report.view import NightView
from tests.report.build import check, run
from tests.report.incidents import SPLIT, dataset, incident, score

__all__ = ["LINK", "gate", "golden_view", "view_of_night"]

LINK = "https://reports.example.org/parity/validation/2005-02-28/index.html"


def golden_night() -> RunResult:
    """A split in two datasets, one without a column; indicators that follow; a waived rounding."""
    broken = "candidate breaks expect_column_values_to_be_positive on close (12 of 2,016 rows)"
    rounding = replace(incident("d", "rounding", 3, "IBM"), waiver="yahoo-rounding")
    return run(
        Verdict.FAIL,
        dataset(
            "adjusted",
            incident("a", "split_adjustment", 249, "AAPL", **SPLIT),
            reasons=("249 rows differ in AAPL, all by an unadjusted split", broken),
            quality=(check(Side.LEGACY), check(Side.CANDIDATE, success=False)),
        ),
        dataset(
            "polygon.bars",
            incident("b", "split_adjustment", 1245, "AAPL", **SPLIT),
            reasons=(
                "1,245 rows differ in AAPL, all by an unadjusted split",
                "columns missing in candidate: note",
            ),
            schema=SchemaDrift(missing_in_candidate=("note",)),
        ),
        dataset(
            "indicators",
            incident("c", "upstream", 7, "AAPL", follows="a", incidents=["a"]),
            kind="indicators",
            reasons=("7 rows differ in AAPL, all by bars that differ",),
        ),
        dataset("hourly", rounding, verdict=Verdict.PASS, reasons=()),
        reasons=(f"adjusted: {broken}",),
        selftest=SelfTest(causes=(score("rounding", 3, 3, 3, 0),)),
    )


def gate() -> Checklist:
    """Closed: 7 of 10 sessions."""
    item = Item(
        id="sessions-passed", title="10 sessions in a row passed", ok=False, evidence="7 of 10",
        missing="3 more sessions", sessions=3, runs=tuple("abcdefg"),
    )  # fmt: skip
    return Checklist(
        phase=Phase.VALIDATION, to=Phase.CUTOVER, items=(item,), earliest=date(2005, 3, 3)
    )


def golden_view() -> NightView:
    """The view of that night."""
    return view_of_night(golden_night(), gate=gate())


def view_of_night(night: RunResult, gate: Checklist | None = None) -> NightView:
    """The view of any night, with a gate."""
    return night_view(night, beside=Beside(gate=gate))
