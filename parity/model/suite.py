"""What is compared and how: the frozen form of parity.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from parity.model.operations import Alerts, Flows, Retention
from parity.model.plan import Plan
from parity.model.verdict import Side

__all__ = ["EXACT", "Dataset", "Job", "Kind", "Relation", "Suite", "Tolerance", "Window"]

Scalar = str | int | bool | Decimal | date


class Kind(StrEnum):
    """What the rows of a dataset are; decides which quality suite and causes apply."""

    BARS = "bars"
    INDICATORS = "indicators"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view, as named in the database (case-sensitive, unquoted)."""

    schema: str
    table: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.table}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """Numbers are equal when |delta| <= max(abs, rel * max(|legacy|, |candidate|)).

    Symmetric, as `math.isclose`. Dates and times are equal when |delta| <= within; in the config
    and on the command line that is an `abs` that is a duration. `because` says why the team
    accepts the difference.
    """

    abs: Decimal = Decimal(0)
    rel: Decimal = Decimal(0)
    within: timedelta = timedelta(0)
    because: str = ""

    @property
    def exact(self) -> bool:
        """True when only equal values are equal."""
        return not (self.abs or self.rel or self.within)

    def __str__(self) -> str:
        parts = []
        if self.abs:
            parts.append(f"±{self.abs.normalize():g}")
        if self.rel:
            parts.append(f"±{(self.rel * 100).normalize():g} %")
        if self.within:
            parts.append(f"±{self.within}")
        return " or ".join(parts) or "exact"


EXACT = Tolerance()


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What a night compares of a long history, instead of all of it.

    Always: rows of the last `sessions` sessions, rows written since the last night (known from
    the column `changed`, or from the log of touched segments where `log` is set), every symbol
    that differed before, and so many symbols more, the ones verified longest ago first, that each
    symbol's whole history is verified within `audit_cycle` nights.
    """

    sessions: int = 5
    changed: str | None = None
    log: bool = False
    audit_cycle: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Two relations that should hold the same rows.

    `key`, `symbol`, `time`, `exclude`, the keys of `tolerances` and of `where` are column names
    of the legacy side; `rename` maps a legacy column to its candidate name where they differ.
    `where` keeps rows whose column equals the value (or one of the values). `since` keeps rows
    whose `time` is on or after that day (in `timezone` for timestamps, which also gives bare
    timestamps their meaning). Rows whose `time` is later than as_of - `settle` are unsettled.

    Indicators: `computed_from` names the dataset of bars that both sides compute them from, out of
    `days_back` calendar days of history; `formulas` maps a column to what it holds
    (`rsi_14`, `ema_50` ...) where its name does not say so.
    """

    name: str
    kind: Kind
    legacy: Relation
    candidate: Relation
    key: tuple[str, ...]
    symbol: str | None = None
    time: str | None = None
    where: tuple[tuple[str, tuple[Scalar, ...]], ...] = ()
    since: date | None = None
    since_because: str = ""
    timezone: str | None = None
    settle: timedelta | None = None
    exclude: tuple[str, ...] = ()
    rename: tuple[tuple[str, str], ...] = ()
    tolerances: tuple[tuple[str, Tolerance], ...] = ()
    default_tolerance: Tolerance = EXACT
    window: Window | None = None  # None: all of history, every night
    computed_from: str | None = None
    days_back: int = 300
    formulas: tuple[tuple[str, str], ...] = ()
    synthetic: str = ""  # shown wherever the data are; empty for real data

    def tolerance(self, column: str) -> Tolerance:
        """The tolerance of a column, or the dataset's default."""
        return dict(self.tolerances).get(column, self.default_tolerance)

    def relation(self, side: Side) -> Relation:
        """The relation of a side."""
        return self.legacy if side is Side.LEGACY else self.candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A command of one side. No shell; `{python}`, `{session}`, `{as_of}` are replaced in it.

    `env` values may also hold `{database_url:ROLE}`, never allowed in the command: a command
    line is public to every user of the machine.
    """

    name: str
    side: Side
    command: tuple[str, ...]
    timeout: timedelta = timedelta(minutes=10)
    env: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """All of parity.yaml. Paths are absolute; `at` is exchange time on the session's day."""

    migration: str
    root: Path
    reports: Path
    state: Path
    datasets: tuple[Dataset, ...]
    jobs: tuple[Job, ...] = ()
    calendar: str = "XNYS"
    at: time = time(20, 0)
    second_opinion_rows: int = 2000
    connections: int = 2  # how many read the database at once in a comparison
    discrepancy_limit: int = 100_000  # rows of a dataset and run kept in the database
    selftest_seconds: float = 3.0  # what a night may spend on seeded faults; 0: none
    revision_days: int = 45  # how far back a night remembers what each side said; 0: not at all
    alerts: Alerts = field(default_factory=Alerts)
    retention: Retention = field(default_factory=Retention)
    flows: Flows = field(default_factory=Flows)
    plan: Plan = field(default_factory=Plan)
    config_hash: str = ""
    source: str = field(default="", compare=False)  # as it was named, where not parity.yaml
    text: str = field(default="", compare=False, repr=False)  # of parity.yaml, for the record
