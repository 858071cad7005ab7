"""How scripts and flows have run over some sessions: the figures that decide about a cutover."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from parity.model.verdict import Side

__all__ = ["Figures", "JobRun", "Monitored", "RunKind", "States"]

SCHEMA_VERSION = 1


class RunKind(StrEnum):
    """What has run: a script of legacy, a command of the candidate, or a flow."""

    SCRIPT = "script"
    JOB = "job"
    FLOW = "flow"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRun:
    """One run of a job by the harness.

    Attributes:
        session: the night's.
        name: of the job.
        side: of the job.
        exit_code: None where it did not end by itself, or its end was not seen.
        seconds: wall time; None where its end was not seen.
        cpu_seconds: None where it was not measured.
        peak_memory: bytes; None where it was not measured.
        begun: when the night's jobs began, by the database's clock; None where not known.
        ended: when they had ended; None where that was not seen.
    """

    session: date
    name: str
    side: Side
    exit_code: int | None
    seconds: float | None
    cpu_seconds: float | None = None
    peak_memory: int | None = None
    begun: datetime | None = None
    ended: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class States:
    """How many runs ended how.

    Attributes:
        ok: did all they had to do.
        symbols_failed: ended, but some symbols failed.
        failed: ended otherwise.
        did_not_end: crashed, killed, or never heard of again.
        running: go on now.
        late: should have started by now.
        cancelled: by somebody, or because the one before was still running.
        no_session: had nothing to do, as the exchange was closed.
    """

    ok: int = 0
    symbols_failed: int = 0
    failed: int = 0
    did_not_end: int = 0
    running: int = 0
    late: int = 0
    cancelled: int = 0
    no_session: int = 0

    @property
    def runs(self) -> int:
        """Runs that succeeded or failed. The others say nothing about the pipeline."""
        return self.ok + self.symbols_failed + self.failed + self.did_not_end


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How one script, job or flow has run.

    Attributes:
        name: of the job or flow.
        kind: what it is.
        side: whose it is.
        beside: the script that does the same; a script's own name; None where there is none.
        states: how many runs ended how.
        sessions: in how many sessions it has run.
        median_seconds: wall time of the runs whose end was seen; None without any.
        slowest_seconds: of the same.
        cpu_seconds: median of the runs that were measured; None without any.
        peak_memory: bytes, the most that one of them held; None without any.
        retries: of tasks, over all runs; None where they are not counted.
        symbols: how many were to be done, over all runs; None where they are not counted.
        symbols_failed: how many of them failed.
        symbols_empty: how many of them came back empty.
    """

    name: str
    kind: RunKind
    side: Side
    beside: str | None = None
    states: States = field(default_factory=States)
    sessions: int = 0
    median_seconds: float | None = None
    slowest_seconds: float | None = None
    cpu_seconds: float | None = None
    peak_memory: int | None = None
    retries: int | None = None
    symbols: int | None = None
    symbols_failed: int | None = None
    symbols_empty: int | None = None

    @property
    def success_rate(self) -> float | None:
        """Share of runs that were ok; 1 only when all were. None without a run: never a success."""
        return self.states.ok / self.states.runs if self.states.runs else None

    def to_json(self) -> dict[str, Any]:
        """One of `lines`."""
        return {
            "name": self.name,
            "kind": self.kind.value,
            "side": self.side.value,
            "beside": self.beside,
            "runs": self.states.runs,
            "success_rate": self.success_rate,
            "states": asdict(self.states),
            "sessions": self.sessions,
            "median_seconds": _rounded(self.median_seconds),
            "slowest_seconds": _rounded(self.slowest_seconds),
            "cpu_seconds": _rounded(self.cpu_seconds),
            "peak_memory": self.peak_memory,
            "retries": self.retries,
            "symbols": self.symbols,
            "symbols_failed": self.symbols_failed,
            "symbols_empty": self.symbols_empty,
        }


def _rounded(seconds: float | None) -> float | None:
    """To the millisecond: nothing is measured more finely."""
    return None if seconds is None else round(seconds, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitored:
    """All figures over some sessions.

    Attributes:
        migration: whose.
        sessions: looked at, oldest first; by the calendar, whether or not anything ran.
        lines: each script with what stands beside it below, then the others.
        notes: what could not be counted and why, a line each.
        prefect_asked: Prefect's API answered, so states that never reached a table are counted.
    """

    migration: str
    sessions: tuple[date, ...]
    lines: tuple[Figures, ...]
    notes: tuple[str, ...] = ()
    prefect_asked: bool = False

    def to_json(self) -> dict[str, Any]:
        """What `parity status --flows --json` prints."""
        return {
            "schema_version": SCHEMA_VERSION,
            "migration": self.migration,
            "sessions": [session.isoformat() for session in self.sessions],
            "prefect_asked": self.prefect_asked,
            "lines": [line.to_json() for line in self.lines],
            "notes": list(self.notes),
        }
