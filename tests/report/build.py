"""Hand-made results for the tests of the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from parity.model.audit import Coverage
from parity.model.result import (
    ColumnResult,
    DatasetResult,
    Discrepancy,
    Incident,
    JobOutcome,
    QualityCheck,
    RowCounts,
    RowState,
    RunResult,
    Scope,
    SecondOpinion,
)
from parity.model.selftest import SelfTest
from parity.model.verdict import Side, Verdict

NEW_YORK = ZoneInfo("America/New_York")
SESSION = date(2005, 2, 28)
PRICES = ("open", "high", "low", "close")
Rows = dict[str, list[Discrepancy]]


def run(verdict: Verdict, *datasets: DatasetResult, **values: Any) -> RunResult:
    """A night of 28 February 2005; `values` replace its fields."""
    fields: dict[str, Any] = {
        "run_id": "2005-02-28-a1b2c3",
        "migration": "cron-to-prefect",
        "phase": "validation",
        "session": SESSION,
        "as_of": datetime(2005, 2, 28, 20, 0, tzinfo=NEW_YORK),
        "verdict": verdict,
        "reasons": (),
        "datasets": datasets,
        "selftest": SelfTest(),
        "second_opinion": SecondOpinion(rows=2000, disagreements=0),
        "jobs": (
            JobOutcome(
                name="load-yahoo", side=Side.LEGACY, exit_code=0, seconds=3.21, log="logs/a.log"
            ),
            JobOutcome(
                name="yahoo-flow", side=Side.CANDIDATE, exit_code=0, seconds=41.5, log="logs/b.log"
            ),
        ),
    }
    return RunResult(**(fields | values))


def equal(name: str = "yahoo-bars", matched: int = 2016, **values: Any) -> DatasetResult:
    """A dataset that passes: `matched` rows, none differ."""
    fields: dict[str, Any] = {
        "name": name,
        "kind": "bars",
        "verdict": Verdict.PASS,
        "reasons": (),
        "rows": counts(matched),
        "columns": columns(0),
        "key": ("symbol", "timestamp", "data_source"),
    }
    return DatasetResult(**(fields | values))


def counts(
    matched: int, mismatched: int = 0, legacy_only: int = 0, candidate_only: int = 0, **more: int
) -> RowCounts:
    """Counts that add up."""
    paired = matched + mismatched
    return RowCounts(
        legacy=paired + legacy_only + more.get("legacy_duplicate_key", 0),
        candidate=paired + candidate_only + more.get("candidate_null_key", 0),
        matched=matched,
        mismatched=mismatched,
        legacy_only=legacy_only,
        candidate_only=candidate_only,
        **more,
    )


def columns(mismatched: int, tolerance: str = "exact") -> tuple[ColumnResult, ...]:
    """Bar columns; all prices of `mismatched` rows are halved, volumes equal."""
    prices = tuple(
        ColumnResult(
            name=name,
            mismatched=mismatched,
            max_abs_delta=44.86 if mismatched else None,
            max_rel_delta=0.5 if mismatched else None,
            tolerance=tolerance,
        )
        for name in PRICES
    )
    return (
        *prices,
        ColumnResult(name="volume", mismatched=0, max_abs_delta=None, max_rel_delta=None),
    )


def pair(symbol: str, number: int) -> Discrepancy:
    """A mismatched bar: number 0 is 28 February 2005, one day earlier each; prices halved."""
    stamp = datetime(2005, 2, 28, tzinfo=NEW_YORK) - timedelta(days=number)
    legacy = {name: Decimal("89.7200") + number for name in PRICES} | {"volume": 1_000}
    candidate = {name: legacy[name] / 2 for name in PRICES} | {"volume": 1_000}
    return Discrepancy(
        state=RowState.MISMATCHED,
        key=(symbol, stamp, "yahoo"),
        legacy=legacy,
        candidate=candidate,
        columns=PRICES,
    )


def only(state: RowState, symbol: str, number: int) -> Discrepancy:
    """A bar that only legacy has, or only the candidate."""
    held = {name: Decimal("10.5000") for name in PRICES} | {"volume": None}
    legacy = held if state is RowState.LEGACY_ONLY else None
    stamp = datetime(2005, 2, 28, tzinfo=NEW_YORK) - timedelta(days=number)
    return Discrepancy(
        state=state,
        key=(symbol, stamp, "yahoo"),
        legacy=legacy,
        candidate=None if legacy else held,
    )


def different(
    name: str, differing: list[Discrepancy], *, matched: int = 1500, **values: Any
) -> DatasetResult:
    """A dataset that fails with these rows, in one unexplained incident."""
    states = [row.state for row in differing]
    mismatched = states.count(RowState.MISMATCHED)
    symbols = tuple(dict.fromkeys(str(row.key[0]) for row in differing))
    fields: dict[str, Any] = {
        "name": name,
        "kind": "bars",
        "verdict": Verdict.FAIL,
        "reasons": (f"{len(differing)} rows differ",),
        "rows": counts(
            matched,
            mismatched,
            states.count(RowState.LEGACY_ONLY),
            states.count(RowState.CANDIDATE_ONLY),
        ),
        "columns": columns(mismatched),
        "key": ("symbol", "timestamp", "data_source"),
        "incidents": (
            Incident(
                id=f"{name}-1",
                cause="unexplained",
                proved=False,
                rows=len(differing),
                columns=PRICES,
                scope=Scope(symbols=symbols, first="2004-02-28", last="2005-02-28"),
            ),
        ),
    }
    return DatasetResult(**(fields | values))


def check(
    side: Side, *, success: bool = True, name: str = "expect_column_values_to_be_positive"
) -> QualityCheck:
    """One quality check on `close`."""
    return QualityCheck(
        dataset="yahoo-bars",
        side=side,
        expectation=name,
        column="close",
        success=success,
        unexpected=0 if success else 12,
        total=2016,
    )


def source(rows: Rows) -> Callable[[str], Iterable[Discrepancy]]:
    """The stream of discrepancies by dataset name."""
    return lambda name: iter(rows[name])


def split_night(symbol: str = "AAPL") -> tuple[RunResult, Rows]:
    """Three of four datasets differ by 502 rows, all of one symbol."""
    rows = {
        "yahoo-bars": [pair(symbol, number) for number in range(300)],
        "polygon-bars": [pair(symbol, number) for number in range(198)]
        + [only(RowState.LEGACY_ONLY, symbol, 400), only(RowState.CANDIDATE_ONLY, symbol, 401)],
        "indicators": [pair(symbol, number) for number in range(2)],
    }
    quality = (check(Side.LEGACY), check(Side.CANDIDATE, success=False))
    datasets = (
        equal("hourly-bars", 512, notes=("synthetic hourly bars",)),
        different(
            "yahoo-bars",
            rows["yahoo-bars"],
            quality=quality,
            columns=columns(300, "±0.0001 because both vendors round to four places"),
        ),
        different("polygon-bars", rows["polygon-bars"]),
        different("indicators", rows["indicators"]),
    )
    return run(Verdict.FAIL, *datasets), rows


def failed_job_night() -> RunResult:
    """The legacy load failed, so nothing can be said."""
    reason = "legacy job load-yahoo failed (exit 1)"
    jobs = (
        JobOutcome(
            name="load-yahoo",
            side=Side.LEGACY,
            exit_code=1,
            seconds=2.0,
            log="logs/load.log",
            reason="AAPL: no data",
        ),
        JobOutcome(
            name="yahoo-flow",
            side=Side.CANDIDATE,
            exit_code=None,
            seconds=600.0,
            log="logs/f.log",
            reason="ended after 600 s",
        ),
    )
    empty = equal(
        "yahoo-bars", 0, verdict=Verdict.UNDECIDED, reasons=("both sides are empty",), columns=()
    )
    return run(
        Verdict.UNDECIDED, empty, equal("polygon-bars", 10),
        reasons=(reason, "yahoo-bars: both sides are empty"), jobs=jobs,
        second_opinion=SecondOpinion(rows=0, disagreements=0),
    )  # fmt: skip


def good_night() -> RunResult:
    """Four datasets of 2,016 rows each pass."""
    quality = (check(Side.LEGACY), check(Side.CANDIDATE))
    return run(
        Verdict.PASS,
        *(
            equal(name, 2016, quality=quality)
            for name in ("yahoo-bars", "polygon-bars", "indicators", "indicators-latest")
        ),
    )


def cut_night() -> tuple[RunResult, Rows]:
    """Of 2,341,112 rows that differ 300 are stored; history is verified in turns, a part late."""
    rows = {"yahoo-bars": [pair("AAPL", number) for number in range(300)]}
    incident = Incident(
        id="1", cause="unexplained", proved=False, rows=2_341_112, columns=PRICES,
        scope=Scope(symbols=("AAPL",), first="2004-02-28", last="2005-02-28"),
    )  # fmt: skip
    coverage = Coverage(segments=14_000, compared=700, overdue=0, cycle=20, oldest=date(2005, 2, 3))
    late = Coverage(segments=600, compared=0, overdue=12, cycle=20, oldest=date(2004, 12, 1))
    flooded = different(
        "yahoo-bars",
        rows["yahoo-bars"],
        rows=counts(7_658_888, 2_341_112),
        columns=columns(2_341_112),
        incidents=(incident,),
        reasons=("2,341,112 rows differ",),
        stored=300,
        coverage=coverage,
        notes=("Compared from 1999-01-04 on",),
    )
    return run(Verdict.FAIL, flooded, equal("indicators", 2016, coverage=late)), rows
