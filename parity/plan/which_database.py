"""Which database a rollback is about: an empty one answers every question with nothing."""

from __future__ import annotations

import psycopg
from psycopg.conninfo import conninfo_to_dict

from parity.database import Database
from parity.plan.queries import rolling_back as queries

__all__ = ["ASK", "named", "unprepared"]

ASK = "is PARITY_DATABASE_URL the right one?"


def named(database: Database) -> str:
    """Name and host of a database, or the folder of its socket; never a password."""
    parts = conninfo_to_dict(database.admin_url)
    host = str(parts.get("host") or parts.get("hostaddr") or "the local socket")
    port = parts.get("port")
    if port and not host.startswith("/"):
        host = f"{host}:{port}"
    return f"{parts.get('dbname') or parts.get('user') or 'the default one'} on {host}"


def unprepared(database: Database) -> str:
    """That a database has never held a migration; nothing where it has, or does not answer."""
    try:
        with psycopg.connect(database.admin_url, connect_timeout=2) as connection:
            row = connection.execute(queries.PREPARED).fetchone()
    except psycopg.Error:
        return ""
    return "" if row and row[0] else f"no cutover is on record in {named(database)}: {ASK}"
