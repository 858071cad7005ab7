"""Two small nights that the golden files tell of: a split, and a pass with two waived incidents."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from parity.model.checklist import Checklist, Item
from parity.model.result import (
    ColumnResult,
    DatasetResult,
    Incident,
    JobOutcome,
    RunResult,
    Scope,
    SecondOpinion,
)
from parity.model.selftest import CauseScore, SelfTest
from parity.model.verdict import Phase, Side, Verdict
from parity.model.waiver import Waiver, WaiverState, WaiverUse
from parity.report.beside import Beside
from parity.report.nights import NightRow
from tests.report.build import counts, run

__all__ = ["pass_night", "split_night"]

_SELFTEST = SelfTest(
    causes=(CauseScore(cause="rounding", injected=6, detected=6, right=6, wrong=0),),
    seed="2005-02-28",
)
_JOBS = (
    JobOutcome(name="load", side=Side.LEGACY, exit_code=0, seconds=30.0, log="logs/load.log"),
    JobOutcome(name="flow", side=Side.CANDIDATE, exit_code=0, seconds=4.0, log="logs/flow.log"),
)


def split_night() -> tuple[RunResult, Beside]:
    """AAPL is split on the day: its adjusted bars differ, and indicators computed from them."""
    split = Incident(
        id="5b117",
        cause="split_adjustment",
        proved=True,
        rows=3,
        columns=("close", "volume"),
        scope=Scope(symbols=("AAPL",), first="2005-02-23", last="2005-02-25"),
        evidence={
            "says": "AAPL before 2005-02-28: legacy's prices are 2:1 of candidate's, volume 1:2",
            "side": "legacy",
            "undo": "divide legacy's prices by 2, multiply its volume by 2",
            "ratio": "2:1",
            "agrees_from": "2005-02-28",
            "examples": [
                {
                    "key": {"symbol": "AAPL", "timestamp": "2005-02-25 00:00:00-05:00"},
                    "legacy": {"close": "88.99", "volume": "100"},
                    "candidate": {"close": "44.495", "volume": "200"},
                    "undone": {"close": "44.495", "volume": "200"},
                }
            ],
        },
    )
    after = Incident(
        id="f0110", cause="upstream", proved=True, rows=2, columns=("sma_20",),
        scope=Scope(symbols=("AAPL",), first="2005-02-24", last="2005-02-25"),
        evidence={"incidents": ["5b117"]}, explained_by="5b117",
    )  # fmt: skip
    night = run(
        Verdict.FAIL,
        _dataset("raw", 40, columns=_bars()),
        _dataset("adjusted", 37, split, columns=_bars(3, 44.495, 0.5)),
        _dataset(
            "indicators", 30, after, kind="indicators",
            columns=(_column("sma_20", 2, 2.2248, 0.05),),
        ),
        reasons=(
            "adjusted: 3 rows differ in AAPL, all by an unadjusted split",
            "indicators: 2 rows differ in AAPL, all following from its bars",
        ),
        jobs=_JOBS,
        selftest=_SELFTEST,
        second_opinion=SecondOpinion(rows=112, disagreements=0),
    )  # fmt: skip
    return night, _beside(night, _gate(0))


def pass_night() -> tuple[RunResult, Beside]:
    """All that differs is waived: vendors round, and one bar came late."""
    rounded = Incident(
        id="40d11", cause="rounding", proved=True, rows=12, columns=("close",),
        scope=Scope(symbols=("MSFT",), first="2005-02-10", last="2005-02-28"),
        evidence={"says": "MSFT: legacy's close is candidate's rounded to 2 places"},
        waiver="vendor-rounds",
    )  # fmt: skip
    late = Incident(
        id="1a7e5", cause="unexplained", proved=False, rows=2, columns=("volume",),
        scope=Scope(symbols=("IBM",), first="2005-02-28", last="2005-02-28"),
        evidence={"why_not": "undone 9 causes: no row matched"}, waiver="ibm-volume",
    )  # fmt: skip
    night = run(
        Verdict.PASS,
        _dataset("raw", 41_100, rounded, late, columns=_bars(14, 0.004, 0.0001)),
        _dataset("adjusted", 106, columns=_bars()),
        jobs=_JOBS,
        selftest=_SELFTEST,
        second_opinion=SecondOpinion(rows=2000, disagreements=0),
        waivers=(
            _use("vendor-rounds", "rounding", 12, "anna", "the vendor rounds"),
            _use("ibm-volume", "unexplained", 2, "ben", "asked the vendor, ticket 17"),
        ),
    )
    return night, _beside(night, _gate(7))


def _dataset(
    name: str, matched: int, *incidents: Incident, columns: tuple[ColumnResult, ...], **more: Any
) -> DatasetResult:
    rows = sum(one.rows for one in incidents)
    waived = sum(one.rows for one in incidents if one.waiver)
    fields: dict[str, Any] = {
        "name": name,
        "kind": "bars",
        "verdict": Verdict.FAIL if rows > waived else Verdict.PASS,
        "reasons": (f"{rows} rows differ in AAPL",) if rows > waived else (),
        "rows": counts(matched, rows, waived=waived),
        "columns": columns,
        "incidents": incidents,
        "key": ("symbol", "timestamp"),
    }
    return DatasetResult(**(fields | more))


def _bars(rows: int = 0, largest: float | None = None, share: float | None = None) -> Any:
    return (_column("close", rows, largest, share), _column("volume", 0, None, None))


def _column(name: str, rows: int, largest: float | None, share: float | None) -> ColumnResult:
    return ColumnResult(name=name, mismatched=rows, max_abs_delta=largest, max_rel_delta=share)


def _use(ident: str, cause: str, rows: int, owner: str, reason: str) -> WaiverUse:
    waiver = Waiver(
        id=ident, dataset="raw", cause=cause, owner=owner, reason=reason,
        expires=date(2005, 3, 30), max_rows=20,
    )  # fmt: skip
    return WaiverUse(waiver=waiver, state=WaiverState.USED, rows=rows, incidents=("i",))


def _beside(night: RunResult, gate: Checklist) -> Beside:
    """Three nights before, all of which passed and on which `load` took 10 seconds."""
    before = [
        replace(
            night, session=date(2005, 2, day), run_id=f"r{day}", verdict=Verdict.PASS, reasons=(),
            datasets=(_dataset("raw", 40, columns=_bars()),), waivers=(),
            jobs=tuple(replace(job, seconds=min(job.seconds, 10.0)) for job in night.jobs),
        )
        for day in (25, 24, 23)
    ]  # fmt: skip
    return Beside(previous=NightRow.of(before[0]), nights=(night, *before), gate=gate)


def _gate(passed: int) -> Checklist:
    streak = Item(
        id="sessions-passed", title="10 sessions in a row passed", ok=False, evidence="",
        missing=f"{10 - passed} more sessions to pass", sessions=10 - passed,
        runs=tuple(f"r{number}" for number in range(passed)),
    )  # fmt: skip
    read = Item(
        id="runbook-read", title="Everyone on call has read docs/runbook.md", ok=False,
        evidence="nobody has signed", missing="a signature: parity sign runbook-read --note TEXT",
        manual=True,
    )  # fmt: skip
    drilled = Item(id="drill", title="A drill succeeded", ok=True, evidence="2005-02-24: 1.2 s")
    return Checklist(
        migration="m", phase=Phase.VALIDATION, to=Phase.CUTOVER, items=(streak, drilled, read),
        earliest=date(2005, 3, 14),
    )  # fmt: skip
