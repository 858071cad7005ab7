"""What stands in the trail, as the transaction that moves the views sees it."""

from __future__ import annotations

import json
from typing import Any

import psycopg

from parity.switch import queries

__all__ = ["noted_since"]


def noted_since(
    connection: psycopg.Connection, migration: str, number: int
) -> list[tuple[str, str, dict[str, Any]]]:
    """Rows after that number: kind, by whom, content.

    After a `note` in the same transaction nobody else adds one until it ends.
    """
    rows = connection.execute(queries.SINCE, [migration, number])
    return [(kind, by, json.loads(content)) for kind, by, content in rows]
