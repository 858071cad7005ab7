"""Several connections in one snapshot."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from parity.database import Database
from parity.diff import Team

COUNT = "SELECT count(*) FROM numbers"


@pytest.fixture
def first(database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.admin_url) as connection:
        connection.execute("CREATE TABLE numbers AS SELECT generate_series(1, 10) n")
        connection.commit()
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        yield connection


def add_a_number(database: Database) -> None:
    with psycopg.connect(database.admin_url) as connection:
        connection.execute("INSERT INTO numbers VALUES (11)")


def backends(database: Database) -> int:
    with psycopg.connect(database.admin_url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone()
        assert row is not None
        return int(row[0])


@pytest.mark.parametrize("size", [1, 2, 5])
def test_all_tasks_are_done_in_the_first_connections_snapshot(
    database: Database, first: psycopg.Connection, size: int
) -> None:
    def work(connection: psycopg.Connection, task: int) -> tuple[int, int, int]:
        row = connection.execute(COUNT).fetchone()
        assert row is not None
        return task, int(row[0]), connection.info.backend_pid

    with Team(first, lambda: psycopg.connect(database.admin_url), size) as team:
        team.share()
        add_a_number(database)
        found = dict(team.map(work, list(range(20))))
    assert [found[place][:2] for place in range(20)] == [(task, 10) for task in range(20)]
    assert len({pid for _, _, pid in found.values()}) <= size
    assert backends(database) == 1  # only the first connection is left


@pytest.mark.parametrize("size", [1, 3])
def test_an_error_ends_all_and_leaves_the_snapshot_usable(
    database: Database, first: psycopg.Connection, size: int
) -> None:
    def work(connection: psycopg.Connection, task: int) -> None:
        # The others sleep until they are told to stop: it would take longer than a test may.
        connection.execute("SELECT 1 / %s, pg_sleep(%s)", [task, 0 if task == 0 else 600])

    with Team(first, lambda: psycopg.connect(database.admin_url), size) as team:
        team.share()
        add_a_number(database)
        with pytest.raises(psycopg.errors.DivisionByZero):
            list(team.map(work, [0, 1, 2, 3]))
        again = dict(team.map(lambda one, _: one.execute(COUNT).fetchone(), [1, 2, 3]))
    assert again == {0: (10,), 1: (10,), 2: (10,)}


def test_one_who_looks_away_stops_the_work(database: Database, first: psycopg.Connection) -> None:
    def work(connection: psycopg.Connection, task: int) -> int:
        connection.execute("SELECT pg_sleep(%s)", [600 if task else 0])
        return task

    with Team(first, lambda: psycopg.connect(database.admin_url), 2) as team:
        stream = team.map(work, [0, 1, 2])
        assert next(stream) == (0, 0)
        stream.close()  # type: ignore[attr-defined]
        assert first.execute(COUNT).fetchone() == (10,)
