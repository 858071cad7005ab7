"""What a night leaves to the next one about datasets that are compared by windows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from parity.model.audit import Audit
from parity.store import tables

__all__ = ["audit_before", "insert_audits"]


def insert_audits(connection: Connection, run_id: str, audits: Mapping[str, Audit]) -> None:
    """Stores the audits of a run, by dataset.

    A run that is found again takes those of its newest attempt, which has seen later writes.
    """
    rows = [
        {
            "run_id": run_id,
            "dataset": dataset,
            "digest": audit.digest,
            "snapshot": audit.snapshot,
            "at": audit.at,
            "verified": {symbol: day.isoformat() for symbol, day in audit.verified.items()},
            "differing": sorted(audit.differing),
        }
        for dataset, audit in audits.items()
    ]
    if rows:
        new = insert(tables.audit)
        key = {"run_id", "dataset"}
        newer = {column.name: column for column in new.excluded if column.name not in key}
        connection.execute(new.on_conflict_do_update(index_elements=sorted(key), set_=newer), rows)


def audit_before(
    connection: Connection, migration: str, dataset: str, before: date
) -> Audit | None:
    """The audit of the run that holds for the newest session before a day; None if it has none."""
    newest = (
        select(tables.attempt.c.run_id)
        .where(tables.attempt.c.migration == migration, tables.attempt.c.session < before)
        .order_by(tables.attempt.c.session.desc(), tables.attempt.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    wanted = select(tables.audit).where(
        tables.audit.c.run_id == newest, tables.audit.c.dataset == dataset
    )
    row = connection.execute(wanted).first()
    if row is None:
        return None
    return Audit(
        digest=row.digest,
        snapshot=row.snapshot,
        at=row.at,
        verified={symbol: date.fromisoformat(day) for symbol, day in row.verified.items()},
        differing=frozenset(row.differing),
    )
