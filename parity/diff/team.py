"""Connections that see one snapshot and work side by side."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import TypeVar

import psycopg

from parity.database import queries
from parity.diff import loaders

__all__ = ["Team"]

Task = TypeVar("Task")
Done = TypeVar("Done")


class Team:
    """Runs tasks on up to `size` connections, all in the snapshot of `first`.

    Args:
        first: a connection in a REPEATABLE READ transaction; it works too, and while it does
            nobody else may use it.
        connect: opens another connection to the same database, as the same role; None where
            `first` has to do everything.
        size: how many connections work at once.
    """

    def __init__(
        self,
        first: psycopg.Connection,
        connect: Callable[[], psycopg.Connection] | None = None,
        size: int = 1,
    ) -> None:
        self._first = first
        self._connect = connect
        self._size = size if connect is not None else 1
        self._token: str | None = None
        self._others: list[psycopg.Connection] = []

    def __enter__(self) -> Team:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for connection in self._others:
            connection.close()
        self._others.clear()

    def share(self) -> str:
        """The token of the snapshot; to be called outside of any savepoint."""
        if self._token is None:
            row = self._first.execute(queries.EXPORT_SNAPSHOT).fetchone()
            assert row is not None
            self._token = str(row[0])
        return self._token

    def map(
        self, work: Callable[[psycopg.Connection, Task], Done], tasks: Sequence[Task]
    ) -> Iterator[tuple[int, Done]]:
        """Runs `work` for each task; yields the task's place and result as each one ends.

        The first error ends the others' statements and is raised.
        """
        size = min(self._size, len(tasks))
        if size <= 1:
            for place, task in enumerate(tasks):
                yield place, _alone(work, self._first, task)
            return
        yield from _together(work, self._staff(size), tasks)

    def _staff(self, size: int) -> list[psycopg.Connection]:
        """The first connection and as many others as are wanted, in the same snapshot."""
        self._others = [one for one in self._others if not one.closed]
        assert self._connect is not None
        while len(self._others) < size - 1:
            connection = self._connect()
            self._others.append(connection)
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            connection.execute(queries.use_snapshot(self.share()))
            loaders.register(connection)
        return [self._first, *self._others[: size - 1]]


def _together(
    work: Callable[[psycopg.Connection, Task], Done],
    connections: Sequence[psycopg.Connection],
    tasks: Sequence[Task],
) -> Iterator[tuple[int, Done]]:
    waiting: SimpleQueue[tuple[int, Task]] = SimpleQueue()
    for item in enumerate(tasks):
        waiting.put(item)
    done: SimpleQueue[tuple[int, Done] | None] = SimpleQueue()
    stop = threading.Event()

    def serve(connection: psycopg.Connection) -> None:
        try:
            while not stop.is_set() and not waiting.empty():
                try:
                    place, task = waiting.get_nowait()
                except Empty:
                    break
                done.put((place, _alone(work, connection, task)))
        finally:
            done.put(None)  # this one has ended, well or not

    with ThreadPoolExecutor(len(connections), thread_name_prefix="parity-diff") as pool:
        futures = [pool.submit(serve, one) for one in connections]
        try:
            left = len(futures)
            while left:
                found = done.get()
                if found is None:
                    left -= 1
                    _raise(futures)
                else:
                    yield found
            for future in futures:
                future.result()
        except BaseException:
            stop.set()
            _end(futures, connections)
            raise


def _alone(
    work: Callable[[psycopg.Connection, Task], Done], connection: psycopg.Connection, task: Task
) -> Done:
    # A savepoint: what fails in here leaves the snapshot usable.
    with connection.transaction():
        return work(connection, task)


def _raise(futures: Sequence[Future[None]]) -> None:
    for future in futures:
        if future.done():
            error = future.exception()
            if error is not None:
                raise error


def _end(futures: Sequence[Future[None]], connections: Sequence[psycopg.Connection]) -> None:
    """Ends what goes on, again and again: one that was between two statements hears nothing."""
    while wait(futures, timeout=0.2).not_done:
        for connection in connections:
            _cancel(connection)


def _cancel(connection: psycopg.Connection) -> None:
    try:
        connection.cancel_safe(timeout=5)
    except psycopg.Error:
        pass  # it has nothing to do any more, or is gone
