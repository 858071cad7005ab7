"""How much legacy differs from itself, as `parity noise` has measured it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, and_, func, insert, select

from parity.model.noise import Noise
from parity.store import tables

__all__ = ["latest_noise", "save_noise"]


def save_noise(connection: Connection, migration: str, found: Iterable[Noise]) -> None:
    """Stores one measurement: all columns of each dataset that was measured."""
    rows = [
        {
            "migration": migration,
            "dataset": noise.dataset,
            "column": noise.column,
            "session": noise.session,
            "rows": noise.rows,
            "differing": noise.differing,
            "max_abs_delta": noise.max_abs_delta,
            "max_rel_delta": noise.max_rel_delta,
            "only_once": noise.only_once,
        }
        for noise in found
    ]
    if rows:
        connection.execute(insert(tables.noise), rows)


def latest_noise(connection: Connection, migration: str) -> tuple[Noise, ...]:
    """The newest measurement of each dataset, by dataset and column."""
    table = tables.noise
    newest = (
        select(table.c.dataset, func.max(table.c.at).label("at"))
        .where(table.c.migration == migration)
        .group_by(table.c.dataset)
        .subquery()
    )
    wanted = (
        select(table)
        .join(newest, and_(table.c.dataset == newest.c.dataset, table.c.at == newest.c.at))
        .where(table.c.migration == migration)
        .order_by(table.c.dataset, table.c.column)
    )
    return tuple(
        Noise(
            dataset=row.dataset,
            column=row.column,
            session=row.session,
            rows=row.rows,
            differing=row.differing,
            max_abs_delta=row.max_abs_delta,
            max_rel_delta=row.max_rel_delta,
            only_once=row.only_once,
        )
        for row in connection.execute(wanted)
    )
