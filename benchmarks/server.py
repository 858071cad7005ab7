"""The server that is measured: an embedded PostgreSQL with settings that are told."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psycopg

from benchmarks import queries
from parity.database import EmbeddedServer

__all__ = ["LOADING", "Server"]

# They spare the disk while rows are loaded; nothing that is measured writes. Every table is
# vacuumed and analysed by hand, so that autovacuum does not come in between.
LOADING = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "4GB",
    "autovacuum": "off",
}
TOLD = ("work_mem", "max_parallel_workers_per_gather", "random_page_cost", *LOADING)
TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """An embedded server in a folder; started on construction, stopped by `stop`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = EmbeddedServer(folder).start()
        with self.connect() as connection:
            for name, value in LOADING.items():
                connection.execute(queries.set_system(name, value))
        self._buffers = ""

    @property
    def url(self) -> str:
        """The libpq URI; the server listens on a unix socket only."""
        return self._server.url(user="postgres", database="postgres")

    def connect(self) -> psycopg.Connection:
        """A connection that commits every statement."""
        return psycopg.connect(self.url, autocommit=True)

    def use_buffers(self, size: str) -> None:
        """Gives the server that many shared buffers, restarting it if need be."""
        if size == self._buffers:
            return
        with self.connect() as connection:
            connection.execute(queries.set_system("shared_buffers", size))
        self._server.stop()
        self._server.start()
        self._buffers = size

    def stop(self) -> None:
        """Stops the server; its folder stays."""
        self._server.stop()

    def version(self) -> str:
        """Of PostgreSQL."""
        return str(self._one(queries.VERSION)[0])

    def settings(self) -> dict[str, str]:
        """What decides about speed, with units."""
        found = {}
        for name in TOLD:
            found[name] = str(self._one(queries.SETTING, name)[0])
        found["jit"] = "on" if self._one(queries.JIT)[0] else "off"
        return found

    def _one(self, query: str, *values: str) -> tuple[str, ...]:
        with self.connect() as connection:
            row = connection.execute(query.encode(), values).fetchone()
        assert row is not None
        return row

    def processes(self) -> set[int]:
        """The postmaster and its children."""
        pid = int((self._folder / "postmaster.pid").read_text(encoding="ascii").split()[0])
        return {pid} | {
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit() and _parent(entry) == pid
        }

    def cpu(self) -> float:
        """Seconds of CPU that all its processes have used, those that have ended included."""
        return sum(_used(Path("/proc") / str(pid)) for pid in self.processes()) / TICKS

    def settle(self, idle: set[int]) -> None:
        """Waits until only the processes `idle` are left: their CPU is then all counted."""
        deadline = time.monotonic() + 5
        while self.processes() - idle and time.monotonic() < deadline:
            time.sleep(0.01)


def _fields(process: Path) -> list[str]:
    """Fields of /proc/PID/stat after the command's name; empty when the process has ended."""
    try:
        return (
            (process / "stat")
            .read_text(encoding="ascii", errors="replace")
            .rsplit(")", 1)[1]
            .split()
        )
    except OSError:
        return []


def _parent(process: Path) -> int:
    fields = _fields(process)
    return int(fields[1]) if fields else 0


def _used(process: Path) -> int:
    """User and system time of a process and of its children that it has waited for."""
    return sum(map(int, _fields(process)[11:15]))
