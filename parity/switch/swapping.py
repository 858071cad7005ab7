"""Moves views from one side to the other: all in one transaction, or none.

A reader that is in the gate keeps the switch from it, and readers that come after wait for the
switch. So it waits briefly, lets go of everything, and tries again. Its patience is below the time
after which PostgreSQL looks for deadlocks: it is never a reader that is sacrificed.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import psycopg

from parity.database import Database, Role
from parity.database.complaint import first_line
from parity.model.errors import DatabaseError
from parity.model.verdict import Side
from parity.switch import queries
from parity.switch.blocking import Watch, how_to_end
from parity.switch.serving import layered, making
from parity.switch.view import View, in_order

__all__ = ["Swapped", "swap"]

SHORTEST, LONGEST = 0.05, 2.0  # seconds between two tries
RETURN = 60.0  # seconds that a lost server may take to come back
# Locks in the way; or somebody grants rights on a view at the same moment ("tuple concurrently
# updated").
AGAIN = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.InternalError_,
)
Within = Callable[[psycopg.Connection], None]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Swapped:
    """How a switch went.

    Attributes:
        seconds: from the first try to the commit.
        attempts: tries that it took.
        longest_hold: seconds of the longest try, from its first lock on: no reader waited longer.
    """

    seconds: float
    attempts: int
    longest_hold: float

    def to_json(self) -> dict[str, float]:
        """The `switched` object of what cutover and rollback print."""
        return {
            "seconds": round(self.seconds, 4),
            "attempts": self.attempts,
            "longest_hold": round(self.longest_hold, 4),
        }


@dataclass(slots=True)
class _Switch:
    """What is to be done, and how it has gone so far."""

    database: Database
    views: list[View]
    to: Side
    schema: str
    limit: float
    within: Within
    longest: float = 0.0
    blockers: tuple[str, ...] = ()
    pids: tuple[int, ...] = ()

    @property
    def written(self) -> list[str]:
        """Views that any switch writes."""
        return [view.now for view in self.views]

    def seen(self, watch: Watch) -> None:
        """Who was in the way; where nobody was seen this time, who was the last time."""
        if watch.blockers:
            self.blockers, self.pids = watch.blockers, watch.pids

    def longest_of(self, attempts: int) -> float:
        """Seconds that so many tries take at most, with the pauses between them."""
        pauses = sum(_most(attempt) for attempt in range(2, attempts + 1))
        return attempts * self.limit + pauses


def swap(
    database: Database,
    views: Sequence[View],
    to: Side,
    *,
    schema: str,
    lock_timeout: timedelta,
    attempts: int,
    within: Within,
    say: Say = lambda _line: None,
) -> Swapped:
    """Makes views read a side, as role `parity_switch`, in one transaction.

    Args:
        database: where.
        views: all of them; ones that are not there are made.
        to: the side.
        schema: where the views are.
        lock_timeout: how long readers may be made to wait at one try; held below half of the
            server's deadlock_timeout.
        attempts: how many tries.
        within: is called in the transaction when all views are replaced, to add to the trail.
        say: is told of tries that failed.

    Returns:
        How it went.

    Raises:
        DatabaseError: the views could not be moved, and nothing has changed; where locks were in
            the way, who holds them. Or the server was lost at the commit and did not come back,
            which the message says.
    """
    switch = _Switch(database, in_order(views), to, schema,
                     lock_timeout.total_seconds(), within)  # fmt: skip
    started = time.monotonic()
    for attempt in range(1, attempts + 1):
        if attempt > 1:
            time.sleep(_pause(attempt))
        if _try(switch):
            seconds = time.monotonic() - started
            return Swapped(seconds, attempt, switch.longest)
        if attempt == 1 < attempts:
            say(_in_use(switch, attempts))
    raise DatabaseError(
        f"the views of schema {schema} were in use at each of {attempts} tries{_by(switch)}; "
        f"nothing has changed; {how_to_end(switch.pids) or 'end that session'}, or try again later"
    )


def _in_use(switch: _Switch, attempts: int) -> str:
    """Said once: who is in the way, how long it tries, and what may be done."""
    end = how_to_end(switch.pids)
    return (
        f"The views of schema {switch.schema} are in use{_by(switch)}; try 1 of {attempts}, for up "
        f"to about {max(1, math.ceil(switch.longest_of(attempts)))} s{f'; {end}' if end else ''}"
    )


def _pause(attempt: int) -> float:
    """Seconds before a try: longer each time, and never in step with anybody."""
    return random.uniform(0.5, 1.0) * _most(attempt)


def _most(attempt: int) -> float:
    return min(LONGEST, float(SHORTEST * 1.5**attempt))


def _by(switch: _Switch) -> str:
    return f" by {'; '.join(switch.blockers)}" if switch.blockers else ""


def _try(switch: _Switch) -> bool:
    """One try; False when locks were in the way."""
    connection = switch.database.connect_as(Role.PARITY_SWITCH)
    xid = None
    try:
        xid = _begin(connection, switch)
        _replace(connection, switch)
    except AGAIN:
        return False
    except psycopg.Error as error:
        if not connection.closed:
            raise DatabaseError(
                f"the views cannot be moved: {first_line(error)}; nothing has changed"
            ) from None
        return xid is not None and _happened(switch, xid)
    finally:
        connection.close()
    return True


def _begin(connection: psycopg.Connection, switch: _Switch) -> str:
    """Alone with this schema; the number of the transaction."""
    # Whatever is the default of the role or the database.
    connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
    connection.read_only = False
    connection.execute(queries.GUARDED)
    row = connection.execute(queries.DEADLOCK_TIMEOUT).fetchone()
    assert row is not None
    switch.limit = min(switch.limit, row[0] / 2)
    connection.execute(queries.lock_timeout(timedelta(seconds=switch.limit)))
    with Watch(switch.database, connection.info.backend_pid, switch.limit / 2) as watch:
        try:
            connection.execute(queries.ONE_SWITCH, [switch.schema])
        finally:
            switch.seen(watch)
    row = connection.execute(queries.XID).fetchone()
    assert row is not None
    return str(row[0])


def _replace(connection: psycopg.Connection, switch: _Switch) -> None:
    """All views, the trail, the commit: within the limit, or nothing of it."""
    kept = layered(connection, switch.views, switch.schema)
    began = time.monotonic()
    with Watch(switch.database, connection.info.backend_pid, switch.limit / 2) as watch:
        try:
            for text in making(switch.views, switch.to, switch.schema, kept):
                _spare(connection, switch, began)
                connection.execute(text)
            _spare(connection, switch, began)
            switch.within(connection)
            connection.commit()
        except BaseException:
            if not connection.closed:
                connection.rollback()
            raise
        finally:
            switch.longest = max(switch.longest, time.monotonic() - began)
            watch.cancel()
            switch.seen(watch)


def _spare(connection: psycopg.Connection, switch: _Switch, began: float) -> None:
    """The next statement waits for no longer than what is left of this try."""
    left = switch.limit - (time.monotonic() - began)
    connection.execute(queries.lock_timeout(timedelta(seconds=left)))


def _happened(switch: _Switch, xid: str) -> bool:
    """Whether a switch whose connection was lost has been committed.

    Asked when the lost session is gone, with the lock that it held.

    Raises:
        DatabaseError: the server does not come back.
    """
    deadline = time.monotonic() + RETURN
    while True:
        try:
            with switch.database.connect_as(Role.PARITY_SWITCH) as connection:
                # What is seen is as of when the lock was there, whatever is the default.
                connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
                connection.execute(queries.lock_timeout(timedelta(seconds=RETURN)))
                connection.execute(queries.ONE_SWITCH, [switch.schema])
                values = [switch.schema, switch.written, xid]
                row = connection.execute(queries.WRITTEN_BY, values).fetchone()
                assert row is not None
                return bool(row[0])
        except (DatabaseError, psycopg.Error) as error:
            if time.monotonic() > deadline:
                raise DatabaseError(
                    "the connection was lost while the views were moved, and the server does not "
                    f"come back ({error}); they are as before or all moved: run this again when "
                    "the server answers"
                ) from None
            time.sleep(0.2)
