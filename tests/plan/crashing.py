"""Kills an operation, or its database, at everything it does.

A process that is killed loses what is in its memory, so two moments between which nothing outside
of it has changed are the same moment. What changes something outside is an effect: a statement
that writes, a commit, a file that is written, renamed or deleted, a program that is started, a
connection that is made. `Crashes` runs the operation once and notes its effects in order; then it
can be run again and killed right before each of them, or have its database killed there: none is
picked by hand. Of a transaction only its first statement that writes and its commit count: killed
anywhere between, it leaves what it leaves when it is killed before the commit. What every command
does first, setting up roles and schemas, is left out: it is the same transaction each time.

Some effects come to nothing: a folder that is there already is made, a transaction begins to write
and is not committed yet. Before the next one the world is as it was, so being killed there is the
same moment once more: `moments` has the last effect of each.

A scenario is a module with `act(url, folder)`, which does the operation and returns its exit
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

from parity.database import EmbeddedServer, access, embedded

__all__ = ["Crash", "Crashes", "Outcome"]

SAID = "said.txt"
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
    """How a run ended: exit code (negative: by that signal), its effects, and what it said.

    `moments`: the numbers of the effects to be killed before, each of which finds another world.
    """

    code: int
    effects: tuple[str, ...]
    said: str
    moments: tuple[int, ...]


class Crashes:
    """A process that forks the children which act. Used in a `with` block."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.plan.crashing"],
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

    def run(self, scenario: str, url: str, folder: Path, crash: Crash | None = None) -> Outcome:
        """Acts once, and is killed where asked."""
        asked: dict[str, Any] = {"scenario": scenario, "url": url, "folder": str(folder)}
        if crash is not None:
            asked["crash"] = [crash.at, crash.what, crash.pid]
        told = self._ask(asked)
        # What is last before the world changes; the end of the run is a change as well.
        ends = [*(at for at, changed in enumerate(told["changed"]) if changed and at > 0),
                len(told["effects"])]  # fmt: skip
        moments = tuple(at - 1 for at in ends)
        return Outcome(told["code"], tuple(told["effects"]), told["said"], moments)

    def warm(self, scenario: str, url: str, folder: Path) -> None:
        """Acts once without a fork, so that every child finds imported what it needs."""
        self._ask({"scenario": scenario, "url": url, "folder": str(folder), "warm": True})

    def server(self, data: Path, verb: str) -> str:
        """Starts or stops the server of a data folder; returns what went wrong."""
        return str(self._ask({"server": str(data), "verb": verb})["said"])

    def _ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        told: dict[str, Any] = json.loads(self._process.stdout.readline())
        return told


class _Effects:
    """Notes effects, and kills before the one that was asked for."""

    def __init__(self, crash: Crash | None, folder: Path, note: Callable[[str], None]) -> None:
        self._crash = crash
        self._world = _World(folder)
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
                self._reach("copy", lasting=cursor.connection.autocommit)
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
            what = f"statement {' '.join(text.split())[:90]}"
            self._reach(what, lasting=connection.autocommit)
            if not connection.autocommit:
                self._dirty.add(connection)

    def _watch_ends(self) -> None:
        commit, rollback = psycopg.Connection.commit, psycopg.Connection.rollback

        def commit_(connection: Any) -> None:
            wrote = connection in self._dirty
            self._dirty.discard(connection)
            lost = wrote and self._reach("commit", lasting=True)
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
                self._reach_file("write", path)
        elif event in FILE_EVENTS:
            self._reach_file(event, arguments[0])
        elif event == "subprocess.Popen":
            self._reach(f"start {Path(str(arguments[0])).name}", lasting=True)
        elif event == "socket.connect" and isinstance(arguments[1], tuple):
            self._reach("connect to a port", lasting=True)

    def _reach_file(self, what: str, path: Any) -> None:
        name = Path(os.fsdecode(path))
        # Who opens a folder to write makes a file without a name, which is gone with the process.
        nameless = what == "write" and name.is_dir()
        self._reach(f"{what} {name.name}", lasting=not nameless and not self._world.sees(name))

    def _reach(self, what: str, *, lasting: bool) -> bool:
        """Kill before it; returns True where the database is to be killed after it.

        Args:
            what: what it is.
            lasting: it changes what nobody looks at here, and a kill does not take it back.
        """
        if self._busy:
            return False
        self._busy = True
        try:
            changed = self._crash is None and self._world.changed()
            self._world.unseen = lasting
            self._note(f"{int(changed)} {what}")
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


class _World:
    """What stands in the operation's folder, and whether it has changed between two effects."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._seen: list[tuple[object, ...]] = []
        self.unseen = True  # something may have changed that does not stand there

    def sees(self, path: Path) -> bool:
        """The path is in the folder."""
        return path.resolve().is_relative_to(self._folder)

    def changed(self) -> bool:
        """It is another than when this was asked for the last time."""
        before, self._seen = self._seen, sorted(self._files())
        return self.unseen or before != self._seen

    def _files(self) -> Iterator[tuple[object, ...]]:
        for path in self._folder.rglob("*"):
            if path.name != SAID:
                with _gone():
                    is_ = path.lstat()
                    yield str(path), is_.st_ino, is_.st_size, is_.st_mtime_ns


@contextmanager
def _gone() -> Iterator[None]:
    try:
        yield
    except (ProcessLookupError, FileNotFoundError):
        pass


def _child(asked: dict[str, Any], act: Callable[[str, Path], int], pipe: int) -> int:
    crash = Crash(*asked["crash"]) if "crash" in asked else None
    folder = Path(asked["folder"])
    said = folder / SAID
    descriptor = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    _Effects(crash, folder, lambda what: _write(pipe, what)).watch()
    try:
        code = act(asked["url"], folder)
        sys.stdout.flush()
        return code
    except BaseException:  # noqa: BLE001  what it says is told, whatever it is
        traceback.print_exc()
        sys.stderr.flush()
        return 99


def _write(pipe: int, what: str) -> None:
    os.write(pipe, (what.replace("\n", " ") + "\n").encode())


def _server(data: Path, verb: str) -> str:
    """Does it in a child: the package keeps a handle, also of a server that was killed."""
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        with os.fdopen(writer, "w") as pipe:
            try:
                getattr(EmbeddedServer(data), verb)()
            except BaseException:  # noqa: BLE001  what it says is told, whatever it is
                traceback.print_exc(file=pipe)
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as said:
        return said.read()


def _run(asked: dict[str, Any], act: Callable[[str, Path], int]) -> dict[str, Any]:
    """Acts in a child, and says how that ended."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os._exit(_child(asked, act, writer))
    os.close(writer)
    with os.fdopen(reader) as pipe:
        noted = [line.partition(" ") for line in pipe.read().splitlines()]
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    said = (Path(asked["folder"]) / SAID).read_text(errors="replace")
    changed, effects = [one == "1" for one, _, _ in noted], [what for _, _, what in noted]
    return {"code": code, "effects": effects, "changed": changed, "said": said}


def _warm(asked: dict[str, Any], act: Callable[[str, Path], int]) -> None:
    with redirect_stdout(sys.stderr):
        act(asked["url"], Path(asked["folder"]))
    gc.collect()  # closes what was left open: a child must not share it
    gc.freeze()  # a child that collects would copy all that is there


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    if "server" in asked:
        return {"said": _server(Path(asked["server"]), asked["verb"])}
    act = import_module(asked["scenario"]).act
    if not asked.get("warm"):
        return _run(asked, act)
    _warm(asked, act)
    return {}


def main() -> None:
    """Does what each line on standard input says."""
    embedded._import()
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
