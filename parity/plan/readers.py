"""Readers that read views without pause while these are moved, and count what they see."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType

import psycopg
from psycopg import sql

from parity.database import Database, Role
from parity.database.complaint import first_line
from parity.model.verdict import Side
from parity.switch import View, side_seen

__all__ = ["Readers", "Seen"]

PATIENCE = 60.0  # seconds within which every reader has read once more


@dataclass(slots=True)
class Seen:
    """What one reader, or all, saw.

    Attributes:
        reads: transactions that read every view.
        errors: transactions that failed, or found a view empty that had rows.
        mixed: transactions that saw both sides.
        longest_wait: seconds of the slowest statement.
        sides: transactions that saw a side, and nothing else.
        why: the first error.
    """

    reads: int = 0
    errors: int = 0
    mixed: int = 0
    longest_wait: float = 0.0
    sides: dict[str, int] = field(default_factory=lambda: dict.fromkeys(map(str, Side), 0))
    why: str = ""

    def add(self, other: Seen) -> None:
        """Counts another reader's too."""
        self.reads += other.reads
        self.errors += other.errors
        self.mixed += other.mixed
        self.longest_wait = max(self.longest_wait, other.longest_wait)
        self.sides = {side: self.sides[side] + other.sides[side] for side in self.sides}
        self.why = self.why or other.why


class Readers:
    """Several readers with connections of their own, from `with` until its end."""

    def __init__(
        self,
        database: Database,
        views: Sequence[View],
        schema: str,
        number: int,
        filled: Sequence[str],
    ) -> None:
        """Prepares them.

        Args:
            database: which they connect to as a role that owns none of the views.
            views: marked ones, all of which each transaction reads, in any order.
            schema: where the views are.
            number: how many readers.
            filled: names of views that have rows, so that to find none is an error.
        """
        self._database = database
        self._texts = [(view.name, side_seen(view, schema)) for view in views]
        self._filled = frozenset(filled)
        self._stop = threading.Event()
        self._seen = [Seen() for _ in range(number)]
        self._threads = [
            threading.Thread(target=self._read, args=(seen,), daemon=True) for seen in self._seen
        ]

    def __enter__(self) -> Readers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def all_read(self, side: Side, seconds: float) -> bool:
        """Waits so many seconds, and until each has seen a side once more than before.

        Returns:
            False where one has not, or has met an error.
        """
        before = [seen.sides[side] for seen in self._seen]
        began = time.monotonic()
        while time.monotonic() - began < max(seconds, PATIENCE):
            again = [now.sides[side] > was for now, was in zip(self._seen, before, strict=True)]
            if all(again) and time.monotonic() - began >= seconds:
                return True
            if any(seen.errors for seen in self._seen):
                return False
            self._stop.wait(0.01)
        return False

    def total(self) -> Seen:
        """What all of them have seen."""
        found = Seen()
        for seen in self._seen:
            found.add(seen)
        return found

    def _read(self, seen: Seen) -> None:
        try:
            with self._database.connect_as(Role.PARITY_HARNESS) as connection:
                connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
                while not self._stop.is_set():
                    self._once(connection, seen)
        except Exception as error:  # noqa: BLE001
            seen.errors += 1  # a thread must not end unseen
            seen.why = seen.why or f"{type(error).__name__}: {error}"

    def _once(self, connection: psycopg.Connection, seen: Seen) -> None:
        """One transaction, which reads every view."""
        texts = random.sample(self._texts, len(self._texts))
        sides: set[str] = set()
        empty: list[str] = []
        try:
            with connection.transaction():
                for name, text in texts:
                    row = _timed(connection, text, seen)
                    if row is not None:
                        sides.add(row[0])
                    elif name in self._filled:
                        empty.append(name)
        except psycopg.Error as error:
            seen.errors += 1
            seen.why = seen.why or first_line(error)
            if connection.closed:
                raise
            return
        seen.reads += 1
        seen.errors += bool(empty)
        seen.mixed += len(sides) > 1
        if len(sides) == 1:
            seen.sides[sides.pop()] += 1
        if empty:
            seen.why = seen.why or f"no rows in {', '.join(empty)}"


def _timed(
    connection: psycopg.Connection, text: sql.Composed, seen: Seen
) -> tuple[str, ...] | None:
    began = time.monotonic()
    row = connection.execute(text).fetchone()
    seen.longest_wait = max(seen.longest_wait, time.monotonic() - began)
    return row
