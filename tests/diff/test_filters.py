"""Which rows and columns are compared: where, since, settle, exclude."""

from __future__ import annotations

from datetime import date, timedelta

import psycopg

from tests.diff.toy import AS_OF, both, dataset, make, run


def test_where_since_exclude_and_settle(connection: psycopg.Connection) -> None:
    columns = "k int PRIMARY KEY, src text, at timestamptz, noise int"
    old, new = AS_OF - timedelta(days=90), AS_OF - timedelta(minutes=1)
    day = AS_OF - timedelta(days=1)
    legacy = [(1, "a", day, 1), (2, "b", day, 1), (3, "a", old, 1), (4, "a", new, 1)]
    candidate = [(1, "a", day, 2), (3, "a", old, 2), (5, "a", new, 2)]
    diff, found = both(
        connection, columns, legacy, candidate, where=(("src", ("a",)),), time="at",
        since=date(2024, 1, 1), exclude=("noise",), settle=timedelta(hours=1),
    )  # fmt: skip
    assert (diff.rows.legacy, diff.rows.candidate, diff.rows.matched) == (1, 1, 1)
    assert diff.rows.unsettled == 2
    assert diff.session_rows == (1, 1)  # of 2024-02-29: unsettled rows confirm nothing
    assert found == []


def test_a_missing_time_does_not_hide_a_row_from_since(connection: psycopg.Connection) -> None:
    day = date(2024, 2, 1)
    diff, _ = both(
        connection, "s text, day date, v int", [("A", day, 1)], [("A", day, 1), ("B", None, 2)],
        key=("s", "day"), time="day", since=date(2024, 1, 1),
    )  # fmt: skip
    assert (diff.rows.matched, diff.rows.null_key) == (1, 1)


def test_where_takes_any_of_its_values_and_follows_a_rename(
    connection: psycopg.Connection,
) -> None:
    make(connection, "legacy", "k int PRIMARY KEY, src text", [(1, "a"), (2, "b"), (3, "c")])
    make(connection, "prefect", "k int PRIMARY KEY, source text", [(1, "a"), (3, "c")])
    diff, _ = run(connection, dataset(where=(("src", ("a", "b")),), rename=(("src", "source"),)))
    assert (diff.rows.legacy, diff.rows.matched, diff.rows.legacy_only) == (2, 1, 1)


def test_an_excluded_column_is_neither_compared_nor_drift(connection: psycopg.Connection) -> None:
    make(connection, "legacy", "k int PRIMARY KEY, a int, at date", [(1, 1, "2024-01-01")])
    make(connection, "prefect", "k int PRIMARY KEY, a text, b int", [(1, "x", 1)])
    diff, _ = run(connection, dataset(exclude=("a", "at", "b")))
    assert (diff.rows.matched, diff.columns, diff.schema.type_changes) == (1, (), ())
    assert diff.schema.missing_in_candidate == diff.schema.missing_in_legacy == ()
