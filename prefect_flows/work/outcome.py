"""What became of one symbol in one run. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["Outcome", "Status", "Usage", "failures", "summary_lines", "table"]


class Status(StrEnum):
    """As stored in load_runs.status."""

    OK = "ok"
    FAILED = "failed"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One symbol's result.

    Attributes:
        symbol: Ticker.
        started_at: When work on it began, time-zone aware.
        status: `empty` means that the vendor rightly had nothing.
        rows: Rows written, unchanged ones included.
        message: What is worth knowing; empty when nothing is.
        restated: The vendor had changed history, and all of it was fetched again.
        attempts: How often it was tried, from 1.
    """

    symbol: str
    started_at: datetime
    status: Status
    rows: int = 0
    message: str = ""
    restated: bool = False
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process and the children it waited for have cost so far.

    Attributes:
        cpu_seconds: In user mode and in the system.
        peak_memory: Of the largest of them, in bytes.
    """

    cpu_seconds: float
    peak_memory: int


def failures(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return those that failed, in order."""
    return [one for one in outcomes if one.status is Status.FAILED]


def table(outcomes: Sequence[Outcome]) -> list[dict[str, str | int]]:
    """Return a row a symbol, failures first, for Prefect's table artifact."""
    ordered = sorted(outcomes, key=lambda one: (one.status is not Status.FAILED, one.symbol))
    return [
        {"symbol": o.symbol, "status": o.status.value, "rows": o.rows, "message": o.message}
        for o in ordered
    ]


def summary_lines(job: str, outcomes: Sequence[Outcome]) -> list[str]:
    """Return a line for the job and one for each symbol, for standard output."""
    counts = [
        f"{sum(1 for o in outcomes if o.status is status)} {status.value}" for status in Status
    ]
    rows = sum(one.rows for one in outcomes)
    lines = [f"{job}: {', '.join(counts)}; {rows} rows"]
    for row in table(outcomes):
        line = f"  {row['symbol']:<8} {row['status']:<7} {row['rows']:>6} rows  {row['message']}"
        lines.append(line.rstrip())
    return lines
