"""The data sets: what they are, loading them once, and the truth about them by plain SQL."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from benchmarks import queries
from benchmarks.queries import CANDIDATE, LEGACY, Filling
from benchmarks.server import Server
from benchmarks.tables import BARS, INDICATORS, Shape

__all__ = ["LAST_RUN", "Case", "Truth", "cases", "forget", "load", "tiny_case"]

NOISE = 5_000  # of a million: half a per cent of the candidate's rows, within tolerance
LATE_HOURS = 20
BUFFERS = "4GB"
QUICK_BUFFERS = "256MB"

# The nightly case: its history was written before the last run, its late rows after.
HISTORY_WRITTEN = datetime(2026, 1, 1, tzinfo=UTC)
LAST_RUN = datetime(2026, 1, 2, tzinfo=UTC)
LATE_WRITTEN = datetime(2026, 1, 2, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One data set and the server's buffers while it is measured.

    `share` rows in a million are changed beyond tolerance, and as many are missing on each side.
    With `late` the history is equal but for noise, and `share` is that of the rows of the last
    20 hours of each symbol, which both sides wrote after the last run.
    """

    name: str
    title: str
    shape: Shape
    symbols: int
    hours: int
    share: int = 0
    noise: int = NOISE
    by_time: bool = False
    late: bool = False
    buffers: str = BUFFERS
    peers: bool = False
    large: bool = False

    @property
    def rows(self) -> int:
        """Rows of each side, the few missing ones included."""
        return self.symbols * (self.hours + (LATE_HOURS // 2 if self.late else 0))


@dataclass(frozen=True, slots=True)
class Truth:
    """Counts by plain SQL: rows outside tolerance, rows not exactly equal, rows a side."""

    outside: int
    unequal: int
    legacy: int
    candidate: int


_ONE_ROW = Case(
    name="one_row", title="one row", shape=BARS, symbols=1, hours=1, noise=0, peers=True
)
_LATE_ROWS = replace(
    _ONE_ROW, name="late_rows", title="late rows only", hours=LATE_HOURS // 2, late=True
)


def tiny_case(*, late: bool) -> Case:
    """The data set on which the contenders of others take no more time than to start up."""
    return _LATE_ROWS if late else _ONE_ROW


def cases(*, quick: bool) -> tuple[Case, ...]:
    """All data sets; with `quick` smaller ones, of 100,000 rows at most, in fewer buffers."""
    buffers = QUICK_BUFFERS if quick else BUFFERS
    few = Case(
        name="bars_few",
        title="0.01 % changed",
        shape=BARS,
        symbols=100,
        hours=1_000 if quick else 10_000,
        share=100,
        buffers=buffers,
        peers=True,
    )
    large = replace(few, name="large_few", symbols=100 if quick else 1_000, large=True)
    small = (
        replace(few, name="bars_equal", title="identical", share=0, noise=0, peers=False),
        few,
        replace(few, name="bars_some", title="1 % changed", share=10_000),
        replace(few, name="bars_many", title="10 % changed", share=100_000, peers=False),
        Case(
            name="indicators",
            title="20 columns, 0.01 % changed",
            shape=INDICATORS,
            symbols=400,
            hours=25 if quick else 2_500,
            share=100,
            buffers=buffers,
        ),
    )
    in_key_order = (
        large,
        replace(large, name="large_some", title="1 % changed", share=10_000, peers=False),
    )
    time_order = replace(
        large,
        name="large_time",
        title="0.01 % changed, heap in time order",
        by_time=True,
        buffers="128MB",
        peers=False,
    )
    nightly = replace(
        large,
        name="large_nightly",
        title="the last 20 rows of each symbol written since the last run",
        share=10_000,
        late=True,
        peers=False,
    )
    return (*small, *(() if quick else in_key_order), time_order, nightly)


def load(server: Server, case: Case, *, plain: bool, say: Callable[[str], None]) -> Truth:
    """Makes a data set where it is not there yet, and counts the truth.

    Args:
        server: where.
        case: what.
        plain: also makes a copy with a number in place of the timestamp, for reladiff.
        say: told when the loading takes its time.
    """
    statements = [
        one for side in (LEGACY, CANDIDATE) for one in _statements(case, side, plain=plain)
    ]
    # Other statements make another data set; rows that are there from these ones are kept.
    text = "\n".join(statement.as_string() for statement in statements)
    made_from = hashlib.sha256(text.encode()).hexdigest()
    with server.connect() as connection:
        for schema in queries.SCHEMAS:
            connection.execute(schema)
        row = connection.execute(queries.LOADED, [case.name, made_from]).fetchone()
        if row is None:
            started = time.monotonic()
            for query in statements:
                connection.execute(query)
            row = connection.execute(queries.truth(case.shape, case.name)).fetchone()
            assert row is not None
            connection.execute(queries.NOTE_LOADED, [case.name, made_from, *row])
            say(f"{case.name}: loaded in {time.monotonic() - started:.0f} s")
    return Truth(*row)


def _statements(case: Case, side: str, *, plain: bool) -> Iterator[queries.Query]:
    shape, name = case.shape, case.name
    bulk = Filling(
        symbols=case.symbols,
        hours=case.hours,
        share=0 if case.late else case.share,
        noise=case.noise,
        by_time=case.by_time,
    )
    yield queries.drop(side, name)
    yield queries.create(shape, side, name)
    yield queries.fill(shape, side, name, bulk)
    yield queries.add_key(shape, side, name)
    if case.late:
        yield from queries.stamp(side, name, HISTORY_WRITTEN)
    yield queries.vacuum(side, name)
    if case.late:
        late = Filling(
            symbols=case.symbols,
            first=case.hours - LATE_HOURS // 2,
            hours=LATE_HOURS,
            share=case.share,
            noise=case.noise,
        )
        yield from queries.upsert(shape, side, name, late, LATE_WRITTEN)
    if plain:
        yield from queries.make_plain(shape, side, name)
        yield queries.vacuum(side, queries.plain(name))


def forget(server: Server, case: Case) -> None:
    """Drops a data set, so that a whole run does not fill the disk."""
    with server.connect() as connection:
        connection.execute(queries.FORGET, [case.name])
        for side in (LEGACY, CANDIDATE):
            connection.execute(queries.drop(side, case.name))
            connection.execute(queries.drop(side, queries.plain(case.name)))
