"""The drill: cutover and rollback rehearsed on views of its own, while readers read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg

from parity.database import Database, Role
from parity.database.complaint import first_line
from parity.database.provision import DRILL
from parity.database.queries import EXPORT_SNAPSHOT, NEVER_IDLE, use_snapshot
from parity.model.errors import DatabaseError
from parity.model.trail import TrailKind
from parity.model.verdict import Side
from parity.nightly.harness import Harness
from parity.nightly.snapshot import Say
from parity.plan.losing import told_in_a_line
from parity.plan.readers import Readers, Seen
from parity.plan.verifying import views_of
from parity.switch import Digest, View, digest, make_anew, remove, swap

__all__ = ["Drilled", "drill"]

Digests = dict[str, Digest]


@dataclass(slots=True, kw_only=True)
class Drilled:
    """How a drill went.

    Attributes:
        views: names of the views.
        readers: how many readers read them.
        seconds_to_switch: from the first try to the commit; None where it came to no switch.
        seconds_to_switch_back: the same of the way back.
        seen: what the readers saw.
        before: what the views served, by digest, before the switch.
        after: and after the way back.
        why_not: why it failed; empty where it did not.
    """

    views: tuple[str, ...]
    readers: int
    seconds_to_switch: float | None = None
    seconds_to_switch_back: float | None = None
    seen: Seen = field(default_factory=Seen)
    before: Digests = field(default_factory=dict)
    after: Digests = field(default_factory=dict)
    why_not: str = ""

    @property
    def ok(self) -> bool:
        """Both ways were taken, nobody saw anything of it, and nothing has changed."""
        return not self.why_not

    @property
    def exit_code(self) -> int:
        """0, or 1 where it failed."""
        return 0 if self.ok else 1

    def to_json(self) -> dict[str, Any]:
        """The content of the trail's row."""
        return {
            "ok": self.ok,
            "views": list(self.views),
            "seconds_to_switch": _rounded(self.seconds_to_switch),
            "seconds_to_switch_back": _rounded(self.seconds_to_switch_back),
            "readers": self.readers,
            "reads": self.seen.reads,
            "errors": self.seen.errors,
            "mixed": self.seen.mixed,
            "longest_wait": _rounded(self.seen.longest_wait),
            "before": {name: f"{one.rows} {one.hash}" for name, one in self.before.items()},
            "after": {name: f"{one.rows} {one.hash}" for name, one in self.after.items()},
            "why_not": self.why_not,
        }


def drill(harness: Harness, *, readers: int, seconds: float, by: str, say: Say) -> Drilled:
    """Switches views in `market_drill` to the candidate and back; never touches `market`.

    Args:
        harness: the migration.
        readers: how many read the views meanwhile.
        seconds: how long they read, a third each before, between and after the switches.
        by: who does it.
        say: is told what happens.

    Returns:
        How it went, which is in the trail too, also where it failed.

    Raises:
        ParityError: it could not run: a side cannot serve a view, or a night is running.
    """
    with told_in_a_line("drill again when it answers"), harness.alone():
        views = tuple(view.with_mark() for view in views_of(harness))
        found = Drilled(views=tuple(view.name for view in views), readers=readers)
        make_anew(harness.database, views, Side.LEGACY, DRILL)
        with _one_moment(harness.database) as token:
            found.before = _digests(harness.database, views, token)
            try:
                _rehearse(harness, views, found, seconds / 3, say, token)
            except DatabaseError as error:
                found.why_not = str(error)
            else:
                found.after = _digests(harness.database, views, token)
        found.why_not = found.why_not or _why_not(found)
        remove(harness.database, views, DRILL)
        harness.store.append_trail(harness.suite.migration, TrailKind.DRILL, by, found.to_json())
    return found


def _rehearse(
    harness: Harness,
    views: Sequence[View],
    found: Drilled,
    third: float,
    say: Say,
    token: str,
) -> None:
    """There and back while readers read."""
    filled = [name for name, one in found.before.items() if one.rows]
    crowd = Readers(harness.database, views, DRILL, found.readers, filled)
    try:
        with crowd:
            _look(crowd, Side.LEGACY, third)
            found.seconds_to_switch = _move(harness, views, Side.CANDIDATE, say)
            _look(crowd, Side.CANDIDATE, third)
            _digests(harness.database, views, token)  # every row of the candidate can be served
            found.seconds_to_switch_back = _move(harness, views, Side.LEGACY, say)
            _look(crowd, Side.LEGACY, third)
    finally:
        found.seen = crowd.total()


def _look(crowd: Readers, side: Side, seconds: float) -> None:
    if not crowd.all_read(side, seconds):
        why = crowd.total().why
        raise DatabaseError(f"the readers did not see {side}{f': {why}' if why else ''}")


def _move(harness: Harness, views: Sequence[View], to: Side, say: Say) -> float:
    switching = harness.suite.plan.switching
    swapped = swap(
        harness.database, views, to, schema=DRILL, lock_timeout=switching.lock_timeout,
        attempts=switching.attempts, within=lambda _connection: None, say=say,
    )  # fmt: skip
    say(f"The drill's views read {to}: switched in {swapped.seconds:.3f} s.")
    return swapped.seconds


def _why_not(found: Drilled) -> str:
    seen = found.seen
    if seen.errors:
        return f"readers met {seen.errors} errors, the first: {seen.why}"
    if seen.mixed:
        return f"{seen.mixed} of {seen.reads} transactions saw both sides"
    other = [name for name in found.before if found.before[name] != found.after.get(name)]
    return f"after the way back other rows are served in {', '.join(other)}" if other else ""


@contextmanager
def _one_moment(database: Database) -> Iterator[str]:
    """A snapshot that several transactions share: what legacy writes meanwhile is not seen.

    Whoever keeps it reads nothing, and so stands in nobody's way.
    """
    with database.connect_as(Role.PARITY_HARNESS) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute(NEVER_IDLE)
        row = connection.execute(EXPORT_SNAPSHOT).fetchone()
        assert row is not None
        yield row[0]


def _digests(database: Database, views: Sequence[View], token: str) -> Digests:
    with database.connect_as(Role.PARITY_HARNESS) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute(use_snapshot(token))
        try:
            return digest(connection, views, DRILL)
        except psycopg.Error as error:
            raise DatabaseError(f"the views cannot be read: {first_line(error)}") from None


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 4)
