"""Two values of one type: what is equal, and what a tolerance lets through."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest

from parity.model.suite import Tolerance
from tests.diff.toy import INF, NAN, both, tolerance, two

D = Decimal


@pytest.mark.parametrize(
    ("kind", "left", "right", "absolute", "relative", "equal"),
    [
        ("float8", 1.0, 1.0, "0", "0", True),
        ("float8", 1.0, 1.0 + 1e-12, "0", "0", False),
        ("float8", 1.0, 1.0 + 1e-12, "1e-9", "0", True),
        ("float8", 100.0, 101.0, "0", "0.01", True),
        ("float8", 101.0, 100.0, "0", "0.01", True),  # symmetric
        ("float8", 0.0, 1e-12, "1e-9", "0", True),
        ("float8", 0.0, 1e-12, "0", "0.5", False),
        ("float8", 0.0, -0.0, "0", "0", True),
        ("float8", None, None, "1", "1", True),
        ("float8", None, 0.0, "1", "1", False),
        ("float8", NAN, NAN, "0", "0", True),
        ("float8", NAN, None, "1", "1", False),
        ("float8", NAN, 1.0, "1", "1", False),
        ("float8", INF, INF, "0", "0", True),
        ("float8", INF, -INF, "1", "1", False),
        ("float8", INF, 1e300, "1", "1", False),
        ("float8", 1.7e308, -1.7e308, "1", "0.1", False),  # the difference overflows
        ("float8", 5e-324, 1e-323, "0", "1e-9", False),  # the product underflows
        ("float8", 5e-324, 1e-323, "1e-9", "0", True),
        ("float8", 1e-30, 2e-30, "0", "1e-300", False),  # so does this one
        ("float4", 0.1, 0.1, "0", "0", True),
        ("float4", 1.0, 1.0000001, "0", "0", False),  # the next single after 1
        ("numeric", D("1.0001"), D("1.0002"), "0.0001", "0", True),
        ("numeric", D("1.0001"), D("1.00021"), "0.0001", "0", False),
        ("numeric", D("1.10"), D("1.1"), "0", "0", True),
        ("numeric", D("NaN"), D("NaN"), "0.1", "0", True),
        ("numeric", D("NaN"), D(0), "1", "1", False),
        ("numeric", D("Infinity"), D("Infinity"), "1", "1", True),
        ("numeric", D("Infinity"), D(1), "1", "1", False),
        ("numeric", D("1e-1000"), D("2e-1000"), "0", "0.1", False),
        ("numeric", D("1e1200"), D("1.1e1200"), "0", "0.1", True),
        ("int8", 9223372036854775807, -9223372036854775808, "1", "0", False),
        ("int8", 9007199254740992, 9007199254740993, "0", "0", False),  # one double for both
        ("int8", 100, 101, "1", "0", True),
        ("int2", 32767, -32768, "0", "1", False),
    ],
)
def test_two_numbers_are_equal_as_the_design_says(
    connection: psycopg.Connection,
    kind: str,
    left: Any,
    right: Any,
    absolute: str,
    relative: str,
    equal: bool,
) -> None:
    changes = {} if absolute == relative == "0" else tolerance("v", absolute, relative)
    for pair in ((left, right), (right, left)):
        diff, found = two(connection, (kind, kind), pair, **changes)
        assert (diff.rows.matched, diff.rows.mismatched) == ((1, 0) if equal else (0, 1))
        assert [row.columns for row in found] == ([] if equal else [("v",)])


@pytest.mark.parametrize(
    ("kind", "left", "right", "equal"),
    [
        ("text", "a", "a", True),
        ("text", "a", "a ", False),
        ("text", "a", "A", False),
        ("text", "", None, False),
        ("text", "\u00e9", "e\u0301", False),  # composed and decomposed
        ("char(5)", "a", "a  ", True),  # padding is no data
        ("boolean", True, False, False),
        ("boolean", False, None, False),
        ("date", date(2024, 1, 1), date(2024, 1, 2), False),
        ("uuid", UUID(int=1), UUID(int=1), True),
        ("uuid", UUID(int=1), UUID(int=2), False),
        ("bytea", b"\0\1", b"\0\1", True),
        ("bytea", b"", None, False),
        ("time", time(9, 30), time(9, 30, 0, 1), False),
        ("time", "24:00:00", "24:00:00", True),
        ("time", "24:00:00", time(0), False),
        ("timetz", "12:00+00", "13:00+01", False),  # equal for Python
        ("interval", "1 day", "1 day", True),
        ("interval", "1 mon", "30 days", False),  # equal for PostgreSQL
        ("interval", "1 day", "24:00:00", False),  # equal for PostgreSQL
        ("jsonb", '{"a": 1, "b": 2}', '{"b": 2, "a": 1.0}', True),
        ("jsonb", '{"a": 1}', '{"a": true}', False),  # equal for Python
        ("jsonb", "0.1", "0.10000000000000000000001", False),  # one double for both
        ("jsonb", "null", None, False),
        ("jsonb", f"[{'9' * 5000}]", f"[{'9' * 4999}8]", False),  # too long for Python's int
        ("json", '{"a": 1}', '{"a": 1}', True),
        ("json", '{"a": 1}', '{"a":1}', False),  # json keeps its text
        ("int[]", [1, None], [1, None], True),
        ("int[]", [1, 2], [2, 1], False),
        ("float8[]", [NAN, -0.0], [NAN, 0.0], True),
        ("numeric[]", [D("1.0")], [D("1.00")], True),
        ("text[]", ["a", "NULL"], ["a", None], False),
        ("box", "((0,0),(1,1))", "((5,5),(6,6))", False),  # equal area, equal for PostgreSQL
        ("point", "(1,2)", "(1,2)", True),
        ("numrange", "[1.0,2)", "[1.0,2)", True),
        ("inet", "10.0.0.1", "10.0.0.1/24", False),
    ],
)
def test_other_values_are_equal_exactly(
    connection: psycopg.Connection, kind: str, left: Any, right: Any, equal: bool
) -> None:
    """Also in a row that differs elsewhere, where Python decides and not the database."""
    columns = f"k int PRIMARY KEY, v {kind}, other int"
    for other in (0, 1):
        diff, _ = both(connection, columns, [(1, left, 0)], [(1, right, other)])
        mismatched = {column.name: column.mismatched for column in diff.columns}
        assert mismatched == {"v": 0 if equal else 1, "other": other}


def test_the_default_tolerance_goes_where_it_fits(connection: psycopg.Connection) -> None:
    columns = "k numeric PRIMARY KEY, n numeric, x float8, s text, flag bool, day date"
    row = (D(1), D(10), 10.0, "a", True, date(2024, 1, 1))
    near = (D(1), D("10.05"), 10.05, "a", True, date(2024, 1, 1))
    allowed = Tolerance(abs=D("0.1"), because="they round")
    diff, _ = both(connection, columns, [row], [near], default_tolerance=allowed)
    assert diff.rows.matched == 1
    told = {column.name: column.tolerance for column in diff.columns}
    assert told == {
        "n": "±0.1 because they round", "x": "±0.1 because they round",
        "s": "exact", "flag": "exact", "day": "exact",
    }  # fmt: skip

    other = (D("1.05"), *row[1:])  # a key within the tolerance of the other is another key
    diff, _ = both(connection, columns, [row], [other], default_tolerance=allowed)
    assert (diff.rows.legacy_only, diff.rows.candidate_only) == (1, 1)


def test_the_largest_deltas_are_told(connection: psycopg.Connection) -> None:
    diff, _ = both(
        connection, "k int PRIMARY KEY, n numeric, x float8, s text",
        [(1, D(100), 1.0, "a"), (2, D(10), NAN, "a"), (3, D("1e-400"), 1.0, "a")],
        [(1, D(101), 1.5, "b"), (2, D(15), 1.0, "a"), (3, D("2e-400"), None, "a")],
    )  # fmt: skip
    told = {column.name: (column.max_abs_delta, column.max_rel_delta) for column in diff.columns}
    assert told["n"] == (5.0, 0.5)
    assert told["x"] == pytest.approx((0.5, 1 / 3))
    assert told["s"] == (None, None)
