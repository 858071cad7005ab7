"""Sessions in a row that count. Pure: sessions and runs in, the streak out."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from parity.model.result import RunResult
from parity.model.verdict import Side, Verdict

__all__ = [
    "NO_NIGHT",
    "Fault",
    "Streak",
    "as_primary",
    "compared",
    "count_streak",
    "passed",
    "without_pending",
]

Fault = Callable[[RunResult], str]  # why a night does not count; empty: it does
NO_NIGHT = "no night is stored"
_QUOTED = 160  # characters of a reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Streak:
    """The sessions in a row that count, up to the newest one that is due.

    Attributes:
        nights: of those sessions, the oldest first.
        broken: the session before them, which does not count; None: no older one is looked at.
        why: what was wrong with that session.
    """

    nights: tuple[RunResult, ...] = ()
    broken: date | None = None
    why: str = ""

    def __len__(self) -> int:
        return len(self.nights)

    def last(self, number: int) -> tuple[RunResult, ...]:
        """The newest so many of its nights, the oldest first."""
        return self.nights[-number:] if number else ()


def count_streak(sessions: Sequence[date], runs: Mapping[date, RunResult], fault: Fault) -> Streak:
    """Counts back from the newest session to the first that does not count.

    Args:
        sessions: of the exchange, without a gap, the oldest first, up to the newest that is due.
        runs: the run that holds for each session.
        fault: says why a run does not count. A session without a run never does.
    """
    found: list[RunResult] = []
    for session in reversed(sessions):
        run = runs.get(session)
        why = NO_NIGHT if run is None else fault(run)
        if run is None or why:
            return Streak(nights=tuple(reversed(found)), broken=session, why=why)
        found.append(run)
    return Streak(nights=tuple(reversed(found)))


def without_pending(
    sessions: Sequence[date],
    stored: Container[date],
    limit: Callable[[date], datetime],
    now: datetime,
) -> tuple[date, ...]:
    """The sessions without the newest ones whose nights are not stored and may still come.

    Args:
        sessions: those that are due, the oldest first.
        stored: those with a night.
        limit: until when a session's night may come.
        now: the moment.
    """
    end = len(sessions)
    while end and sessions[end - 1] not in stored and now < limit(sessions[end - 1]):
        end -= 1
    return tuple(sessions[:end])


def _ran(run: RunResult) -> str:
    """Both sides ran and were compared, whatever was found."""
    failed = [job.name for job in run.jobs if not job.ok]
    if failed:
        return f"jobs failed: {', '.join(failed)}"
    return "the night is undecided" if run.verdict is Verdict.UNDECIDED else ""


def compared(run: RunResult) -> str:
    """Legacy was what consumers read, and both sides were compared."""
    return "legacy was not primary" if run.primary is not Side.LEGACY else _ran(run)


def passed(run: RunResult) -> str:
    """Both sides wrote the same; else the night's first reason is quoted."""
    if (why := compared(run)) or run.verdict is Verdict.PASS:
        return why
    reason = " ".join(run.reasons[0].split()) if run.reasons else ""
    cut = reason if len(reason) <= _QUOTED else f"{reason[: _QUOTED - 1]}…"
    return f"the night failed: {cut}" if cut else "the night failed"


def as_primary(run: RunResult) -> str:
    """The candidate was what consumers read, and both sides were still compared."""
    if run.primary is not Side.CANDIDATE:
        return "the candidate was not primary"
    return _ran(run)
