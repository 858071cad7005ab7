"""The validated file -> `Suite`, with the hash of what it says."""

from __future__ import annotations

import hashlib
import json
from datetime import date, time, timedelta
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

from parity.config.planning import below, plan_of
from parity.config.shape import (
    AlertsShape,
    DatasetShape,
    FileShape,
    FlowsShape,
    JobShape,
    RelationShape,
    RetentionShape,
    ToleranceShape,
    WindowShape,
)
from parity.model.operations import Alerts, Flows, Retention
from parity.model.suite import EXACT, Dataset, Job, Relation, Suite, Tolerance, Window

__all__ = ["build", "config_hash"]

_HASH_DIGITS = 16


def build(file: FileShape, root: Path) -> Suite:
    """The suite; `root` is the absolute folder that relative paths start from."""
    return Suite(
        migration=file.migration,
        root=root,
        reports=below(root, file.reports),
        state=below(root, file.state),
        datasets=tuple(_dataset(dataset) for dataset in file.datasets),
        jobs=tuple(_job(job) for job in file.jobs),
        calendar=file.calendar,
        at=file.at,
        second_opinion_rows=file.second_opinion_rows,
        connections=file.connections,
        discrepancy_limit=file.discrepancy_limit,
        selftest_seconds=file.selftest_seconds,
        revision_days=file.revision_days,
        alerts=_alerts(file.alerts),
        retention=_retention(file.retention),
        flows=_flows(file.flows),
        plan=plan_of(file, root),
        config_hash=config_hash(file),
    )


def config_hash(file: FileShape) -> str:
    """The first 16 hex digits of the SHA-256 of the content.

    Comments, the order of keys, the spelling of a value (1e-4 or 0.0001) and a default that is
    written out do not change it; the order of jobs, datasets and key columns does.
    """
    content = json.dumps(
        file.model_dump(by_alias=True), sort_keys=True, default=_canonical, separators=(",", ":")
    )
    return hashlib.sha256(content.encode()).hexdigest()[:_HASH_DIGITS]


def _canonical(value: Any) -> Any:
    if isinstance(value, Decimal):
        digits = max(1, len(value.as_tuple().digits))  # normalize() rounds to its context
        return {"number": str(value.normalize(Context(prec=digits)))}
    if isinstance(value, date | time):
        return {"when": value.isoformat()}
    if isinstance(value, timedelta):
        return {"seconds": value.total_seconds()}
    raise TypeError(f"{type(value).__name__} has no canonical form")


def _dataset(shape: DatasetShape) -> Dataset:
    tolerances = {column: _tolerance(entry) for column, entry in shape.tolerance.items()}
    default = tolerances.pop("default", EXACT)
    return Dataset(
        name=shape.name,
        kind=shape.kind,
        legacy=_relation(shape.legacy),
        candidate=_relation(shape.candidate),
        key=tuple(shape.key),
        symbol=shape.symbol,
        time=shape.time,
        where=tuple((column, tuple(values)) for column, values in shape.where.items()),
        since=shape.since.date if shape.since else None,
        since_because=shape.since.because if shape.since else "",
        timezone=shape.timezone,
        settle=shape.settle,
        exclude=tuple(shape.exclude),
        rename=tuple(shape.rename.items()),
        tolerances=tuple(tolerances.items()),
        default_tolerance=default,
        window=_window(shape.window) if shape.window else None,
        computed_from=shape.computed_from,
        days_back=shape.days_back,
        formulas=tuple(shape.formulas.items()),
        synthetic=shape.synthetic,
    )


def _job(shape: JobShape) -> Job:
    return Job(
        name=shape.name,
        side=shape.side,
        command=tuple(shape.command),
        timeout=shape.timeout,
        env=tuple(shape.env.items()),
    )


def _alerts(shape: AlertsShape) -> Alerts:
    return Alerts(to=tuple(shape.to), deadline=shape.deadline, link=shape.link)


def _retention(shape: RetentionShape) -> Retention:
    return Retention(
        runs=shape.runs,
        reports=shape.reports,
        load_runs=shape.load_runs,
        flow_runs=shape.flow_runs,
        backups=shape.backups,
    )


def _flows(shape: FlowsShape) -> Flows:
    def relation(named: RelationShape | None) -> Relation | None:
        return None if named is None else _relation(named)

    sides = shape.load_runs
    return Flows(
        runs=relation(shape.runs),
        legacy=relation(sides.legacy),
        candidate=relation(sides.candidate),
    )


def _relation(shape: RelationShape) -> Relation:
    return Relation(shape.schema_, shape.table)


def _tolerance(shape: ToleranceShape) -> Tolerance:
    if isinstance(shape.abs, timedelta):
        return Tolerance(within=shape.abs, because=shape.because)
    return Tolerance(abs=shape.abs, rel=shape.rel, because=shape.because)


def _window(shape: WindowShape) -> Window:
    return Window(
        sessions=shape.sessions,
        changed=shape.changed,
        log=shape.log,
        audit_cycle=shape.audit_cycle,
    )
