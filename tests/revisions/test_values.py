"""Values come back as they were said, and keys are found whatever their type."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from parity.revisions.keys import keys_json
from tests.revisions.conftest import Book

D1, D2 = date(2024, 1, 1), date(2024, 1, 2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12345678901234567890.0123456789::numeric", Decimal("12345678901234567890.0123456789")),
        ("0.1::float8 + 0.2", Decimal("0.30000000000000004")),
        ("9223372036854775807", 9223372036854775807),
        ("'NaN'::numeric", "NaN"),
        ("'NaN'::float8", "NaN"),
        ("'-Infinity'::float8", "-Infinity"),
        ("'Infinity'::numeric", "Infinity"),
        ("NULL::numeric", None),
        ("NULL::text", None),
        ("''::text", ""),
        ("E'it''s \"so\", \\\\ \\n\\t {a: null} é 漢'", "it's \"so\", \\ \n\t {a: null} é 漢"),
        ("'null'::text", "null"),
        ("date '1850-02-03'", "1850-02-03"),
        ("date 'infinity'", "infinity"),
        ("date '0044-03-15 BC'", "0044-03-15 BC"),
        ("timestamptz '1883-11-18 12:03:57.5-05:00'", "1883-11-18T17:03:57.5+00:00"),
        ("timestamptz '2024-03-10 03:00-04'", "2024-03-10T07:00:00+00:00"),
        ("timestamp '2024-03-10 02:30'", "2024-03-10T02:30:00"),
        ("true", True),
        ("'\\x00ff'::bytea", "\\x00ff"),
        ("'{\"a\": [1.50, null]}'::jsonb", {"a": [Decimal("1.50"), None]}),
        ("ARRAY[1.0, 'NaN'::numeric, NULL]", [Decimal("1.0"), "NaN", None]),
    ],
)  # fmt: skip
def test_what_was_said_comes_back(book: Book, text: str, expected: Any) -> None:
    assert book.keep(D1, f"SELECT 'A' AS k0, {text} AS c0") == 1
    assert book.keep(D2, f"SELECT 'A' AS k0, {text} AS c0") == 0
    ((_, _, row),) = book.find([("A",)])
    assert row == {"price": expected}
    assert type(row["price"]) is type(expected)


def test_null_nan_and_a_missing_column_are_three_things(book: Book) -> None:
    night = {"NULL::numeric": None, "'NaN'::numeric": "NaN", "0::numeric": 0}
    for day, text in enumerate(night, start=1):
        assert book.keep(date(2024, 1, day), f"SELECT 'A' AS k0, {text} AS c0") == 1
    assert book.keep(date(2024, 1, 9), "SELECT 'A' AS k0", columns=()) == 1
    rows = [row for _, _, row in book.find([("A",)])]
    assert rows == [{}, {"price": 0}, {"price": "NaN"}, {"price": None}]


def test_the_zone_of_a_session_makes_no_revision(book: Book) -> None:
    text = "SELECT timestamptz '2024-03-10 03:00-04' AS k0, timestamptz '2024-01-01 0:00Z' AS c0"
    book.keep(D1, text)
    with psycopg.connect(book.database.admin_url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE {name} SET timezone = 'Asia/Tokyo'")
        connection.execute(f"ALTER DATABASE {name} SET datestyle = 'German'")
        connection.execute(f"ALTER DATABASE {name} SET extra_float_digits = 0")
    assert book.keep(D2, text) == 0
    moment = datetime(2024, 3, 10, 12, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert len(book.find([(moment,)])) == 1


# What psycopg reads a key's value as, and the type that it has in the database.
_MOMENTS = st.datetimes(
    min_value=datetime(2, 1, 1),  # noqa: DTZ001
    max_value=datetime(9998, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)
_KEYS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20).map(
        lambda value: ("text", value)
    ),
    st.integers(-(2**63), 2**63 - 1).map(lambda value: ("int8", value)),
    st.decimals(allow_nan=True, allow_infinity=True, min_value=None, max_value=None)
    .filter(lambda value: not value.is_snan() and abs(value.adjusted() if value else 0) < 500)
    .map(lambda value: ("numeric", Decimal("NaN") if value.is_nan() else value)),
    st.floats().map(lambda value: ("float8", value)),
    st.floats(width=32, allow_nan=False).map(lambda value: ("float4", value)),
    st.dates().map(lambda value: ("date", value)),
    _MOMENTS.map(lambda value: ("timestamptz", value)),
    st.datetimes().map(lambda value: ("timestamp", value)),
    st.times().map(lambda value: ("time", value)),
    st.booleans().map(lambda value: ("bool", value)),
    st.uuids().map(lambda value: ("uuid", value)),
    st.binary(max_size=9).map(lambda value: ("bytea", value)),
    st.lists(st.one_of(st.none(), st.integers(-9, 9)), min_size=1, max_size=3).map(
        lambda value: ("int4[]", value)
    ),
)


@settings(
    max_examples=150, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(keys=st.lists(_KEYS, min_size=1, max_size=3))
@example(keys=[("float8", 2.626323204220921e16)])  # 26263232042209210 is half-way to the next
@example(keys=[("float8", 1.7976931348623157e308), ("float8", 5e-324), ("float8", -0.0)])
@example(keys=[("float8", 9007199254740993.0), ("float8", 1e22), ("float8", 1e23)])
def test_a_key_that_was_read_has_the_databases_own_json(
    database: Any, keys: list[tuple[str, Any]]
) -> None:
    columns = ", ".join(f"(%s::{kind})" for kind, _ in keys)
    with database.connect_as("parity_harness") as connection:
        connection.execute("SET LOCAL timezone = 'UTC'")
        values = [value for _, value in keys]
        read = connection.execute(f"SELECT {columns}", values).fetchone()
        row = connection.execute(
            f"SELECT jsonb_build_array({columns}), %s::jsonb->0, "
            f"jsonb_hash_extended(jsonb_build_array({columns}), 0) "
            "= jsonb_hash_extended(%s::jsonb->0, 0), "
            f"jsonb_build_array({columns}) = %s::jsonb->0",
            [*values, keys_json([read]), *values, keys_json([read]), *values, keys_json([read])],
        ).fetchone()
    assert row[2:] == (True, True), row[:2]


def test_moments_that_python_has_but_utc_has_not() -> None:
    edge = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))
    assert keys_json([(edge, math.inf, -math.inf, math.nan)]) == (
        '[["0001-01-01T00:00:00+05:00","Infinity","-Infinity","NaN"]]'
    )
