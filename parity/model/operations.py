"""How a migration is run from day to day: who is told, what is kept, where flows leave traces."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta
from typing import TYPE_CHECKING

from parity.model.verdict import Side

if TYPE_CHECKING:
    from parity.model.suite import Relation

__all__ = ["BLOCK", "Alerts", "Flows", "Retention"]

BLOCK = "block:"  # before the name of a Prefect block, among the targets of alerts


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """Who is told when something is wrong.

    Attributes:
        to: names of environment variables that hold Apprise addresses, and `block:NAME` for
            Prefect's notification blocks (which only the flows can read). Empty: nobody.
        deadline: exchange time on a session's day by which its night should be stored; None: a
            night is never late.
        link: address under which the reports folder is published; empty: the file's own.
    """

    to: tuple[str, ...] = ()
    deadline: time | None = None
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long things are kept. Evidence of the phase in force is kept whatever this says.

    Attributes:
        runs: comparisons, their differing rows and their jobs in schema `parity`.
        reports: pages and logs of a night, in the reports folder.
        load_runs: the flows' accounts, a row a symbol and run.
        flow_runs: Prefect's own records of runs that have ended.
        backups: how many of the newest backups are kept.
    """

    runs: timedelta = timedelta(days=365)
    reports: timedelta = timedelta(days=365)
    load_runs: timedelta = timedelta(days=365)
    flow_runs: timedelta = timedelta(days=30)
    backups: int = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """Tables in which the pipelines count their own runs; None where there is none.

    Attributes:
        runs: one row a flow run, with its time, memory and retries.
        legacy: one row a symbol and run of the scripts.
        candidate: one row a symbol and run of the flows.
    """

    runs: Relation | None = None
    legacy: Relation | None = None
    candidate: Relation | None = None

    def load_runs(self, side: Side) -> Relation | None:
        """The table of a side."""
        return self.legacy if side is Side.LEGACY else self.candidate
