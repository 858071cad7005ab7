"""The switch of a rollback: all views in one transaction, or all that can be moved at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg

from parity.model.errors import DatabaseError, ParityError
from parity.model.trail import TrailKind
from parity.model.verdict import Phase, Side
from parity.nightly.harness import Harness
from parity.plan.odd_views import odd_views
from parity.plan.patience import locked
from parity.plan.queries import rolling_back as queries
from parity.plan.whereabouts import NOT_MOVED, Whereabouts
from parity.switch import MARKET, Swapped, View, note, swap

__all__ = [
    "KIND",
    "LEFT",
    "Moved",
    "Say",
    "SwitchedError",
    "Work",
    "move_back",
    "stay",
    "switch_row",
]

KIND = "rollback"
LEFT = (Phase.CUTOVER, Phase.CLEANUP)  # phases that a rollback leaves
Say = Callable[[str], None]


class SwitchedError(ParityError):
    """Somebody else has switched since it was looked at."""


@dataclass(frozen=True, slots=True)
class Moved:
    """How the switch went: which views were moved, and why others could not be, by name."""

    swapped: Swapped
    views: tuple[View, ...]
    odd: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One rollback in progress."""

    harness: Harness
    environ: Mapping[str, str]
    by: str
    reason: str
    now: datetime
    say: Say

    @property
    def migration(self) -> str:
        """The migration's name."""
        return self.harness.suite.migration

    def step(self, operation: str, step: str, **more: Any) -> None:
        """Notes that a step is done."""
        content = {"operation": operation, "kind": KIND, "step": step, **more}
        self.harness.store.append_trail(self.migration, TrailKind.STEP, self.by, content)


def move_back(work: Work, found: Whereabouts, odd: dict[str, str], operation: str) -> Moved:
    """Moves all views together; where one keeps the others from it, all but that one.

    Raises:
        DatabaseError: none has been moved, and why.
    """
    views = tuple(view for view in found.views if view.name not in odd)
    if odd and not views:
        raise DatabaseError(f"{'; '.join(stay(odd))}; nothing has changed")
    try:
        return Moved(_swap(work, found, operation, views, odd), views, odd)
    except DatabaseError as error:
        more = _in_the_way(work, views, error)
    odd = {**odd, **more}
    views = tuple(view for view in views if view.name not in more)
    return Moved(_swap(work, found, operation, views, odd), views, odd)


def _in_the_way(work: Work, views: Sequence[View], error: DatabaseError) -> dict[str, str]:
    """The views for which a switch failed; some of them, never all.

    Raises:
        DatabaseError: it failed for a lock on a table, which it names; or for something else.
    """
    database, limit = work.harness.database, work.harness.suite.plan.switching.lock_timeout
    try:
        held = locked(database, [view.served.legacy for view in views])
        more = {} if held else odd_views(database, views, limit)
    except (psycopg.Error, DatabaseError):
        raise error from None
    if held:
        raise DatabaseError(
            f"{held}: views cannot read it meanwhile; nothing has changed; end that session, or "
            "try again later"
        ) from None
    if not more or len(more) == len(views):
        raise error
    return more


def _swap(
    work: Work,
    found: Whereabouts,
    operation: str,
    views: Sequence[View],
    odd: Mapping[str, str],
) -> Swapped:
    """The one transaction."""
    switching = work.harness.suite.plan.switching
    content = switch_row(views, operation, work.reason)
    left = [view.to_json() for view in found.views if view.name in odd]
    if left:
        content[NOT_MOVED] = left

    def within(connection: psycopg.Connection) -> None:
        newest = connection.execute(queries.NEWEST, [work.migration]).fetchone()
        if (newest[0] if newest else 0) != found.newest:
            raise SwitchedError
        note(connection, work.migration, TrailKind.SWITCH, work.by, content)
        row = connection.execute(queries.PHASE, [work.migration]).fetchone()
        if row and row[0] in LEFT:
            phase = {
                "from": row[0], "to": Phase.VALIDATION.value, "evidence": [], "forced": False,
                "why": f"{operation}: {work.reason}",
            }  # fmt: skip
            note(connection, work.migration, TrailKind.PHASE, work.by, phase)

    return swap(
        work.harness.database, views, Side.LEGACY, schema=MARKET,
        lock_timeout=switching.lock_timeout, attempts=switching.attempts, within=within,
        say=work.say,
    )  # fmt: skip


def switch_row(views: Sequence[View], operation: str, reason: str) -> dict[str, Any]:
    """What the trail says of a switch to legacy."""
    return {
        "operation": operation,
        "from": Side.CANDIDATE.value,
        "to": Side.LEGACY.value,
        "why": reason,
        "forced": False,
        "views": [view.to_json() for view in views],
    }


def stay(odd: Mapping[str, str]) -> Iterator[str]:
    """What is to be said of views that could not be moved."""
    for name, why in sorted(odd.items()):
        yield f"{MARKET}.{name} could not be moved: {why}"
