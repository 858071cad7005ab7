"""Who stands in the way of a session that waits for a lock."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime
from types import TracebackType

import psycopg

from parity.database import Database
from parity.switch import queries

__all__ = ["Watch", "how_to_end"]


class Watch:
    """Looks, while a session has been waiting for a while, at who makes it wait.

    A lock timeout says only that somebody was in the way; afterwards nobody knows who.
    """

    def __init__(self, database: Database, pid: int, after: float) -> None:
        """Prepares it.

        Args:
            database: which it connects to as the login, who may see most of other sessions.
            pid: of the session that waits.
            after: seconds until it looks.
        """
        self._url = database.admin_url
        self._pid = pid
        self._timer = threading.Timer(after, self._look)
        self._timer.daemon = True
        self.blockers: tuple[str, ...] = ()
        self.pids: tuple[int, ...] = ()  # of the same sessions

    def __enter__(self) -> Watch:
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.cancel()

    def cancel(self) -> None:
        """It is over; afterwards `blockers` does not change."""
        self._timer.cancel()
        self._timer.join()

    def _look(self) -> None:
        try:
            with psycopg.connect(self._url, autocommit=True, connect_timeout=2) as connection:
                rows = connection.execute(queries.BLOCKERS, [self._pid]).fetchall()
        except psycopg.Error:
            return  # then nobody is named
        self.blockers = tuple(_line(*row) for row in rows)
        self.pids = tuple(row[0] for row in rows)


def how_to_end(pids: Sequence[int]) -> str:
    """What to type against sessions that stand in the way; empty where none is known."""
    if not pids:
        return ""
    ends = ", ".join(f"pg_terminate_backend({pid})" for pid in dict.fromkeys(pids))
    return f"to end {'it' if len(pids) == 1 else 'them'}: psql -c 'SELECT {ends}'"


def _line(pid: int, name: str, user: str, state: str | None, since: datetime | None) -> str:
    parts = [f"session {pid}", f"({name or 'unnamed'}, {user or 'no user'})"]
    if state is not None:
        parts.append(state)
    if since is not None:
        parts.append(f"since {since:%Y-%m-%d %H:%M:%S %Z}")
    return " ".join(parts)
