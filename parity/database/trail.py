"""Adds to the audit trail in a transaction that does something else as well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg

from parity.database.queries import APPEND_TRAIL
from parity.model.trail import TrailKind, content_text

__all__ = ["note"]


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
    values = [migration, kind.value, by, content_text(content)]
    row = connection.execute(APPEND_TRAIL, values).fetchone()
    assert row is not None
    return int(row[0])
