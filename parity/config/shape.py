"""The shape of parity.yaml. Rules across fields are in `checks`."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from parity.config.findings import describe
from parity.config.scalars import split_relation
from parity.config.values import (
    DEFAULT_CALENDAR,
    AlertTarget,
    Allowance,
    Argument,
    Calendar,
    Clock,
    Column,
    Columns,
    Deployment,
    Duration,
    EnvName,
    EnvValue,
    Filled,
    Folder,
    Formula,
    Identifier,
    Link,
    Number,
    Percent,
    Seconds,
    Slug,
    SqlType,
    Text,
    Timezone,
    WhereValues,
    choice,
    one_or_more,
)
from parity.model.suite import Kind
from parity.model.verdict import Phase, Side

__all__ = [
    "VERSION",
    "AlertsShape",
    "CutoverShape",
    "DatasetShape",
    "Day",
    "FileShape",
    "FlowsShape",
    "HookShape",
    "JobShape",
    "ManualItemShape",
    "RelationShape",
    "RetentionShape",
    "ServedShape",
    "Shape",
    "SinceShape",
    "ToleranceShape",
    "Version",
    "WindowShape",
]

VERSION = 1


class Shape(BaseModel):
    """What every part of the file has: no unknown key, no value of another kind."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _tolerance(value: Any) -> Any:
    if value == "exact":
        return {"abs": 0}
    if isinstance(value, dict):
        if value.keys() <= {"because"}:  # with any other key, that one is the mistake
            raise ValueError("has neither abs nor rel; give one of them, or write exact")
        return value
    raise ValueError(f"must be exact or {{abs: 0.01, because: why}}, not {describe(value)}")


def _since(value: Any) -> Any:
    if type(value) is dt.date:
        return {"date": value}
    if isinstance(value, dict):
        return value
    raise ValueError(f"must be a date such as 2005-02-17, not {describe(value)}")


def _day(value: Any) -> dt.date:
    if type(value) is dt.date:
        return value
    raise ValueError(f"must be a date such as 2005-02-17 without quotes, not {describe(value)}")


def _version(value: Any) -> Any:
    if type(value) is int and value == VERSION:
        return value
    raise ValueError(f"must be {VERSION}, the version of this file format, not {describe(value)}")


Day = Annotated[dt.date, BeforeValidator(_day)]
Version = Annotated[int, BeforeValidator(_version)]


class RelationShape(Shape):
    """A table or view: `schema.table`, or a mapping where a name holds a dot."""

    schema_: Identifier = Field(alias="schema")
    table: Identifier


class ToleranceShape(Shape):
    """`exact`, or abs and rel with the reason; an abs that is a duration is for dates and times."""

    abs: Allowance = Decimal(0)
    rel: Number = Decimal(0)
    because: Filled = ""


class SinceShape(Shape):
    """A date, or a date with the reason."""

    date: Day
    because: Filled = ""


class WindowShape(Shape):
    """What a night compares of a long history."""

    sessions: Annotated[int, Field(ge=1, le=1000)] = 5
    changed: Column | None = None
    log: bool = False
    audit_cycle: Annotated[int, Field(ge=1, le=1000)] = 20


Relation = Annotated[RelationShape, BeforeValidator(split_relation)]
Tolerance = Annotated[ToleranceShape, BeforeValidator(_tolerance)]


class DatasetShape(Shape):
    """One entry of `datasets`."""

    name: Slug
    kind: Annotated[Kind, BeforeValidator(choice(Kind))]
    legacy: Relation
    candidate: Relation
    key: Annotated[Columns, Field(min_length=1)]
    symbol: Column | None = None
    time: Column | None = None
    where: dict[Column, WhereValues] = {}
    since: Annotated[SinceShape | None, BeforeValidator(_since)] = None
    timezone: Timezone | None = None
    settle: Duration | None = None
    exclude: Columns = []
    rename: dict[Column, Column] = {}
    tolerance: dict[Column, Tolerance] = {}
    window: WindowShape | None = None
    computed_from: Text | None = None
    days_back: Annotated[int, Field(ge=1, le=10_000)] = 300
    formulas: dict[Column, Formula] = {}
    synthetic: Text = ""


class JobShape(Shape):
    """One entry of `jobs`."""

    name: Slug
    side: Annotated[Side, BeforeValidator(choice(Side))]
    command: Annotated[list[Argument], Field(min_length=1)]
    timeout: Duration = dt.timedelta(minutes=10)
    env: dict[EnvName, EnvValue] = {}


class AlertsShape(Shape):
    """Who is told, by when a night should be there, where its report can be opened."""

    to: Annotated[list[AlertTarget], BeforeValidator(one_or_more)] = []
    deadline: Clock | None = None
    link: Link = ""


class RetentionShape(Shape):
    """How long things are kept."""

    runs: Duration = dt.timedelta(days=365)
    reports: Duration = dt.timedelta(days=365)
    load_runs: Duration = dt.timedelta(days=365)
    flow_runs: Duration = dt.timedelta(days=30)
    backups: Annotated[int, Field(ge=1, le=1000)] = 7


class SidesShape(Shape):
    """A table of each side."""

    legacy: Relation | None = None
    candidate: Relation | None = None


class FlowsShape(Shape):
    """Where the pipelines count their own runs."""

    runs: Relation | None = None
    load_runs: SidesShape = SidesShape()


class ParallelGateShape(Shape):
    """What must hold to leave `parallel_run`."""

    sessions: Annotated[int, Field(ge=1, le=1000)] = 5


class ValidationGateShape(Shape):
    """What must hold to leave `validation`."""

    sessions: Annotated[int, Field(ge=1, le=1000)] = 10
    coverage: Percent = 100.0
    success_rate: Percent = 99.0
    flows_within: Duration | None = None
    drill: Duration = dt.timedelta(days=7)


class CutoverGateShape(Shape):
    """What must hold to leave `cutover`."""

    sessions: Annotated[int, Field(ge=1, le=1000)] = 20


class GatesShape(Shape):
    """What must hold to leave each phase."""

    parallel_run: ParallelGateShape = ParallelGateShape()
    validation: ValidationGateShape = ValidationGateShape()
    cutover: CutoverGateShape = CutoverGateShape()


class ManualItemShape(Shape):
    """One entry of `checklist`: what a person signs."""

    id: Slug
    text: Filled
    phase: Annotated[Phase, BeforeValidator(choice(Phase))] = Phase.VALIDATION


class ServedShape(Shape):
    """One entry of `serving`: a view that consumers read."""

    view: Identifier
    legacy: Relation
    candidate: Relation
    columns: dict[Column, SqlType] = {}
    rename: dict[Column, Column] = {}


class HookShape(Shape):
    """A command around a switch."""

    name: Slug
    command: Annotated[list[Argument], Field(min_length=1)]
    timeout: Duration = dt.timedelta(minutes=1)
    env: dict[EnvName, EnvValue] = {}


class HooksShape(Shape):
    """What runs around a switch."""

    before: list[HookShape] = []
    after: list[HookShape] = []
    after_rollback: list[HookShape] = []


class CutoverShape(Shape):
    """How the primary side is moved."""

    lock_timeout: Duration = dt.timedelta(milliseconds=150)
    attempts: Annotated[int, Field(ge=1, le=1000)] = 40
    postpone_file: Folder = ".parity/postpone"
    panic_file: Folder = ".parity/panic"
    hooks: HooksShape = HooksShape()
    schedules: list[Deployment] = []
    quarantine: Duration = dt.timedelta(days=30)


class FileShape(Shape):
    """The whole file."""

    version: Version
    migration: Slug
    calendar: Calendar = DEFAULT_CALENDAR
    at: Clock = dt.time(20)
    reports: Folder = "reports"
    state: Folder = ".parity"
    second_opinion_rows: Annotated[int, Field(ge=1, le=1_000_000)] = 2000
    connections: Annotated[int, Field(ge=1, le=16)] = 2
    discrepancy_limit: Annotated[int, Field(ge=1, le=10_000_000)] = 100_000
    selftest_seconds: Seconds = 3.0
    revision_days: Annotated[int, Field(ge=0, le=3650)] = 45
    alerts: AlertsShape = AlertsShape()
    retention: RetentionShape = RetentionShape()
    flows: FlowsShape = FlowsShape()
    waivers: Folder = "waivers.yaml"
    gates: GatesShape = GatesShape()
    checklist: list[ManualItemShape] = []
    serving: list[ServedShape] = []
    cutover: CutoverShape = CutoverShape()
    jobs: list[JobShape] = []
    datasets: Annotated[list[DatasetShape], Field(min_length=1)]
