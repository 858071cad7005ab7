"""Nights with very many rows, incidents or columns that differ, made from a fixed formula."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from parity.model.result import (
    ColumnResult,
    DatasetResult,
    Discrepancy,
    Incident,
    Origin,
    RowCounts,
    RowState,
    RunResult,
    Scope,
    SecondOpinion,
)
from parity.model.selftest import SelfTest
from parity.model.verdict import Verdict

__all__ = ["Case", "cases"]

PRICES = ("open", "high", "low", "close")
SYMBOLS = 500
CAUSES = ("split_adjustment", "timezone_shift", "rounding", "unexplained")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A night: how many rows differ, of how many incidents and columns, how many are stored."""

    name: str
    says: str
    rows: int
    limit: int
    incidents: int = 40
    columns: int = 0  # beside the four prices and the volume

    @property
    def extra(self) -> tuple[str, ...]:
        """Names of the further columns, which differ too."""
        return tuple(f"measure_{number:03}" for number in range(self.columns))

    def result(self) -> RunResult:
        """What was found."""
        dataset = DatasetResult(
            name="bars",
            kind="bars",
            verdict=Verdict.FAIL,
            reasons=(f"{self.rows:,} rows differ",),
            rows=RowCounts(
                legacy=2 * self.rows, candidate=2 * self.rows, matched=self.rows,
                mismatched=self.rows, legacy_only=0, candidate_only=0,
            ),
            columns=tuple(map(self._column, (*PRICES, "volume", *self.extra))),
            incidents=tuple(map(self._incident, range(self.incidents))),
            key=("symbol", "timestamp", "data_source"),
            origin=Origin(legacy=("legacy", "bars"), candidate=("prefect", "bars")),
        )  # fmt: skip
        return RunResult(
            run_id="",
            migration="benchmark",
            phase="validation",
            session=date(2005, 2, 28),
            as_of=datetime(2005, 3, 1, 1, tzinfo=UTC),
            verdict=Verdict.FAIL,
            reasons=(),
            datasets=(dataset,),
            selftest=SelfTest(),
            second_opinion=SecondOpinion(rows=2000, disagreements=0),
        )

    def discrepancies(self) -> Iterator[Discrepancy]:
        """Every row, in the order of its key; prices are halved, the volume is equal."""
        each = -(-self.rows // SYMBOLS)
        first = datetime(1997, 1, 2, 5, tzinfo=UTC)
        columns = (*PRICES, *self.extra)
        for number in range(self.rows):
            symbol, day = divmod(number, each)
            legacy: dict[str, Any] = {
                name: Decimal(100_000 + number * 37 % 977_777 + place).scaleb(-4)
                for place, name in enumerate(PRICES)
            }
            candidate: dict[str, Any] = {name: legacy[name] / 2 for name in PRICES}
            legacy["volume"] = candidate["volume"] = 1_000 + number
            for place, name in enumerate(self.extra):
                legacy[name] = (number * 31 + place) / 7
                candidate[name] = legacy[name] * 1.01 + 0.1
            yield Discrepancy(
                state=RowState.MISMATCHED,
                key=(f"S{symbol:04}", first + timedelta(days=day), "yahoo"),
                legacy=legacy,
                candidate=candidate,
                columns=columns,
                incident=str(number % self.incidents),
            )

    def _column(self, name: str) -> ColumnResult:
        if name == "volume":
            return ColumnResult(name=name, mismatched=0, max_abs_delta=None, max_rel_delta=None)
        return ColumnResult(name=name, mismatched=self.rows, max_abs_delta=53.8, max_rel_delta=0.5)

    def _incident(self, number: int) -> Incident:
        cause = CAUSES[number % len(CAUSES)]
        rows = len(range(number, self.rows, self.incidents))
        return Incident(
            id=str(number),
            cause=cause,
            proved=cause != "unexplained",
            rows=rows,
            columns=PRICES,
            scope=Scope(symbols=(f"S{number:04}",), first="1997-01-02", last="2005-02-28"),
            evidence={"says": "prices are half", "undo": "multiply by 2"},
        )


def cases(scale: float) -> tuple[Case, ...]:
    """All nights; `scale` makes them smaller, for a try."""

    def of(rows: int) -> int:
        return max(1_000, int(rows * scale))

    million = of(1_000_000)
    return (
        Case(name="usual", says="as nights are kept: the database has the first tenth",
             rows=million, limit=of(100_000)),
        Case(name="all", says="every row is in the database too",
             rows=million, limit=million),
        Case(name="incidents", says="1,000 incidents", rows=of(100_000), limit=of(100_000),
             incidents=1_000),
        Case(name="wide", says="200 columns more, which all differ", rows=of(20_000),
             limit=of(20_000), columns=200),
    )  # fmt: skip
