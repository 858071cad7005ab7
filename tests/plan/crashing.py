"""Kills an operation, or its database, at everything it does.

A process that is killed loses what is in its memory, so two moments between which nothing outside
of it has changed are the same moment. What changes something outside is an effect: a statement
that writes, a commit, a file that is written, renamed or deleted, a program that is started, a
connection that is made. `Crashes` runs the operation once and notes its effects in order; then it
can be run again and killed right before each of them, or have its database killed there: none is
picked by hand. Of a transaction only its first statement that writes and its commit count: killed
anywhere between, it leaves what it leaves when it is killed before the commit. What every command
does first, setting up roles and schemas, is left out: it is the same transaction each time.

The scenario is a module with `act(url, folder)`, which does the operation and returns its exit
code. It runs in a child that is forked from a process that has imported everything already.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Self
from weakref import WeakSet

import psycopg

from parity.database import access

__all__ = ["Crash", "Crashes", "Outcome"]

REPOSITORY = Path(__file__).parents[2]
WRITES = ("append_trail", "setval")
READS = ("SELECT", "SHOW", "SET", "EXPLAIN", "BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "WITH")
FILE_EVENTS = ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.truncate")


@dataclass(frozen=True, slots=True)
class Crash:
    """What is killed before the effect of that number, counted from 0.

    `what`: `process`, or `database`, whose postmaster is `pid`; or `commit`: the database is
    killed when the commit has been done and its answer has not arrived.
    """

    at: int
    what: str = "process"
    pid: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: exit code (negative: by that signal), its effects, and what it said."""

    code: int
    effects: tuple[str, ...]
    said: str


class Crashes:
    """A process that forks the children which act. Used in a `with` block."""

    def __init__(self, scenario: str) -> None:
        self._scenario = scenario

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.plan.crashing", self._scenario],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)
        assert self._process.stdout
        self._process.stdout.close()

    def run(self, url: str, folder: Path, crash: Crash | None = None) -> Outcome:
        """Acts once, and is killed where asked."""
        asked: dict[str, Any] = {"url": url, "folder": str(folder)}
        if crash is not None:
            asked["crash"] = [crash.at, crash.what, crash.pid]
        return self._ask(asked)

    def warm(self, url: str, folder: Path) -> None:
        """Acts once without a fork, so that every child finds imported what it needs."""
        self._ask({"url": url, "folder": str(folder), "warm": True})

    def _ask(self, asked: dict[str, Any]) -> Outcome:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        told = json.loads(self._process.stdout.readline())
        return Outcome(told["code"], tuple(told["effects"]), told["said"])


class _Effects:
    """Notes effects, and kills before the one that was asked for."""

    def __init__(self, crash: Crash | None, note: Callable[[str], None]) -> None:
        self._crash = crash
        self._note = note
        self._count = 0
        self._dirty = WeakSet[Any]()  # connections that have written and not committed
        self._busy = False

    def watch(self) -> None:
        """From now on effects of this process are noted."""
        self._leave_out_set_up()
        self._watch_statements()
        self._watch_ends()
        sys.addaudithook(self._event)

    def _leave_out_set_up(self) -> None:
        set_up = access.provision  # type: ignore[attr-defined]

        def unseen(admin_url: str, *, login: bool) -> None:
            self._busy = True
            try:
                set_up(admin_url, login=login)
            finally:
                self._busy = False

        access.provision = unseen  # type: ignore[attr-defined]

    def _watch_statements(self) -> None:
        execute, copy = psycopg.Cursor.execute, psycopg.Cursor.copy

        def execute_(cursor: Any, query: Any, *rest: Any, **named: Any) -> Any:
            self._statement(cursor, query)
            return execute(cursor, query, *rest, **named)

        def copy_(cursor: Any, query: Any, *rest: Any, **named: Any) -> Any:
            if cursor.connection not in self._dirty:
                self._reach("copy")
                self._dirty.add(cursor.connection)
            return copy(cursor, query, *rest, **named)

        psycopg.Cursor.execute = execute_  # type: ignore[method-assign, assignment]
        psycopg.Cursor.copy = copy_  # type: ignore[method-assign, assignment]

    def _statement(self, cursor: Any, query: Any) -> None:
        if isinstance(query, str):
            text = query
        else:
            raw = query if isinstance(query, bytes) else query.as_bytes(cursor)
            text = raw.decode()
        connection = cursor.connection
        if self._writes(text) and connection not in self._dirty:
            self._reach(f"statement {' '.join(text.split())[:90]}")
            if not connection.autocommit:
                self._dirty.add(connection)

    def _watch_ends(self) -> None:
        commit, rollback = psycopg.Connection.commit, psycopg.Connection.rollback

        def commit_(connection: Any) -> None:
            wrote = connection in self._dirty
            self._dirty.discard(connection)
            lost = wrote and self._reach("commit")
            commit(connection)
            if lost:
                self._kill_database()
                raise psycopg.OperationalError("the answer to the commit was lost")

        def rollback_(connection: Any) -> None:
            self._dirty.discard(connection)
            rollback(connection)

        psycopg.Connection.commit = commit_  # type: ignore[method-assign, assignment]
        psycopg.Connection.rollback = rollback_  # type: ignore[method-assign, assignment]

    def _writes(self, text: str) -> bool:
        first = text.lstrip("( \n").split(None, 1)
        word = first[0].upper() if first else ""
        return word not in READS or any(sign in text for sign in WRITES)

    def _event(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode = arguments[0], arguments[1]
            flags = arguments[2] if isinstance(arguments[2], int) else 0
            writes = set(mode or "") & set("wax+") or flags & (os.O_WRONLY | os.O_RDWR)
            if writes and isinstance(path, str | bytes | Path) and "/dev/" not in str(path):
                self._reach(f"write {Path(os.fsdecode(path)).name}")
        elif event in FILE_EVENTS:
            self._reach(f"{event} {Path(os.fsdecode(arguments[0])).name}")
        elif event == "subprocess.Popen":
            self._reach(f"start {Path(str(arguments[0])).name}")
        elif event == "socket.connect" and isinstance(arguments[1], tuple):
            self._reach("connect to a port")

    def _reach(self, what: str) -> bool:
        """Kill before it; returns True where the database is to be killed after it."""
        if self._busy:
            return False
        self._busy = True
        try:
            self._note(what)
            at, self._count = self._count, self._count + 1
            if self._crash is None or at != self._crash.at:
                return False
            if self._crash.what == "process":
                os.kill(os.getpid(), signal.SIGKILL)
            if self._crash.what == "commit":
                return what == "commit"
            self._kill_database()
            return False
        finally:
            self._busy = False

    def _kill_database(self) -> None:
        assert self._crash
        with _gone():
            os.kill(self._crash.pid, signal.SIGKILL)


@contextmanager
def _gone() -> Iterator[None]:
    try:
        yield
    except ProcessLookupError:
        pass


def _child(asked: dict[str, Any], act: Callable[[str, Path], int], pipe: int) -> int:
    crash = Crash(*asked["crash"]) if "crash" in asked else None
    said = Path(asked["folder"]) / "said.txt"
    descriptor = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    _Effects(crash, lambda what: _write(pipe, what)).watch()
    try:
        code = act(asked["url"], Path(asked["folder"]))
        sys.stdout.flush()
        return code
    except BaseException:  # noqa: BLE001  what it says is told, whatever it is
        traceback.print_exc()
        sys.stderr.flush()
        return 99


def _write(pipe: int, what: str) -> None:
    os.write(pipe, (what.replace("\n", " ") + "\n").encode())


def main() -> None:
    """Forks a child for each line on standard input, which says what to do."""
    scenario = import_module(sys.argv[1])
    for line in sys.stdin:
        asked = json.loads(line)
        if asked.get("warm"):
            with redirect_stdout(sys.stderr):
                scenario.act(asked["url"], Path(asked["folder"]))
            gc.collect()  # closes what was left open: a child must not share it
            print(json.dumps({"code": 0, "effects": [], "said": ""}), flush=True)
            continue
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            os._exit(_child(asked, scenario.act, writer))
        os.close(writer)
        with os.fdopen(reader) as pipe:
            effects = pipe.read().splitlines()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said = (Path(asked["folder"]) / "said.txt").read_text(errors="replace")
        print(json.dumps({"code": code, "effects": effects, "said": said}), flush=True)


if __name__ == "__main__":
    main()
