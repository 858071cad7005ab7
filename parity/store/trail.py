"""The audit trail, as it is read and added to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, func, select

from parity.model.trail import TrailEntry, TrailKind, content_text
from parity.store import tables

__all__ = ["append_trail", "read_trail"]


def append_trail(
    connection: Connection, migration: str, kind: TrailKind, by: str, content: Mapping[str, Any]
) -> int:
    """Adds a row in the connection's transaction; returns its number."""
    text = content_text(content)
    added = select(func.parity.append_trail(migration, kind.value, by, text))
    return int(connection.execute(added).scalar_one())


def read_trail(
    connection: Connection, migration: str, kinds: tuple[TrailKind, ...] = ()
) -> tuple[TrailEntry, ...]:
    """All rows of a migration, or those of some kinds, the oldest first."""
    wanted = select(tables.trail).where(tables.trail.c.migration == migration)
    if kinds:
        wanted = wanted.where(tables.trail.c.kind.in_([kind.value for kind in kinds]))
    rows = connection.execute(wanted.order_by(tables.trail.c.number))
    return tuple(_entry(row) for row in rows)


def _entry(row: Row[Any]) -> TrailEntry:
    return TrailEntry(
        number=row.number,
        migration=row.migration,
        at=row.at,
        kind=row.kind,
        by=row.by,
        content=_content(row.content),
        text=row.content,
        previous=row.previous,
        hash=row.hash,
    )


def _content(text: str) -> dict[str, Any]:
    """What it says; an edited row may say nothing that can be read."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
