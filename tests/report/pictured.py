"""A night with charts, made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from parity.model.picture import Series
from parity.model.result import Discrepancy, RowState, RunResult
from parity.report.beside import Beside
from parity.report.build import night_view
from parity.report.html import night_page
from parity.report.view import NightView
from parity.store.evidence import write_evidence
from tests.report.build import good_night, split_night

DAYS = tuple((date(2005, 2, 21) + timedelta(days=n)).isoformat() for n in range(10))
LEGACY = (88.0, 88.5, 89.0, 89.5, 90.0, 90.5, 91.0, 89.72, 89.0, 88.0)
CANDIDATE = (88.0, 88.5, 89.0, 89.5, 90.0, 90.5, None, 44.86, 44.5, 44.0)


def series(**changes: Any) -> Series:
    """Ten days of AAPL: from the 8th on, 2005-02-28, the candidate has half."""
    fields: dict[str, Any] = {
        "dataset": "yahoo-bars", "incident": "yahoo-bars-1", "symbol": "AAPL", "column": "close",
        "times": DAYS, "legacy": LEGACY, "candidate": CANDIDATE, "first": DAYS[7],
        "last": DAYS[9], "whole": 10,
    }  # fmt: skip
    return Series(**(fields | changes))


def row(key: tuple[Any, ...], legacy: Any, candidate: Any, *columns: str) -> Discrepancy:
    """A mismatched row of `close`."""
    return Discrepancy(
        state=RowState.MISMATCHED, key=key, legacy={"close": legacy},
        candidate={"close": candidate}, columns=columns or ("close",),
    )  # fmt: skip


def nights() -> tuple[RunResult, ...]:
    """Three nights, the newest first: a failure after two that passed."""
    result, _ = split_night()
    before = [
        replace(good_night(), session=date(2005, 2, day), run_id=str(day)) for day in (25, 24)
    ]
    return (result, *before)


def view(evidence: Path, *shown: Series) -> NightView:
    """The split night with its charts, and with the rows of all its datasets kept."""
    result, rows = split_night()
    write_evidence(evidence, result, rows, "content")
    return night_view(
        result, beside=Beside(nights=nights(), series=shown or (series(),), evidence=evidence)
    )


def page(folder: Path, *shown: Series) -> str:
    """Where the page of that night is, as a browser is told."""
    path = folder / "night.html"
    path.write_text(night_page(view(folder / "evidence", *shown)), encoding="utf-8")
    return path.as_uri()


def minutes(count: int) -> Sequence[str]:
    """Minutes from 09:30 in New York on 2005-02-28 on."""
    return [f"2005-02-28T{14 + (30 + n) // 60}:{(30 + n) % 60:02}:00+00:00" for n in range(count)]
