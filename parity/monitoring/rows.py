"""What the sources say, one value a row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

__all__ = ["FlowRun", "PrefectRun", "SymbolCount"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRun:
    """A row of the table of flow runs.

    `at` is the moment that the run stands for. `symbols`, `failed`, `retries`, `cpu_seconds` and
    `peak_memory` (bytes) are None where they are not known.
    """

    run_id: str
    job: str
    at: datetime
    started_at: datetime
    finished_at: datetime | None
    state: str
    symbols: int | None = None
    failed: int | None = None
    retries: int | None = None
    cpu_seconds: float | None = None
    peak_memory: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolCount:
    """Rows of a table of symbols, of one job, flow run (None: not noted) and session."""

    job: str
    run_id: str | None
    session: date
    symbols: int
    failed: int
    empty: int
    retries: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefectRun:
    """A flow run as Prefect knows it.

    `at` is the moment that the run stands for: its parameter `as_of`, else when it started or
    should have, which is `due`. `state` is Prefect's name of the state, `kind` its type.
    """

    run_id: str
    flow: str
    at: datetime
    due: datetime
    kind: str
    state: str
    started_at: datetime | None
    ended_at: datetime | None
