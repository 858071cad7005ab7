"""The one snapshot in which a night looks at both sides, and how it survives a kill."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime

import psycopg

from parity.database import Database, Role, queries
from parity.database.keeper import Keeper, end_keepers
from parity.diff import Journal, Team
from parity.model.errors import DatabaseError
from parity.model.suite import Relation, Suite
from parity.nightly.kept import Kept, read_kept, write_kept
from parity.nightly.taking import RewrittenError, Taken, Taker

__all__ = ["Say", "View", "view_of"]

# A comparison of so many rows a side takes long enough to be worth going on with.
LONG = 2_000_000
LONG_VARIABLE = "PARITY_RESUME_ROWS"
TRIES = 5

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class View:
    """What a night sees. `snapshot` and `at` are the database's; `journal` only if it is long."""

    connection: psycopg.Connection
    team: Team
    snapshot: str
    at: datetime
    journal: Journal | None


@contextmanager
def view_of(suite: Suite, database: Database, journal: Journal, say: Say) -> Iterator[View]:
    """Opens the snapshot: that of an interrupted comparison where it is still there.

    Until the view is closed nobody empties, drops or rewrites one of the compared tables, which
    the snapshot alone would not prevent.

    Args:
        suite: whose datasets are compared, and on how many connections.
        database: where.
        journal: what an interrupted comparison has left, and where this one leaves it.
        say: is told whether it goes on or begins anew, and why.

    Raises:
        DatabaseError: the tables are locked or rewritten again and again.
    """
    with Taker.of(database, _relations(suite), suite.connections) as taker:
        resumed = _resume(taker, database, journal, say)
        taken, old = resumed or (_begin(taker), ())
        with taken.team:
            long = resumed is not None or taken.rows >= _long()
            keeper = _keep(database, journal, taken, old, taker.relations) if long else None
            kept = keeper is not None or resumed is not None
            row = taken.connection.execute(queries.CURRENT_SNAPSHOT).fetchone()
            assert row is not None
            try:
                yield View(taken.connection, taken.team, row[0], row[1], journal if kept else None)
            except BaseException:
                _leave(keeper, say)
                raise
        with suppress(psycopg.Error):  # a lost connection has undecided datasets, which are told
            taken.connection.rollback()
        # Only a comparison that came to its end is not to be gone on with.
        journal.clear()
        if keeper is not None:
            keeper.release()
        else:
            _end(database, old)


def _leave(keeper: Keeper | None, say: Say) -> None:
    if keeper is not None:
        keeper.leave()
        say("What is finished is kept for ten minutes: parity compare, for the same session, goes "
            "on from there.")  # fmt: skip


def _relations(suite: Suite) -> list[Relation]:
    found = {one for dataset in suite.datasets for one in (dataset.legacy, dataset.candidate)}
    return sorted(found, key=lambda one: (one.schema, one.table))


def _long() -> float:
    return float(os.environ.get(LONG_VARIABLE) or LONG)


def _begin(taker: Taker) -> Taken:
    for _ in range(TRIES):
        with suppress(RewrittenError, psycopg.errors.LockNotAvailable,
                      psycopg.errors.DeadlockDetected):  # fmt: skip
            return taker.take()
    raise DatabaseError(
        "the tables are locked or rewritten while their comparison begins, again and again; "
        "compare them when no job writes them"
    )


def _resume(
    taker: Taker, database: Database, journal: Journal, say: Say
) -> tuple[Taken, tuple[int, ...]] | None:
    """Takes on the snapshot of the interrupted comparison; None where there is none any more."""
    token, kept = journal.token(), read_kept(journal.folder)
    found = None
    if token is not None:
        found = _taken_on(taker, token, kept)
    if isinstance(found, Taken) and kept is not None:
        say("An interrupted comparison goes on in its own snapshot.")
        return found, kept.backends
    _end(database, kept.backends if kept else ())
    if journal.clear():
        reason = f"begun anew: {found}" if found else "of something else: its results were dropped"
        say(f"An interrupted comparison was {reason}.")
    return None


def _taken_on(taker: Taker, token: str, kept: Kept | None) -> Taken | str:
    """The interrupted comparison's snapshot, or why it is of no use."""
    gone = "its snapshot is gone, and the tables may have changed since"
    rewritten = "tables have been emptied, rewritten or made anew since"
    if kept is None:
        return gone
    try:
        taken = taker.take(token)
    except RewrittenError:
        return rewritten
    except psycopg.errors.LockNotAvailable:
        return "a writer waits for its tables"
    except psycopg.Error:
        return gone
    if (taken.kept.snapshot, taken.kept.server) != (kept.snapshot, kept.server):
        why = gone
    elif taken.kept.storage != kept.storage:
        why = rewritten
    else:
        return taken
    taker.release(taken.team)
    return why


def _keep(
    database: Database,
    journal: Journal,
    taken: Taken,
    old: tuple[int, ...],
    relations: list[Relation],
) -> Keeper | None:
    """Starts a keeper of the snapshot, which takes the place of `old` ones."""
    keeper = Keeper.start(database.url_as(Role.PARITY_HARNESS), taken.team.share(), relations)
    if keeper is None:
        return None
    kept = replace(taken.kept, backends=(*old, keeper.backend))
    if old:
        write_kept(journal.folder, kept)
        journal.keep(keeper.token)
        _end(database, old)
    else:
        journal.begin(keeper.token)
        write_kept(journal.folder, kept)
    return keeper


def _end(database: Database, backends: tuple[int, ...]) -> None:
    with suppress(psycopg.Error, DatabaseError):  # they end by themselves, too
        end_keepers(database, backends)
