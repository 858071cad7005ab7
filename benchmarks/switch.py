"""`python -m benchmarks.switch`: how long a switch takes, and how long readers wait for it."""

from __future__ import annotations

import argparse
import random
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import psycopg

from benchmarks.machine import machine, versions
from parity.database import Database, EmbeddedServer, Role, provision
from parity.model.plan import Served
from parity.model.suite import Relation
from parity.model.verdict import Side
from parity.switch import MARKET, View, create_missing, resolve, side_of, swap

__all__ = ["main"]

GOAL = 0.2  # seconds that no reader waits longer than
SYMBOLS = 1000
VIEWS = ("bars", "latest")
BARS = """
SET ROLE {writer};
CREATE TABLE {schema}.bars (symbol int, minute int, close numeric(15,4), volume bigint);
INSERT INTO {schema}.bars SELECT i % {symbols}, i / {symbols}, i % 977, i
    FROM generate_series(0, {rows} - 1) i;
ALTER TABLE {schema}.bars ADD PRIMARY KEY (symbol, minute);
CREATE TABLE {schema}.latest AS SELECT symbol, max(minute) AS minute FROM {schema}.bars GROUP BY 1;
ALTER TABLE {schema}.latest ADD PRIMARY KEY (symbol);
RESET ROLE;
"""
POINT = "SELECT close, volume FROM market.bars WHERE symbol = %s AND minute = %s"
NEWEST = "SELECT minute FROM market.latest WHERE symbol = %s"


class _Readers:
    """Each reads a symbol's newest minute and then its bar, in one transaction, without pause."""

    def __init__(self, database: Database, number: int) -> None:
        self._database = database
        self._stop = threading.Event()
        self._waits = [0.0] * number
        self.reads = [0] * number
        self.errors: list[str] = []
        self._threads = [threading.Thread(target=self._read, args=(n,)) for n in range(number)]

    def __enter__(self) -> _Readers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def longest(self) -> float:
        """The slowest statement since the last call."""
        found = max(self._waits)
        self._waits = [0.0] * len(self._waits)
        return found

    def some(self, number: int) -> None:
        """Waits until each has read so many times more."""
        wanted = [reads + number for reads in self.reads]
        while any(reads < until for reads, until in zip(self.reads, wanted, strict=True)):
            if self.errors:
                raise SystemExit(f"benchmarks.switch: a reader met an error: {self.errors[0]}")
            time.sleep(0.001)

    def _read(self, number: int) -> None:
        try:
            with self._database.connect_as(Role.PARITY_HARNESS) as connection:
                while not self._stop.is_set():
                    symbol = random.randrange(SYMBOLS)
                    with connection.transaction():
                        minute = self._one(connection, number, NEWEST, symbol)
                        self._one(connection, number, POINT, symbol, minute)
                    self.reads[number] += 1
        except Exception as error:  # noqa: BLE001  a thread must not end unseen
            self.errors.append(f"{type(error).__name__}: {error}")

    def _one(self, connection: psycopg.Connection, number: int, text: str, *values: int) -> int:
        began = time.monotonic()
        row = connection.execute(text.encode(), values).fetchone()
        self._waits[number] = max(self._waits[number], time.monotonic() - began)
        if row is None:
            raise ValueError(f"no row of {values}")
        return int(row[0])


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints; 1 when a reader waited longer than the goal."""
    options = _parser().parse_args(arguments)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="parity-switch-")))
        server = EmbeddedServer(folder / "pg").start()
        stack.callback(server.stop)
        database = Database(server.url(user="postgres", database="postgres"), server)
        provision(database.admin_url, login=True)
        _fill(database, options.rows)
        views = _serve(database)
        seconds, waits, usual, reads = _measure(database, views, options.rounds, options.readers)
        with psycopg.connect(database.admin_url) as connection:
            version = str(connection.info.parameter_status("server_version"))
    for name, value in {**machine(), **versions(version, None)}.items():
        print(f"{name}: {value}")
    print(f"{options.rows:,} rows a side, {options.readers} readers, {reads:,} reads, "
          f"{2 * options.rounds} switches")  # fmt: skip
    print(f"switch, first try to commit: {_told(seconds)}")
    print(f"longest wait of a reader around a switch: {_told(waits)}")
    print(f"longest wait of a reader without a switch: {_told(usual)}")
    met = max(waits) < GOAL
    print(f"goal: below {GOAL * 1000:.0f} ms: {'met' if met else 'NOT MET'}")
    return 0 if met else 1


def _fill(database: Database, rows: int) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        for writer, schema in ((Role.LEGACY_WRITER, "legacy"), (Role.PREFECT_WRITER, "prefect")):
            text = BARS.format(writer=writer, schema=schema, symbols=SYMBOLS, rows=rows)
            connection.execute(text.encode())
        connection.execute("VACUUM ANALYZE")


def _serve(database: Database) -> tuple[View, ...]:
    served = [
        Served(view=name, legacy=Relation("legacy", name), candidate=Relation("prefect", name))
        for name in VIEWS
    ]
    with database.connect_as(Role.PARITY_SWITCH) as connection:
        views = resolve(connection, served)
        create_missing(connection, views, Side.LEGACY)
        return views


def _measure(
    database: Database, views: tuple[View, ...], rounds: int, readers: int
) -> tuple[list[float], list[float], list[float], int]:
    """Seconds of each switch, of the longest wait around each, and between them; all reads."""
    seconds, waits, usual = [], [], []
    with _Readers(database, readers) as crowd:
        crowd.some(200)
        for turn in range(2 * rounds):
            to = Side.LEGACY if turn % 2 else Side.CANDIDATE
            crowd.longest()
            crowd.some(200)
            usual.append(crowd.longest())
            swapped = swap(
                database, views, to, schema=MARKET, lock_timeout=timedelta(milliseconds=150),
                attempts=40, within=lambda _connection: None,
            )  # fmt: skip
            crowd.some(20)
            waits.append(crowd.longest())
            seconds.append(swapped.seconds)
            with database.connect_as(Role.PARITY_HARNESS) as connection:
                assert side_of(connection, views) is to
        reads = sum(crowd.reads)
    return seconds, waits, usual, reads


def _told(values: Sequence[float]) -> str:
    middle = statistics.median(values) * 1000
    return f"median {middle:.1f} ms ({min(values) * 1000:.1f} to {max(values) * 1000:.1f})"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.switch", description=__doc__)
    add = parser.add_argument
    add("--rows", type=int, default=10_000_000, metavar="N", help="a side (10,000,000)")
    add("--rounds", type=int, default=5, metavar="N", help="there and back (5)")
    add("--readers", type=int, default=4, metavar="N", help="that read meanwhile (4)")
    return parser


if __name__ == "__main__":
    # A measurement that is told to end stops its server, as one that is interrupted does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
