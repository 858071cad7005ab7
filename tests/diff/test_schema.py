"""Columns and relations that differ, and names of any kind."""

from __future__ import annotations

from decimal import Decimal

import psycopg
import pytest
from psycopg import sql

from parity.database import Database
from parity.model.errors import ComparisonError
from parity.model.suite import Dataset, Kind, Relation, Tolerance
from tests.diff.toy import dataset, make, run

REORDERED = "The columns come in another order in candidate; paired by name."


def test_schema_drift_is_reported_and_the_rest_compared(connection: psycopg.Connection) -> None:
    make(
        connection, "legacy", "k int PRIMARY KEY, gone int, same int, old_name int", [(1, 1, 2, 3)]
    )
    make(
        connection,
        "prefect",
        "new_name int, same bigint, k int PRIMARY KEY, extra int",
        [(3, 2, 1, 9)],
    )
    diff, found = run(connection, dataset(rename=(("old_name", "new_name"),)))
    assert diff.schema.missing_in_candidate == ("gone",)
    assert diff.schema.missing_in_legacy == ("extra",)
    assert diff.schema.type_changes == (("same", "integer", "bigint"),)
    assert [column.name for column in diff.columns] == ["same", "old_name"]
    assert (diff.rows.matched, found) == (1, [])
    assert REORDERED in diff.notes


@pytest.mark.parametrize(
    ("legacy", "candidate", "reordered"),
    [
        ("k int PRIMARY KEY, a int, b int", "k int PRIMARY KEY, a int, b int", False),
        ("k int PRIMARY KEY, a int, b int", "k int PRIMARY KEY, b int, a int", True),
        ("k int PRIMARY KEY, a int, b int", "a int, b int, k int PRIMARY KEY", True),
        # What only one side has is drift, but the rest is in order.
        ("k int PRIMARY KEY, x int, a int, b int", "k int PRIMARY KEY, a int, y int, b int", False),
    ],
)
def test_another_order_of_columns_is_noted(
    connection: psycopg.Connection, legacy: str, candidate: str, reordered: bool
) -> None:
    make(connection, "legacy", legacy, [])
    make(connection, "prefect", candidate, [])
    diff, _ = run(connection, dataset())
    assert (REORDERED in diff.notes) is reordered


def test_columns_may_swap_their_names(connection: psycopg.Connection) -> None:
    make(connection, "legacy", "k int PRIMARY KEY, a int, b int", [(1, 10, 20)])
    make(connection, "prefect", "k int PRIMARY KEY, a int, b int", [(1, 20, 10)])
    diff, _ = run(connection, dataset(rename=(("a", "b"), ("b", "a"))))
    assert diff.rows.matched == 1


def test_a_name_that_a_rename_took_is_not_paired_twice(connection: psycopg.Connection) -> None:
    make(connection, "legacy", "k int PRIMARY KEY, a int, b int", [(1, 10, 20)])
    make(connection, "prefect", "k int PRIMARY KEY, b int", [(1, 10)])
    diff, _ = run(connection, dataset(rename=(("a", "b"),)))
    assert diff.rows.matched == 1
    assert diff.schema.missing_in_candidate == ("b",)
    with pytest.raises(ComparisonError, match=r"two columns are renamed to b.*datasets\.t\.rename"):
        run(connection, dataset(rename=(("a", "b"), ("b", "b"))))


def test_empty_tables_have_no_rows_and_no_findings(connection: psycopg.Connection) -> None:
    for schema in ("legacy", "prefect"):
        make(connection, schema, "k int PRIMARY KEY, v int", [])
    diff, found = run(connection, dataset())
    assert (diff.rows.legacy, diff.rows.candidate, diff.rows.matched, found) == (0, 0, 0, [])

    make(connection, "prefect", "k int PRIMARY KEY, v int", [(1, 1)])
    diff, _ = run(connection, dataset())
    assert (diff.rows.candidate_only, diff.rows.legacy) == (1, 0)


def test_a_table_of_keys_only_is_compared(connection: psycopg.Connection) -> None:
    make(connection, "legacy", "k int PRIMARY KEY", [(1,), (2,)])
    make(connection, "prefect", "k int PRIMARY KEY", [(2,)])
    diff, _ = run(connection, dataset())
    assert (diff.rows.matched, diff.rows.legacy_only, diff.columns) == (1, 1, ())


@pytest.mark.parametrize("name", ['we"ird', "a%sb", "Größe", "select", "x;y'--", "{n}", "a.b", " "])
def test_identifiers_are_quoted(connection: psycopg.Connection, name: str) -> None:
    for schema, value in (("legacy", 1.0), ("prefect", 2.0)):
        table = sql.Identifier(schema, name)
        column = sql.Identifier(name)
        connection.execute(
            sql.SQL("CREATE TABLE {} ({} int PRIMARY KEY, {} float8)").format(
                table, column, sql.Identifier(name + "2")
            )
        )
        connection.execute(sql.SQL("INSERT INTO {} VALUES (1, {})").format(table, value))
    wanted = Dataset(
        name="t", kind=Kind.TABLE, legacy=Relation("legacy", name),
        candidate=Relation("prefect", name), key=(name,), where=((name, (1,)),),
        tolerances=((name + "2", Tolerance(abs=Decimal("0.5"))),),
    )  # fmt: skip
    diff, _ = run(connection, wanted)
    assert diff.rows.mismatched == 1


def test_names_differ_by_their_case(connection: psycopg.Connection) -> None:
    for schema, value in (("legacy", 1), ("prefect", 2)):
        make(connection, schema, 'k int PRIMARY KEY, "V" int, v int', [(1, 1, value)])
    diff, found = run(connection, dataset())
    assert [row.columns for row in found] == [("v",)]
    assert {column.name: column.mismatched for column in diff.columns} == {"V": 0, "v": 1}


def test_views_are_compared_as_tables_are(connection: psycopg.Connection) -> None:
    make(connection, "legacy", "k int PRIMARY KEY, v int", [(1, 1), (2, 2)])
    connection.execute('CREATE VIEW prefect."T" AS SELECT * FROM legacy."T" WHERE k = 1')
    diff, _ = run(connection, dataset())
    assert (diff.rows.matched, diff.rows.legacy_only) == (1, 1)


def test_what_is_not_there_is_an_error_that_names_it(connection: psycopg.Connection) -> None:
    make(connection, "legacy", "k int PRIMARY KEY, v int, at timestamptz", [])
    with pytest.raises(
        ComparisonError, match=r"dataset t: the candidate side has no table.*prefect.T"
    ):
        run(connection, dataset())
    make(connection, "prefect", "k int PRIMARY KEY", [])
    for changes, message in (
        ({"key": ("zz",)}, r"legacy legacy.T has no column zz \(named as key"),
        ({"key": ("v",)}, r"candidate prefect.T has no column v \(named as key"),
        ({"where": (("v", (1,)),)}, r"candidate prefect.T has no column v \(named as where"),
        ({"time": "at"}, r"candidate prefect.T has no column at \(named as time"),
        ({"rename": (("zz", "k"),)}, r"legacy legacy.T has no column zz \(named as rename"),
        ({"tolerances": (("zz", Tolerance()),)}, r"legacy legacy.T has no column zz \(named as to"),
        ({"exclude": ("zz",)}, r"neither side has a column zz \(named as exclude"),
    ):
        with pytest.raises(ComparisonError, match=rf"^dataset t: {message}"):
            run(connection, dataset(**changes))


def test_rows_hidden_by_a_policy_are_an_error(database: Database) -> None:
    with psycopg.connect(database.admin_url) as connection:
        for schema in ("legacy", "prefect"):
            make(connection, schema, "k int PRIMARY KEY", [(1,), (2,)])
            connection.execute(f'ALTER TABLE {schema}."T" ENABLE ROW LEVEL SECURITY')
            connection.execute(f'CREATE POLICY p ON {schema}."T" USING (k = 1)')
            connection.execute(f'GRANT SELECT ON {schema}."T" TO parity_harness')
    with (
        database.connect_as("parity_harness") as connection,
        pytest.raises(ComparisonError, match="row-level security"),
    ):
        run(connection, dataset())
