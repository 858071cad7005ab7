"""Hand-made runs for the tests of the store."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

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

SESSION = date(2005, 2, 28)
ROWS = [
    Discrepancy(
        state=RowState.MISMATCHED,
        key=("AAPL", datetime(2005, 2, 25, 5, tzinfo=UTC)),
        legacy={"longer_name": Decimal("88.9900"), "a": None},
        candidate={"longer_name": Decimal("44.4950"), "a": float("nan")},
        columns=("longer_name", "a"),
    ),
    Discrepancy(
        state=RowState.LEGACY_ONLY,
        key=("IBM", None),
        legacy={"longer_name": 1, "a": 2},
        candidate=None,
    ),
]


def night(session: date = SESSION, seconds: float = 1.0) -> RunResult:
    counts = RowCounts(
        legacy=10, candidate=9, matched=8, mismatched=1, legacy_only=1, candidate_only=0
    )
    dataset = DatasetResult(
        name="bars",
        kind="bars",
        verdict=Verdict.FAIL,
        reasons=("2 rows differ",),
        rows=counts,
        columns=(
            ColumnResult(name="longer_name", mismatched=1, max_abs_delta=44.495, max_rel_delta=0.5),
            ColumnResult(name="a", mismatched=1, max_abs_delta=None, max_rel_delta=None),
        ),
        incidents=(
            Incident(
                id="x", cause="unexplained", proved=False, rows=2, columns=("a",),
                scope=Scope(symbols=("AAPL",), first="2005-02-25", last="2005-02-25"),
                evidence={"why": ["no", 1, 0.5], "a": 1, "longer": {"z": 1, "b": 2}},
            ),
        ),
        key=("symbol", "timestamp"),
        quality=(
            QualityCheck(
                dataset="bars", side=Side.LEGACY, expectation="not null", column="a",
                success=True, unexpected=0, total=10,
            ),
        ),
    )  # fmt: skip
    job = JobOutcome(name="load", side=Side.LEGACY, exit_code=0, seconds=seconds, log="x.log")
    return RunResult(
        run_id="",
        migration="m",
        phase="parallel_run",
        session=session,
        as_of=datetime(2005, 3, 1, 1, tzinfo=UTC),
        verdict=Verdict.FAIL,
        reasons=("bars",),
        datasets=(dataset,),
        selftest=SelfTest(),
        second_opinion=SecondOpinion(rows=5, disagreements=0),
        jobs=(job,),
    )


def run(*datasets: DatasetResult, session: date = SESSION, migration: str = "m") -> RunResult:
    """A failing night of these datasets."""
    return RunResult(
        run_id="",
        migration=migration,
        phase="parallel_run",
        session=session,
        as_of=datetime(2005, 3, 1, 1, tzinfo=UTC),
        verdict=Verdict.FAIL,
        reasons=(),
        datasets=datasets,
        selftest=SelfTest(),
        second_opinion=SecondOpinion(rows=5, disagreements=0),
    )


def dataset(
    rows: list[Discrepancy],
    columns: tuple[str, ...],
    key: tuple[str, ...] = ("symbol",),
    name: str = "bars",
) -> DatasetResult:
    """A dataset with these discrepancies and ten rows that match."""

    def count(state: RowState, side: Side | None = None) -> int:
        return sum(row.state is state and side in (None, row.side) for row in rows)

    mismatched, legacy_only = count(RowState.MISMATCHED), count(RowState.LEGACY_ONLY)
    candidate_only = count(RowState.CANDIDATE_ONLY)
    broken = {
        f"{side.value}_{state.value}": count(state, side)
        for side in Side
        for state in (RowState.DUPLICATE_KEY, RowState.NULL_KEY)
    }
    irregular = {
        side: sum(number for what, number in broken.items() if what.startswith(side.value))
        for side in Side
    }
    return DatasetResult(
        name=name,
        kind="table",
        verdict=Verdict.FAIL if rows else Verdict.PASS,
        reasons=(),
        rows=RowCounts(
            legacy=10 + mismatched + legacy_only + irregular[Side.LEGACY],
            candidate=10 + mismatched + candidate_only + irregular[Side.CANDIDATE],
            matched=10,
            mismatched=mismatched,
            legacy_only=legacy_only,
            candidate_only=candidate_only,
            **broken,
        ),
        columns=tuple(
            ColumnResult(name=column, mismatched=0, max_abs_delta=None, max_rel_delta=None)
            for column in columns
        ),
        incidents=(
            Incident(
                id="1",
                cause="unexplained",
                proved=False,
                rows=len(rows),
                columns=(),
                scope=Scope(),
            ),
        )
        if rows
        else (),
        key=key,
    )


def pair(symbol: str, legacy: float, candidate: float) -> Discrepancy:
    """A row whose `close` differs."""
    return Discrepancy(
        state=RowState.MISMATCHED,
        key=(symbol,),
        legacy={"close": legacy},
        candidate={"close": candidate},
        columns=("close",),
    )


def only(state: RowState, symbol: str | None, close: float | None = 1.0) -> Discrepancy:
    """A row that legacy has and the candidate has not; the other way for CANDIDATE_ONLY."""
    values = {"close": close}
    candidate = state is RowState.CANDIDATE_ONLY
    return Discrepancy(
        state=state,
        key=(symbol,),
        legacy=None if candidate else values,
        candidate=values if candidate else None,
    )
