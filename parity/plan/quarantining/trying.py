"""One transaction, tried again while locks are in the way."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict

from parity.database import queries as database_queries
from parity.database.complaint import first_line
from parity.database.holding import PATIENCE
from parity.model.errors import DatabaseError
from parity.nightly.harness import Harness
from parity.plan.quarantining import queries
from parity.plan.readers_left import Session, sessions_of
from parity.switch.queries import ONE_SWITCH
from parity.switch.view import MARKET

__all__ = ["alone_with_names", "in_one_transaction"]

T = TypeVar("T")
SHORTEST, LONGEST = 0.05, 1.0  # seconds between two tries


def in_one_transaction(
    harness: Harness, schemas: Sequence[str], what: str, act: Callable[[psycopg.Connection], T]
) -> T:
    """Does it as the connecting role, all or nothing; each lock is waited for briefly.

    Args:
        harness: whose `cutover.lock_timeout` and `cutover.attempts` hold.
        schemas: what it is about, by their names now.
        what: what cannot be done if it fails, for the message.
        act: the statements; called again after each try that failed.

    Raises:
        DatabaseError: it cannot be done, and why; nothing has changed, unless the connection was
            lost in the very moment of the commit, which the message says.
    """
    switching = harness.suite.plan.switching
    url = harness.database.admin_url
    for attempt in range(switching.attempts):
        if attempt:
            time.sleep(random.uniform(0.5, 1.0) * min(LONGEST, SHORTEST * 1.5**attempt))
        try:
            with psycopg.connect(url) as connection:
                limit = max(0.01, switching.lock_timeout.total_seconds())
                connection.execute(database_queries.lock_timeout(limit, local=True))
                return act(connection)
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            continue
        except psycopg.errors.InsufficientPrivilege as error:
            raise DatabaseError(f"{what}: {first_line(error)}; {_needed(url, schemas)}") from None
        except psycopg.OperationalError as error:
            raise DatabaseError(
                f"{what}: {first_line(error)}; parity cleanup says what holds now"
            ) from None
        except psycopg.Error as error:
            raise DatabaseError(f"{what}: {first_line(error)}; nothing has changed") from None
    raise DatabaseError(
        f"{what}: schema {', '.join(schemas)} was in use at each of {switching.attempts} tries"
        f"{_by(url, schemas)}; nothing has changed; end that session, or try again later"
    )


def alone_with_names(connection: psycopg.Connection) -> None:
    """No command sets up schemas, and no switch moves views, until the transaction ends."""
    connection.execute(database_queries.lock_timeout(PATIENCE, local=True))
    connection.execute(ONE_SWITCH, [MARKET])
    connection.execute(database_queries.LOCK_PROVISION)


def _needed(url: str, schemas: Sequence[str]) -> str:
    """What an administrator has to run."""
    owners: list[str] = []
    with suppress(psycopg.Error), psycopg.connect(url) as connection:
        owners += [row[1] for row in connection.execute(queries.OWNERS, [list(schemas)])]
    parts = conninfo_to_dict(url)
    me, database = parts.get("user") or "USER", parts.get("dbname") or "DATABASE"
    grants = [f"GRANT {owner} TO {me}" for owner in dict.fromkeys([*owners, "parity_harness"])]
    return f"it needs {'; '.join(grants)}; GRANT CREATE ON DATABASE {database} TO {me}"


def _by(url: str, schemas: Sequence[str]) -> str:
    """Who is in the way, as far as that can be seen."""
    found: tuple[Session, ...] = ()
    with suppress(psycopg.Error), psycopg.connect(url) as connection:
        found = sessions_of(connection, schemas)
    return f" by {'; '.join(one.told for one in found)}" if found else ""
