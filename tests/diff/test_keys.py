"""Keys: how rows pair up, and those that cannot be paired."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from parity.model.errors import ComparisonError
from parity.model.result import RowState
from parity.model.suite import Tolerance
from tests.diff.toy import NAN, both, dataset, make, run


def test_rows_missing_on_a_side_are_found_with_their_values(
    connection: psycopg.Connection,
) -> None:
    diff, found = both(
        connection, "k int PRIMARY KEY, v int", [(1, 10), (2, 20)], [(2, 20), (3, 30)]
    )
    assert diff.rows.to_json() == {
        "legacy": 2, "candidate": 2, "matched": 1, "mismatched": 0, "legacy_only": 1,
        "candidate_only": 1, "duplicate_key": 0, "null_key": 0, "waived": 0, "unsettled": 0,
    }  # fmt: skip
    assert sorted((row.key, row.state, row.legacy, row.candidate) for row in found) == [
        ((1,), RowState.LEGACY_ONLY, {"v": 10}, None),
        ((3,), RowState.CANDIDATE_ONLY, None, {"v": 30}),
    ]


def test_keys_are_not_concatenated(connection: psycopg.Connection) -> None:
    columns = "a text, b text, v int, PRIMARY KEY (a, b)"
    diff, _ = both(connection, columns, [("1", "11", 0)], [("11", "1", 0)], key=("a", "b"))
    assert (diff.rows.legacy_only, diff.rows.candidate_only) == (1, 1)


def test_doubled_and_null_keys_are_findings_and_never_paired(
    connection: psycopg.Connection,
) -> None:
    legacy = [(1, 10), (1, 10), (2, 20), (None, 5)]
    candidate = [(1, 10), (2, 20), (None, 5), (3, 30), (3, 31)]
    diff, found = both(connection, "k int, v int", legacy, candidate)
    rows = diff.rows
    assert (rows.matched, rows.duplicate_key, rows.null_key) == (1, 5, 2)
    assert (rows.legacy_duplicate_key, rows.candidate_duplicate_key) == (2, 3)
    assert len(found) == 7
    assert "No unique index" in diff.notes[0]


def test_a_key_without_an_index_is_still_paired(connection: psycopg.Connection) -> None:
    diff, found = both(connection, "k text, v int", [("a", 1), ("b", 2)], [("b", 3), ("a", 1)])
    assert (diff.rows.matched, diff.rows.mismatched) == (1, 1)
    assert [(row.key, row.columns) for row in found] == [(("b",), ("v",))]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("float8", [NAN, 0.0, -1.0, 5e-324, float("inf")]),
        ("numeric", [Decimal("NaN"), Decimal("1.0"), Decimal("-Infinity")]),
        ("text", ["", " ", "a", "A", "ä", "\U0001f600", '"\\,{}%s']),
        ("char(3)", ["", "a", "b"]),
        ("boolean", [True, False]),
        ("timestamptz", ["infinity", "-infinity", "0044-03-15 BC", "2024-01-01Z"]),
        ("interval", ["1 mon", "29 days", "-1 s"]),
        ("bytea", [b"", b"\0", b"\xff"]),
        ("inet", ["10.0.0.1", "10.0.0.1/24", "::1"]),
        ("int4range", ["[1,3)", "empty", "[,)"]),
        ("jsonb", ['{"a": 1}', "1", "true", "null"]),
    ],
)
@pytest.mark.parametrize("small", [True, False])
def test_keys_of_any_type_pair_up(
    connection: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    values: list[Any],
    small: bool,
) -> None:
    """All but the last row are on both sides; also cut up like a table of millions."""
    if not small:
        monkeypatch.setattr("parity.diff.layout.SMALL", -1)
    rows = [(value, place) for place, value in enumerate(values)]
    diff, found = both(connection, f"k {kind} PRIMARY KEY, v int", rows, rows[:-1])
    assert (diff.rows.matched, diff.rows.legacy_only) == (len(rows) - 1, 1)
    assert [row.legacy for row in found] == [{"v": len(rows) - 1}]


@pytest.mark.parametrize(
    ("kinds", "keys"),
    [
        (("numeric", "numeric"), (["1.0", "2"], ["1.00", "2.000"])),
        (("numeric(9,1)", "numeric(9,3)"), (["1.0"], ["1.000"])),
        (("int", "numeric"), (["1"], ["1.0"])),
        (("float8", "float8"), (["-0", "1"], ["0", "1"])),
        (("jsonb", "jsonb"), (["1.0"], ["1.00"])),
    ],
)
def test_keys_that_print_differently_are_one_key_in_one_piece(
    connection: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
    kinds: tuple[str, str],
    keys: tuple[list[str], list[str]],
) -> None:
    monkeypatch.setattr("parity.diff.layout.SMALL", -1)
    for schema, kind, texts in zip(("legacy", "prefect"), kinds, keys, strict=True):
        columns = f"k {kind}, n int, PRIMARY KEY (k, n)"
        make(connection, schema, columns, [(text, n) for text in texts for n in range(3)])
    diff, found = run(connection, dataset(key=("k", "n")))
    assert (diff.rows.matched, diff.rows.legacy, diff.rows.candidate) == (
        3 * len(keys[0]), 3 * len(keys[0]), 3 * len(keys[1]),
    )  # fmt: skip
    assert found == []


def test_keys_that_become_equal_when_they_are_compared_are_doubled(
    connection: psycopg.Connection,
) -> None:
    """02:30 does not exist in New York on 2024-03-10: PostgreSQL reads it as 03:30."""
    hours = [datetime(2024, 3, 10, hour, 30) for hour in (2, 3)]  # noqa: DTZ001
    make(connection, "legacy", "at timestamp PRIMARY KEY, v int", [(hour, 1) for hour in hours])
    instant = datetime(2024, 3, 10, 7, 30, tzinfo=UTC)
    make(connection, "prefect", "at timestamptz PRIMARY KEY, v int", [(instant, 1)])
    diff, _ = run(connection, dataset(key=("at",), timezone="America/New_York"))
    assert (diff.rows.matched, diff.rows.duplicate_key) == (0, 3)

    large = 2**53
    make(connection, "legacy", "k int8 PRIMARY KEY", [(large,), (large + 1,)])
    make(connection, "prefect", "k float8 PRIMARY KEY", [(float(large),)])
    diff, _ = run(connection, dataset())
    assert (diff.rows.matched, diff.rows.duplicate_key) == (0, 3)


def test_a_day_that_a_zone_left_out_doubles_a_date(connection: psycopg.Connection) -> None:
    """Samoa crossed the date line: it had no 2011-12-30, which is read as the 31st."""
    days = ["2011-12-30", "2011-12-31"]
    make(connection, "legacy", "k date PRIMARY KEY", [(day,) for day in days])
    make(connection, "prefect", "k timestamptz PRIMARY KEY", [("2011-12-30T10:00Z",)])
    diff, _ = run(connection, dataset(timezone="Pacific/Apia"))
    assert (diff.rows.matched, diff.rows.duplicate_key) == (0, 3)


def test_rows_of_an_inheriting_table_may_double_a_key(connection: psycopg.Connection) -> None:
    make(connection, "legacy", "k int PRIMARY KEY, v int", [(1, 1)])
    connection.execute('CREATE TABLE legacy.child () INHERITS (legacy."T")')
    connection.execute("INSERT INTO legacy.child VALUES (1, 1)")
    make(connection, "prefect", "k int PRIMARY KEY, v int", [(1, 1)])
    diff, _ = run(connection, dataset())
    assert (diff.rows.matched, diff.rows.duplicate_key) == (0, 3)


def test_a_key_is_neither_excluded_nor_tolerant(connection: psycopg.Connection) -> None:
    with pytest.raises(ComparisonError, match=r"column k is in the key.*datasets\.t\.exclude"):
        both(connection, "k int PRIMARY KEY", [], [], exclude=("k",))
    allowed = (("k", Tolerance(abs=Decimal(1))),)
    with pytest.raises(ComparisonError, match=r"column k is in the key.*datasets\.t\.tolerance\.k"):
        both(connection, "k int PRIMARY KEY", [], [], tolerances=allowed)
