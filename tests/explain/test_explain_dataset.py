"""Discrepancies of real tables, explained in the comparison's own snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import psycopg
import pytest

from parity.causes import Rows
from parity.causes.frame import NO_TIME
from parity.database import Database
from parity.database.spool import Spool
from parity.diff import Comparison, compare
from parity.exchange import Exchange
from parity.explain import Asked, Explained, explain_dataset
from parity.explain.gathering import chunks, shape_of
from parity.explain.situation import Situation
from parity.model.result import RowState
from parity.model.suite import Dataset, Kind, Relation
from parity.model.verdict import Side

AS_OF = datetime(2024, 3, 1, tzinfo=UTC)
COLUMNS = (
    "symbol text, at timestamptz, source text, close numeric(15,4), volume bigint, note text, "
    "PRIMARY KEY (symbol, at, source)"
)
DATASET = Dataset(
    name="bars",
    kind=Kind.BARS,
    legacy=Relation("legacy", "bars"),
    candidate=Relation("prefect", "bars"),
    key=("symbol", "at", "source"),
    symbol="symbol",
    time="at",
    where=(("source", ("y",)),),
)


@pytest.fixture
def connection(database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.admin_url) as connection:
        yield connection


def _fill(connection: psycopg.Connection, schema: str, rows: Sequence[Sequence[Any]]) -> None:
    connection.execute(f"CREATE TABLE {schema}.bars ({COLUMNS})")
    for row in rows:
        connection.execute(f"INSERT INTO {schema}.bars VALUES (%s, %s, %s, %s, %s, %s)", row)


def _explained(
    connection: psycopg.Connection, dataset: Dataset = DATASET, **asked: Any
) -> tuple[Explained, list[Any]]:
    comparison = Comparison(connection, dataset, as_of=AS_OF)
    with Spool() as spool:
        compare(comparison, None, spool.append)
        return explain_dataset(comparison, spool, Asked(**asked)), list(spool)


def _day(number: int) -> datetime:
    return datetime(2024, 2, number, 5, tzinfo=UTC)


def test_every_row_has_one_incident_and_counts_add_up(connection: psycopg.Connection) -> None:
    _fill(connection, "legacy", [("A", _day(n), "y", n, 100, None) for n in (1, 2, 5)])
    _fill(connection, "prefect", [("A", _day(n), "y", n * Decimal("1.37"), 7, "x") for n in (1, 2)])
    explained, rows = _explained(connection)
    assert len(explained.owners) == len(rows) == 3
    assert sum(one.rows for one in explained.incidents) == 3
    assert {one.id for one in explained.incidents} == set(explained.owners)
    assert explained.notes == ()


def _situation(connection: psycopg.Connection, dataset: Dataset = DATASET) -> Situation:
    comparison = Comparison(connection, dataset, as_of=AS_OF)
    with Spool() as spool:
        compare(comparison, None, spool.append)
        shape = shape_of(comparison)
        chunk = next(chunks(shape, spool))
    asked = Asked(
        session=date(2024, 2, 29),
        exchange=Exchange("XNYS"),
        datasets={"bars": DATASET, "others": _others()},
    )
    return Situation(comparison, shape, chunk.found, chunk.keys, asked)


def _others() -> Dataset:
    from dataclasses import replace

    return replace(DATASET, name="others", where=(("source", ("p",)),))


def test_rows_are_read_as_they_are_stored(connection: psycopg.Connection) -> None:
    stored = [
        ("B", _day(2), "y", Decimal("NaN"), None, "n"),
        ("A", _day(5), "y", Decimal("12345678901.2345"), 9, None),
        ("A", _day(1), "y", None, 2**53, "ü"),
        ("A", _day(1), "p", Decimal("7.5"), 3, "other"),
        ("C", _day(1), "y", Decimal(1), 1, "equal on both sides"),
    ]
    _fill(connection, "legacy", stored)
    _fill(connection, "prefect", stored[-1:])
    situation = _situation(connection)

    found = situation.own(Side.LEGACY)
    assert found is not None
    a, b = (situation._found.symbols.index(name) for name in "AB")
    assert set(found.code.tolist()) == {a, b}  # C does not differ
    keys = zip(found.code.tolist(), found.time.tolist(), strict=True)
    ordered = {key: place for place, key in enumerate(keys)}
    first = ordered[a, 1706763600_000000]
    assert found.values.null[first].tolist() == [True, False, False]
    assert found.values.numbers[first, 1] == 2.0**53
    assert found.values.texts[2][first] == "ü"
    second = ordered[a, 1707109200_000000]
    assert found.values.numbers[second, 0] == 12345678901.2345
    nan = ordered[b, 1706850000_000000]
    assert np.isnan(found.values.numbers[nan, 0])
    assert found.values.null[nan].tolist() == [False, True, False]

    extent = situation.extent(Side.LEGACY)
    assert (extent.count[a], extent.count[b]) == (2, 1)
    assert (extent.first[a], extent.last[a]) == (1706763600_000000, 1707109200_000000)
    assert situation.extent(Side.CANDIDATE).count.tolist() == [0, 0]
    assert situation.extent(Side.CANDIDATE).first.tolist() == [NO_TIME, NO_TIME]
    # New York's days, in February five hours behind.
    assert situation.days(found.time[[first]]).tolist() == [19754]
    assert situation.days_with_rows(Side.CANDIDATE).tolist() == [19754]

    (series,) = situation.others()
    other: Rows = series.rows[Side.LEGACY]
    assert (series.name, len(other)) == ("others", 1)
    assert other.values.numbers[0, 0] == 7.5
    assert other.code.tolist() == [a]


def test_numbers_alone_are_read_the_fast_way_with_the_same_outcome(
    connection: psycopg.Connection,
) -> None:
    from dataclasses import replace

    _fill(connection, "legacy", [("A", _day(n), "y", n, None, "x") for n in range(1, 20)])
    _fill(connection, "prefect", [])
    slow = _situation(connection).own(Side.LEGACY)
    fast = _situation(connection, replace(DATASET, exclude=("note",))).own(Side.LEGACY)
    assert slow is not None
    assert fast is not None
    assert np.array_equal(slow.time, fast.time)
    assert np.array_equal(slow.values.numbers[:, :2], fast.values.numbers, equal_nan=True)
    assert np.array_equal(slow.values.null[:, :2], fast.values.null)


def test_states_and_columns_arrive(connection: psycopg.Connection) -> None:
    _fill(connection, "legacy", [("A", _day(1), "y", 1, 1, "x"), ("A", _day(2), "y", 1, 1, "x")])
    _fill(connection, "prefect", [("A", _day(1), "y", 1, 2, "y"), ("A", _day(3), "y", 1, 1, "x")])
    found = _situation(connection)._found
    assert found.having(RowState.MISMATCHED).tolist() == [True, False, False]
    assert found.differs[0].tolist() == [False, True, True]
    assert found.having(RowState.LEGACY_ONLY).tolist() == [False, True, False]
    assert found.present[Side.CANDIDATE].tolist() == [True, False, True]
    assert found.values[Side.CANDIDATE].texts[2].tolist() == ["y", None, "x"]


def test_a_night_with_more_rows_than_the_journal_takes_at_once(
    connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from parity.nightly.revising import said_before

    most = 1_000
    for place in ("parity.revisions.MOST", "parity.revisions.journal.MOST"):
        monkeypatch.setattr(place, most)
    _fill(connection, "legacy", [])
    _fill(connection, "prefect", [])
    for schema, price in (("legacy", "1.37"), ("prefect", "2.9173 + g %% 7")):
        connection.execute(
            f"INSERT INTO {schema}.bars SELECT 'S' || g %% 50, '2024-01-01'::timestamptz + "
            f"g / 50 * interval '1 hour', 'y', {price}, 5, NULL FROM generate_series(1, %s) g",
            [most + 1],
        )
    connection.execute(
        "CREATE TABLE parity.revision (migration text, dataset text, side text, key_hash bigint, "
        "key jsonb, session date, row jsonb, at timestamptz DEFAULT now())"
    )
    said = said_before(connection, _suite(), DATASET, date(2024, 3, 1))
    explained, rows = _explained(connection, revisions=said)
    assert explained.notes == ()
    assert len(rows) == sum(one.rows for one in explained.incidents) == most + 1


def _suite() -> Any:
    from pathlib import Path

    from parity.model.suite import Suite

    return Suite(migration="m", root=Path(), reports=Path(), state=Path(), datasets=(DATASET,))


def test_what_differs_is_told_though_the_rules_fail(
    connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from parity.causes import engine

    _fill(connection, "legacy", [("A", _day(n), "y", n, 100, None) for n in (1, 2)])
    _fill(connection, "prefect", [("A", _day(1), "y", 9, 100, None)])
    right, _ = _explained(connection)

    def broken() -> tuple[()]:
        raise TypeError("a rule is broken")

    monkeypatch.setattr(engine, "all_rules", broken)
    explained, rows = _explained(connection)
    assert explained.notes == ("Causes could not be looked for: TypeError: a rule is broken",)
    assert not explained.complete
    (incident,) = explained.incidents
    assert (incident.cause, incident.rows, incident.scope.symbols) == ("unexplained", 2, ("A",))
    assert explained.owners == [incident.id] * len(rows)
    # The same incident as on a night on which the rules find nothing.
    assert incident.id not in {one.id for one in right.incidents if one.proved}


def test_times_at_the_ends_of_the_calendar(connection: psycopg.Connection) -> None:
    first = datetime(1, 1, 1, tzinfo=UTC)
    _fill(connection, "legacy", [("A", first, "y", 1, 1, None)])
    _fill(connection, "prefect", [("A", first, "y", 2, 1, None)])
    explained, _ = _explained(connection, exchange=Exchange("XNYS"), session=date(2024, 2, 29))
    assert explained.notes == ()
    assert explained.incidents[0].rows == 1
