"""Connections with time limits."""

from __future__ import annotations

import psycopg
from psycopg import Connection

from prefect_flows.errors import SettingsError

__all__ = ["connect"]

# Submitted threads cannot be interrupted, so the limits stand in the server and the client.
# A client that is gone must not keep its locks for the two hours that TCP would wait by itself.
_OPTIONS = (
    "-c statement_timeout=60000 -c lock_timeout=30000 -c idle_in_transaction_session_timeout=60000 "
    "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
)
_CONNECT_SECONDS = 10


def connect(database_url: str) -> Connection:
    """Open a connection in autocommit; its time limits are set.

    Options of the URL stay; the limits are set beside them.

    Raises:
        SettingsError: DATABASE_URL is not a URI that libpq can read.
        psycopg.OperationalError: The database does not answer.
    """
    try:
        given = psycopg.conninfo.conninfo_to_dict(database_url).get("options") or ""
        return psycopg.connect(
            database_url,
            autocommit=True,
            options=f"{given} {_OPTIONS}".strip(),
            connect_timeout=_CONNECT_SECONDS,
            keepalives_idle=30,  # a server that is cut off should be noticed
            keepalives_interval=10,
            keepalives_count=3,
            tcp_user_timeout=60_000,
        )
    except psycopg.ProgrammingError:
        # The driver's text repeats parts of the URL, the password among them.
        raise SettingsError(
            "DATABASE_URL is not a URI that libpq can read; write a %, a space or an @ in its "
            "password as %25, %20 or %40"
        ) from None
