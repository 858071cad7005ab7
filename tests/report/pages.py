"""One of each page, published as a night would, for the tests that ask the same of all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from parity.model.checklist import Checklist, Item
from parity.model.picture import Series
from parity.model.result import Discrepancy, RowState, RunResult, Scope
from parity.model.selftest import SelfTest
from parity.model.verdict import Phase, Side, Verdict
from parity.model.waiver import Waiver, WaiverState, WaiverUse
from parity.report.beside import Beside
from parity.report.checklist import write_checklist
from parity.report.nights import NightRow
from parity.report.phase import write_phase
from parity.report.publish import write_index, write_night
from parity.report.serving import ServingView, SwitchRow
from tests.report.build import (
    Rows,
    check,
    different,
    equal,
    failed_job_night,
    good_night,
    only,
    pair,
    run,
    source,
)
from tests.report.incidents import SPLIT, dataset, incident, owned, score
from tests.report.phases import failed_week

NIGHTS = {
    "undecided": "parallel_run/2005-02-23/index.html",
    "pass": "parallel_run/2005-02-24/index.html",
    "waived": "validation/2005-02-25/index.html",
    "fail": "validation/2005-02-28/index.html",
}
OVERVIEWS = {
    "index": "index.html",
    "checklist": "checklist.html",
    "phase": "validation/index.html",
}
SERIES = (
    Series(
        dataset="yahoo-bars", incident="split", symbol="AAPL", column="close",
        times=("2005-02-24", "2005-02-25", "2005-02-28"),
        legacy=(88.93, 88.99, 44.86), candidate=(44.465, 44.495, 44.86),
        first="2005-02-24", last="2005-02-25", whole=3,
    ),
)  # fmt: skip


def publish(reports: Path) -> dict[str, Path]:
    """Four nights of two phases and all that tells of them; returns each page by its name."""
    nights = [
        (replace(failed_job_night(), session=date(2005, 2, 23), phase="parallel_run"), {}),
        (replace(good_night(), session=date(2005, 2, 24), phase="parallel_run"), {}),
        waived_night(),
        failing_night(),
    ]
    results = [replace(result, run_id=f"run-{result.session}") for result, _ in nights]
    for result, (_, rows) in zip(results, nights, strict=True):
        beside = Beside(
            previous=NightRow.of(results[0]), nights=results, gate=gate(), series=SERIES
        )
        folder = reports / result.phase / result.session.isoformat()
        write_night(result, source(rows), folder, beside=beside)
    write_phase(failed_week(), reports)
    write_checklist(gate(), reports)
    write_index([NightRow.of(one) for one in results], reports, migration="m", serving=SERVING)
    return {name: reports / path for name, path in (NIGHTS | OVERVIEWS).items()}


SERVING = ServingView(
    phase="validation",
    primary=Side.LEGACY,
    switches=(
        SwitchRow(
            at=datetime(2005, 2, 25, 23, tzinfo=UTC), by="anna", to=Side.CANDIDATE,
            after=date(2005, 2, 25),
        ),
        SwitchRow(
            at=datetime(2005, 2, 26, 1, tzinfo=UTC), by="ben", to=Side.LEGACY,
            after=date(2005, 2, 25),
        ),
    ),
)  # fmt: skip


def gate() -> Checklist:
    """Two of four items hold, one of them signed."""
    red = date(2005, 2, 28)
    return Checklist(
        migration="m", phase=Phase.VALIDATION, to=Phase.CUTOVER, earliest=date(2005, 3, 14),
        at=datetime(2005, 2, 28, 23, tzinfo=UTC),
        items=(
            Item(id="sessions-passed", title="10 sessions in a row passed", ok=False,
                 evidence="0 of 10: 2005-02-28 failed (run a)", since=red, since_why="AAPL differs",
                 missing="10 more sessions to pass", sessions=10, link=NIGHTS["fail"]),
            Item(id="selftest", title="The self-test found every fault", ok=True, evidence="12/12"),
            Item(id="runbook-read", title="All have read the runbook", ok=False, manual=True,
                 evidence="nobody has signed", missing="parity sign runbook-read --note TEXT"),
            Item(id="team-trained", title="The team is trained", ok=True, manual=True,
                 evidence="signed by anna on 2005-02-25"),
        ),
    )  # fmt: skip


def waived_night() -> tuple[RunResult, Rows]:
    """A pass with two rows that a waiver accepts, and a waiver that is to be seen to."""
    rows = owned([pair("IBM", 0), pair("IBM", 1)], "w1")
    waived = replace(incident("w1", "rounding", 2, "IBM", says="IBM: rounded"), waiver="w")
    accepts = Waiver(id="w", dataset="bars", cause="rounding", owner="anna", reason="they round",
                     expires=date(2005, 3, 1), max_rows=12)  # fmt: skip
    uses = (
        WaiverUse(waiver=accepts, state=WaiverState.USED, rows=2, incidents=("w1",)),
        WaiverUse(
            waiver=replace(accepts, id="unused"), state=WaiverState.UNUSED, rows=0, incidents=()
        ),
    )
    bars = dataset("bars", waived, verdict=Verdict.PASS, reasons=())
    night = run(Verdict.PASS, bars, equal("other"), waivers=uses, session=date(2005, 2, 25))
    return night, {"bars": rows}


def failing_night() -> tuple[RunResult, Rows]:
    """All that a night can show: proved and unproved incidents, drift, quality, a bad self-test."""
    rows: list[Discrepancy] = owned([pair("AAPL", number) for number in range(12)], "split")
    rows += owned([pair("IBM", 20), only(RowState.LEGACY_ONLY, "IBM", 21)], "open")
    told = (
        incident("split", "split_adjustment", 12, "AAPL", **SPLIT),
        replace(
            incident("open", "unexplained", 2, "IBM", why_not="no rule held"),
            scope=Scope(symbols=("IBM",), first="2005-02-01", last="2005-02-02"),
        ),
    )
    bars = different(
        "yahoo-bars",
        rows,
        incidents=told,
        quality=(check(Side.LEGACY), check(Side.CANDIDATE, success=False)),
        notes=("synthetic hourly bars",),
    )
    follows = dataset(
        "indicators",
        incident("up", "upstream", 7, "AAPL", follows="split", incidents=["split"]),
        kind="indicators",
    )
    tested = SelfTest(
        seed="7",
        causes=(score("rounding", 10, 9, 8, 1),),
        undetected=("rounding of IBM",),
        misattributed=("rounding of AAPL: formula",),
    )
    indicators = [replace(pair("AAPL", number), incident="up") for number in range(7)]
    night = run(Verdict.FAIL, bars, follows, equal("hourly-bars", 512), selftest=tested)
    return night, {"yahoo-bars": rows, "indicators": indicators}
