"""What must be true before a switch, whoever wants it, and what must be seen after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg

from parity.database import Role
from parity.database.complaint import first_line
from parity.model.errors import DatabaseError, ParityError
from parity.model.verdict import Side
from parity.nightly.harness import Harness
from parity.nightly.snapshot import Say
from parity.plan.newest_night import newest_night
from parity.plan.sides_reached import candidate_not_behind, legacy_not_behind, settled
from parity.switch import (
    View,
    digest,
    digest_relations,
    one_snapshot,
    prove_way_back,
    require_every_row,
    resolve_as_served,
    side_of,
)

__all__ = ["Check", "Checked", "Verified", "checked", "checks", "verify", "views_of"]


@dataclass(frozen=True, slots=True)
class Check:
    """Something that must hold; `look` says what it saw, or raises a ParityError."""

    title: str
    look: Callable[[], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What came of a check: what was seen, or why it does not hold."""

    title: str
    ok: bool
    seen: str

    def to_json(self) -> dict[str, Any]:
        """An entry of `checks`."""
        return {"title": self.title, "ok": self.ok, "seen": self.seen}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What the views serve after a switch.

    Attributes:
        wrong: how it is not what the side holds; empty where it is.
        rows: of each view, as far as it could be read.
    """

    wrong: str = ""
    rows: Mapping[str, int] = field(default_factory=dict)


def views_of(harness: Harness) -> tuple[View, ...]:
    """The views with the columns that they have or would have.

    Raises:
        DatabaseError: a side cannot serve one.
        ParityError: the config names none.
    """
    served = harness.suite.plan.served
    if not served:
        raise ParityError("the config serves no view; name one under serving")
    with harness.database.connect_as(Role.PARITY_SWITCH) as connection:
        return resolve_as_served(connection, served)


def checks(harness: Harness, views: Sequence[View], now: datetime, say: Say) -> tuple[Check, ...]:
    """What holds before a cutover or it does not happen, whatever `--force` says.

    Args:
        harness: the migration.
        views: what is moved.
        now: the moment by which nights are due and rows settled.
        say: is told what takes a while.
    """
    return (
        Check("the way back", lambda: _way_back(harness, views, say)),
        Check("the newest night", lambda: newest_night(harness, now)),
        Check("legacy is not behind", lambda: legacy_not_behind(harness, now)),
        Check("candidate is not behind", lambda: candidate_not_behind(harness)),
        Check("nothing unsettled", lambda: settled(harness, now)),
        Check("every row can be served", lambda: _every_row(harness, views, say)),
    )


def checked(wanted: Sequence[Check]) -> tuple[Checked, ...]:
    """All checks, those that do not hold among them."""
    found = []
    for check in wanted:
        try:
            found.append(Checked(title=check.title, ok=True, seen=check.look()))
        except ParityError as error:
            found.append(Checked(title=check.title, ok=False, seen=str(error)))
    return tuple(found)


def verify(harness: Harness, views: Sequence[View], side: Side) -> Verified:
    """Reads the views as a consumer does; says how they are not what a side holds.

    The views and the side's relations are read in one snapshot, and compared by digests.

    Raises:
        DatabaseError: the server does not answer.
    """
    with harness.database.connect_as(Role.PARITY_HARNESS) as connection:
        try:
            with one_snapshot(connection):
                found = side_of(connection, views)
                served = digest(connection, views)
                held = digest_relations(connection, views, side)
        except DatabaseError as error:
            return Verified(wrong=str(error))
        except psycopg.Error as error:
            if connection.closed:
                raise DatabaseError(
                    f"the views could not be verified: {first_line(error)}; run this again"
                ) from None
            return Verified(wrong=f"the views cannot be read: {first_line(error)}")
    if found is not side:
        return Verified(wrong=f"the views read {found or 'nothing'}, not {side}")
    wrong = "; ".join(
        f"view {name} serves {served[name].rows:,} rows that are not the {held[name].rows:,} of "
        f"the {side} side"
        for name in sorted(served)
        if served[name] != held[name]
    )
    return Verified(wrong=wrong, rows={name: one.rows for name, one in sorted(served.items())})


def _way_back(harness: Harness, views: Sequence[View], say: Say) -> str:
    prove_way_back(harness.database, views)
    require_every_row(harness.database, views, Side.LEGACY, say)
    return "switched there and back in a transaction that was rolled back"


def _every_row(harness: Harness, views: Sequence[View], say: Say) -> str:
    rows = require_every_row(harness.database, views, Side.CANDIDATE, say)
    return f"all {rows:,} rows of the candidate fit the views"
