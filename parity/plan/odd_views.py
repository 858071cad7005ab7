"""Which views cannot be made to read legacy, so that they do not keep the others from it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta

import psycopg

from parity.database import Database, Role
from parity.database.complaint import first_line
from parity.model.verdict import Side
from parity.plan.queries import rolling_back as queries
from parity.switch import MARKET, View
from parity.switch.serving import layered, making
from parity.switch.swapping import AGAIN

__all__ = ["odd_views"]

TRIES, PAUSE = 2, 0.2  # seconds between two


def odd_views(database: Database, views: Sequence[View], limit: timedelta) -> dict[str, str]:
    """Moves each view by itself, in a transaction that is rolled back.

    Args:
        database: where.
        views: those that could not be moved together.
        limit: how long readers may be made to wait for one of them.

    Returns:
        By name, why a view cannot be moved; nothing is known of those that readers hold.

    Raises:
        DatabaseError: role `parity_switch` cannot connect.
        psycopg.Error: the connection is lost.
    """
    found: dict[str, str] = {}
    with database.connect_as(Role.PARITY_SWITCH) as connection:
        for view in views:
            why = _why(connection, view, limit)
            if why is None:
                break  # the next one has the same readers
            if why:
                found[view.name] = why
    return found


def _why(connection: psycopg.Connection, view: View, limit: timedelta) -> str | None:
    """Why it cannot be moved; empty: it can; None: readers are in the way."""
    for _ in range(TRIES):
        try:
            with connection.transaction(force_rollback=True):
                connection.execute(queries.lock_timeout(limit, local=True))
                kept = layered(connection, [view], MARKET)
                for text in making([view], Side.LEGACY, MARKET, kept):
                    connection.execute(text)
        except AGAIN:
            time.sleep(PAUSE)
        except psycopg.Error as error:
            if connection.closed:
                raise
            return first_line(error)
        else:
            return ""
    return None
