"""What it costs to explain many discrepancies.

`python -m benchmarks.causes [--rows 1000000] [--rounds 3]`: bars of 500 symbols in a scratch
database, every row of which differs for one cause or another, compared and explained as a night
does it. Prints the machine, the versions, medians and spread; the expected cause of every row is
known, and a run that attributes them otherwise says so and ends with 1.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from benchmarks import queries
from benchmarks.machine import machine, versions
from parity.database import EmbeddedServer
from parity.database.spool import Spool
from parity.diff import Comparison, compare
from parity.exchange import Exchange
from parity.explain import Asked, explain_dataset
from parity.model.suite import Dataset, Kind, Relation

SYMBOLS = 500
AS_OF = datetime(2030, 1, 1, tzinfo=UTC)
DATASET = Dataset(
    name="bars",
    kind=Kind.BARS,
    legacy=Relation("old", "causes"),
    candidate=Relation("new", "causes"),
    key=("symbol", "timestamp"),
    symbol="symbol",
    time="timestamp",
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is done to candidate's rows, and the cause it should come out as."""

    name: str
    sql: str
    cause: str


TROUBLES = (
    Trouble("split 2:1 in every row", queries.SPLIT, "split_adjustment"),
    Trouble("rounded to cents", queries.CENTS, "rounding"),
    Trouble("split and rounding", queries.SPLIT_CENTS, "split_adjustment + rounding"),
    Trouble("unrelated edits", queries.EDITS, "unexplained"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="parity-causes-") as folder:
        server = EmbeddedServer(Path(folder) / "pg").start()
        try:
            return _measure(server, options.rows, options.rounds)
        finally:
            server.stop()


def _measure(server: EmbeddedServer, rows: int, rounds: int) -> int:
    wrong = 0
    with psycopg.connect(server.url(user="postgres", database="postgres")) as connection:
        for name, value in {**machine(), **versions(_version(connection), None)}.items():
            print(f"{name}: {value}")
        print(f"{rows:,} rows a side, {SYMBOLS} symbols, all of them differing; {rounds} rounds")
        for trouble in TROUBLES:
            for statement in queries.causes_tables(rows // SYMBOLS, SYMBOLS, trouble.sql):
                connection.execute(statement)
            seconds: dict[str, list[float]] = {"compare": [], "explain": []}
            found: Counter[str] = Counter()
            for _ in range(rounds):
                found = _once(connection, seconds)
            share = found[trouble.cause] / max(1, sum(found.values()))
            wrong += share < 0.99
            print(
                f"{trouble.name:24} {sum(found.values()):>9,} discrepancies  "
                f"compare {_spread(seconds['compare'])}  explain {_spread(seconds['explain'])}  "
                f"{share:.2%} {trouble.cause}"
            )
            connection.rollback()
    return 1 if wrong else 0


def _once(connection: psycopg.Connection, seconds: dict[str, list[float]]) -> Counter[str]:
    asked = Asked(exchange=Exchange("XNYS"), datasets={DATASET.name: DATASET})
    with Spool() as spool:
        comparison = Comparison(connection, DATASET, as_of=AS_OF)
        seconds["compare"].append(_timed(lambda: compare(comparison, None, spool.append)))
        found: Counter[str] = Counter()

        def explain() -> None:
            for incident in explain_dataset(comparison, spool, asked).incidents:
                found[incident.cause] += incident.rows

        seconds["explain"].append(_timed(explain))
    return found


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _spread(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds):6.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


def _version(connection: psycopg.Connection) -> str:
    return str(connection.info.server_version)


if __name__ == "__main__":
    sys.exit(main())
