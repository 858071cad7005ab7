"""What is measured: the scan floor, parity, a join by hand, and other comparers."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks import queries, window
from benchmarks.datasets import Case, Truth
from benchmarks.measure import Child, FailedError, Sample, run_child, run_threads
from benchmarks.queries import CANDIDATE, LEGACY, RELATIVE
from benchmarks.server import Server

__all__ = [
    "FLOOR",
    "MOST_SLOW",
    "NIGHTLY",
    "PARITY",
    "POLARS",
    "RELADIFF",
    "Contender",
    "contenders",
]

FLOOR, PARITY, NIGHTLY = "scan floor", "parity diff", "parity, window"
JOIN = "FULL JOIN by hand"
RELADIFF = ("reladiff joindiff", "reladiff hashdiff")
POLARS, PANDAS = "datacompy Polars", "datacompy pandas"
MOST_SLOW = 3  # rounds of those that take ten times as long
SCRIPTS = Path(__file__).parent / "peers"


@dataclass(frozen=True, slots=True)
class Contender:
    """Something that is run on a case.

    `ours`: a wrong count of it is an error of this project. `tolerant`: it knows tolerances,
    else it is right when it counts the rows that are not exactly equal. `most` limits its rounds.
    """

    name: str
    run: Callable[[Server, Case], Sample]
    ours: bool = False
    tolerant: bool = True
    process: bool = True
    most: int = 100

    def verdict(self, found: int | None, truth: Truth) -> str:
        """`ok`, or what is wrong with the count."""
        if found is None:
            return ""
        if found == truth.outside:
            return "ok"
        if not self.tolerant and found == truth.unequal:
            return f"DIFFERENT: {found:,} for {truth.outside:,}, knows no tolerance"
        return f"DIFFERENT: {found:,} for {truth.outside:,}"


def contenders(case: Case, *, peers: Path | None, everything: bool) -> Iterator[Contender]:
    """Who runs on a case. `peers` is the other comparers' interpreter, None leaves them out."""
    yield Contender(FLOOR, _floor, process=False)
    if case.late:
        if window.READY:
            yield Contender(NIGHTLY, _nightly, ours=True)
        return
    yield Contender(PARITY, _parity, ours=True)
    yield Contender(JOIN, _join, process=False, most=MOST_SLOW)
    if peers is None or not case.peers:
        return
    if not case.large or everything:
        yield Contender(POLARS, _datacompy(peers, "polars"), most=MOST_SLOW)
    if not case.large:
        yield Contender(PANDAS, _datacompy(peers, "pandas"), most=MOST_SLOW)
        for name in RELADIFF:
            yield Contender(name, _reladiff(peers, name.split()[1]), tolerant=False, most=MOST_SLOW)


def _floor(server: Server, case: Case) -> Sample:
    """Both tables at the same time on two connections; connecting is not counted."""
    connections = [server.connect() for _ in (LEGACY, CANDIDATE)]
    try:
        for connection in connections:
            connection.execute(queries.SERIAL)
        return run_threads(
            server,
            [
                _query(connection, queries.floor(case.shape, side, case.name))
                for connection, side in zip(connections, (LEGACY, CANDIDATE), strict=True)
            ],
        )
    finally:
        for connection in connections:
            connection.close()


def _query(connection: psycopg.Connection, query: queries.Query) -> Callable[[], None]:
    def run() -> None:
        connection.execute(query).fetchall()

    return run


def _join(server: Server, case: Case) -> Sample:
    with server.connect() as connection:
        found: list[int] = []

        def run() -> None:
            # Rows are counted as they come: memory of this process would be counted as that of
            # the processes it starts.
            with connection.cursor().copy(queries.full_join(case.shape, case.name)) as copy:
                found.append(sum(1 for _ in copy.rows()))

        sample = run_threads(server, [run])
    return Sample(sample.wall, sample.server, sample.client, None, found[0])


def parity_command(case: Case) -> list[str]:
    """The command as a person types it, the tolerance that of all contenders."""
    command = Path(sys.executable).with_name("parity")
    keys = [part for column in case.shape.key for part in ("--key", column.name)]
    tables = [f"{side}.{case.name}" for side in (LEGACY, CANDIDATE)]
    tolerance = f"default:rel={RELATIVE:g}"
    return [str(command), "diff", *tables, *keys, "--tolerance", tolerance, "--json", "-"]


def _parity(server: Server, case: Case) -> Sample:
    child = run_child(server, parity_command(case), _environ(PARITY_DATABASE_URL=server.url))
    if child.code not in (0, 1) or not child.output.startswith("{"):
        raise FailedError(_last_line(child))
    return _sample(child, _differing(child.output))


def _differing(output: str) -> int:
    """Mismatched and one-sided rows of `parity diff --json -`."""
    told = json.loads(output)
    rows = told["rows"] if "rows" in told else told["datasets"][0]["rows"]
    return int(rows["mismatched"] + rows["legacy_only"] + rows["candidate_only"])


def _nightly(server: Server, case: Case) -> Sample:
    child = run_child(
        server, window.command(case, server.url), _environ(PARITY_DATABASE_URL=server.url)
    )
    return _sample(child, _told(child))


def _datacompy(python: Path, frames: str) -> Callable[[Server, Case], Sample]:
    def run(server: Server, case: Case) -> Sample:
        return _peer(server, [python, SCRIPTS / "datacompy_rows.py", frames], _asked(server, case))

    return run


def _reladiff(python: Path, algorithm: str) -> Callable[[Server, Case], Sample]:
    def run(server: Server, case: Case) -> Sample:
        asked = _asked(server, case)
        for side in (LEGACY, CANDIDATE):
            asked[side] = f"{side}.{queries.plain(case.name)}"
        return _peer(server, [python, SCRIPTS / "reladiff_rows.py", algorithm], asked)

    return run


def _asked(server: Server, case: Case) -> dict[str, object]:
    return {
        "url": server.url,
        LEGACY: f"{LEGACY}.{case.name}",
        CANDIDATE: f"{CANDIDATE}.{case.name}",
        "key": [column.name for column in case.shape.key],
        "columns": [column.name for column in case.shape.values],
        "relative": RELATIVE,
    }


def _peer(server: Server, command: Sequence[object], asked: dict[str, object]) -> Sample:
    child = run_child(server, [*map(str, command), json.dumps(asked)], _environ())
    return _sample(child, _told(child))


def _told(child: Child) -> int:
    """What a script of the benchmark prints last."""
    if child.code != 0:
        raise FailedError(_last_line(child))
    return int(json.loads(child.output.splitlines()[-1])["differing"])


def _last_line(child: Child) -> str:
    lines = (child.error or child.output).strip().splitlines() or ["it said nothing"]
    return f"exit code {child.code}: {lines[-1][:300]}"


def _sample(child: Child, found: int) -> Sample:
    return Sample(child.wall, child.server, child.client, child.rss, found)


def _environ(**more: str) -> dict[str, str]:
    """This process's environment without settings of parity's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PARITY_")}
    return kept | more
