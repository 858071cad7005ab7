"""Adds to the trail in the transaction that moves the views."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import psycopg

from parity.model.trail import TrailKind
from parity.switch import queries

__all__ = ["note", "noted_since"]


def note(
    connection: psycopg.Connection,
    migration: str,
    kind: TrailKind,
    by: str,
    content: Mapping[str, Any],
) -> int:
    """Adds a row; it is there when the transaction is committed, and not before.

    Returns:
        Its number, if the transaction is committed.
    """
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, allow_nan=False)
    row = connection.execute(queries.APPEND, [migration, kind.value, by, text]).fetchone()
    assert row is not None
    return int(row[0])


def noted_since(
    connection: psycopg.Connection, migration: str, number: int
) -> list[tuple[str, str, dict[str, Any]]]:
    """Rows after that number: kind, by whom, content.

    After a `note` in the same transaction nobody else adds one until it ends.
    """
    rows = connection.execute(queries.SINCE, [migration, number])
    return [(kind, by, json.loads(content)) for kind, by, content in rows]
