"""A split night with its incidents, as tests of the reports build it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from parity.model.result import (
    DatasetResult,
    Discrepancy,
    Incident,
    RunResult,
    Scope,
)
from parity.model.selftest import CauseScore
from parity.model.verdict import Verdict
from parity.report.build import night_view
from parity.report.view import IncidentView
from tests.report.build import counts, different, run

SAYS = "AAPL before 2005-02-28: legacy's prices are 2:1 of candidate's (volume 1:2)"
# The same as reports say it.
TOLD = "AAPL before 2005-02-28: legacy's prices are twice candidate's, its volume half"


SPLIT: dict[str, Any] = {
    "says": SAYS,
    "side": "legacy",
    "undo": "divide prices by 2, multiply volume by 2",
    "ratio": "2:1",
    "ex_date": "2005-02-28",
    "columns": ["close"],
    "states": {"mismatched": 249},
    "examples": [
        {
            "key": {"symbol": "AAPL", "timestamp": "2005-02-25 00:00:00-05:00"},
            "legacy": {"close": "88.99", "volume": "100"},
            "candidate": {"close": "44.495", "volume": "200"},
            "undone": {"close": "44.495", "volume": "200"},
        }
    ],
    "deltas": {
        "close": {"max_abs": 44.86, "max_rel": 0.5},
        "note": {"max_abs": None, "max_rel": None},
    },
}


def incident(
    ident: str, cause: str, rows: int, *symbols: str, follows: str | None = None, **evidence: Any
) -> Incident:
    return Incident(
        id=ident, cause=cause, proved=cause != "unexplained", rows=rows, columns=("close",),
        scope=Scope(symbols=symbols, first="2004-03-01", last="2005-02-25"), evidence=evidence,
        explained_by=follows,
    )  # fmt: skip


def owned(rows: list[Discrepancy], ident: str) -> list[Discrepancy]:
    return [replace(row, incident=ident) for row in rows]


def dataset(name: str, *incidents: Incident, kind: str = "bars", **more: Any) -> DatasetResult:
    waived = sum(one.rows for one in incidents if one.waiver is not None)
    rows = counts(100, sum(one.rows for one in incidents), waived=waived)
    return different(name, [], rows=rows, incidents=incidents, kind=kind, **more)


def split_night() -> RunResult:
    """One split in two datasets of bars, and indicators that follow from the first."""
    return run(
        Verdict.FAIL,
        dataset("adjusted", incident("a", "split_adjustment", 249, "AAPL", **SPLIT)),
        dataset("polygon", incident("b", "split_adjustment", 1245, "AAPL", **SPLIT)),
        dataset(
            "indicators", incident("c", "upstream", 7, "AAPL", follows="a", incidents=["a"]),
            kind="indicators",
        ),
    )  # fmt: skip


def view_of(result: RunResult, ident: str, **more: Any) -> IncidentView:
    view = night_view(result, **more)
    found = [one for item in view.datasets for one in item.incidents]
    return next(one for one in found if one.id == ident)


def score(cause: str, injected: int, detected: int, right: int, wrong: int) -> CauseScore:
    return CauseScore(cause=cause, injected=injected, detected=detected, right=right, wrong=wrong)
