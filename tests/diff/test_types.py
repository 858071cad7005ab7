"""One column, two types: what they compare as."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from parity.diff.columns import Column, plan
from parity.model.errors import ComparisonError
from parity.model.suite import Tolerance
from tests.diff.toy import both, dataset, tolerance, two

D = Decimal
NEW_YORK = {"timezone": "America/New_York"}
CLOCK = datetime(2024, 7, 1, 9, 30)  # noqa: DTZ001
MIDNIGHT = datetime(2024, 7, 1)  # noqa: DTZ001


def utc(hour: int, minute: int = 0) -> datetime:
    return datetime(2024, 7, 1, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("types", "values", "equal"),
    [
        (("int4", "int8"), (1, 1), True),
        (("int2", "int8"), (1, 2**40 + 1), False),
        (("int8", "numeric"), (2**53 + 1, D(2**53 + 1)), True),
        (("int8", "numeric"), (2**53 + 1, D(2**53)), False),
        (("int8", "float8"), (2**53 + 1, 2.0**53), True),  # as doubles they are one
        (("int4", "numeric(10,2)"), (1, D("1.00")), True),
        (("numeric(15,4)", "numeric"), (D("1.5"), D("1.50")), True),
        (("numeric(15,4)", "float8"), (D("12.3"), 12.3), True),
        (("numeric", "float8"), (D("0.1000000000000000000001"), 0.1), True),  # in double
        (("numeric", "float8"), (D("NaN"), float("nan")), True),
        (("numeric", "float8"), (D("Infinity"), float("inf")), True),
        (("float4", "float8"), (0.5, 0.5), True),
        (("float4", "float8"), (0.1, 0.1), False),  # the single is 0.10000000149011612
        (("float4", "numeric"), (0.25, D("0.25")), True),
        (("text", "varchar(5)"), ("a", "a"), True),
        (("text", "varchar(5)"), ("a", "a "), False),
        (("char(5)", "text"), ("a", "a"), True),  # without its padding
        (("char(5)", "text"), ("a", "a "), False),
        (("name", "text"), ("a", "a"), True),
        (("date", "timestamp"), (date(2024, 7, 1), MIDNIGHT), True),
        (("date", "timestamp"), (date(2024, 7, 1), CLOCK), False),
        (("date", "timestamptz"), (date(2024, 7, 1), utc(4)), True),
        (("date", "timestamptz"), (date(2024, 7, 1), utc(0)), False),
        (("timestamp", "timestamptz"), (CLOCK, utc(13, 30)), True),
        (("timestamp", "timestamptz"), (CLOCK, utc(9, 30)), False),
        (("timestamp", "timestamp"), (CLOCK, CLOCK), True),
        (("date", "timestamp"), ("infinity", "infinity"), True),
        (("varchar(5)[]", "text[]"), (["a"], ["a"]), True),
    ],
)
def test_mixed_types_compare_as_the_wider_one(
    connection: psycopg.Connection, types: tuple[str, str], values: tuple[Any, Any], equal: bool
) -> None:
    """From either side, and the other type is told."""
    for order in (1, -1):
        diff, _ = two(connection, types[::order], values[::order], **NEW_YORK)  # type: ignore[arg-type]
        assert diff.rows.matched == (1 if equal else 0)
        assert len(diff.schema.type_changes) == (1 if types[0] != types[1] else 0)


def test_a_changed_type_is_told_as_the_catalogue_has_it(connection: psycopg.Connection) -> None:
    diff, _ = two(connection, ("numeric(15,4)", "float8"), (D("12.3"), 12.3))
    assert diff.schema.type_changes == (("v", "numeric(15,4)", "double precision"),)


def test_a_single_needs_a_tolerance_to_equal_the_double_it_came_from(
    connection: psycopg.Connection,
) -> None:
    diff, _ = two(connection, ("float4", "float8"), (0.1, 0.1), **tolerance("v", "0", "1e-6"))
    assert diff.rows.matched == 1


def test_domains_compare_as_what_they_stand_on(connection: psycopg.Connection) -> None:
    connection.execute("CREATE DOMAIN legacy.amount AS numeric(15,4) CHECK (VALUE >= 0)")
    connection.execute("CREATE DOMAIN legacy.price AS legacy.amount")
    connection.execute("CREATE DOMAIN prefect.price AS float8")
    within = {"default_tolerance": Tolerance(abs=D("0.01"))}
    diff, _ = two(connection, ("legacy.price", "prefect.price"), (D("1.50"), 1.509), **within)
    assert diff.rows.matched == 1
    assert diff.schema.type_changes == (("v", "legacy.price", "prefect.price"),)
    diff, _ = two(connection, ("legacy.price", "numeric"), (D("1.5"), D("1.52")), **within)
    assert diff.rows.mismatched == 1

    diff, _ = both(
        connection, "k legacy.price PRIMARY KEY, v int", [(D(1), 1)], [(D("1.0"), 1)], key=("k",)
    )
    assert diff.rows.matched == 1


def test_enums_compare_by_their_labels(connection: psycopg.Connection) -> None:
    """Also two enums that have only labels in common, and an enum against a text."""
    connection.execute("CREATE TYPE legacy.mood AS ENUM ('b', 'a')")
    connection.execute("CREATE TYPE prefect.mood AS ENUM ('a', 'b', 'c')")
    for other in ("prefect.mood", "text"):
        diff, _ = two(connection, ("legacy.mood", other), ("b", "b"))
        assert diff.rows.matched == 1
        diff, _ = two(connection, ("legacy.mood", other), ("b", "c"))
        assert diff.rows.mismatched == 1
    rows = [("b", 1), ("a", 2)]
    diff, _ = both(connection, "k legacy.mood PRIMARY KEY, v int", rows, rows[::-1])
    assert diff.rows.matched == 2


def test_composites_compare_by_how_they_print(connection: psycopg.Connection) -> None:
    for schema in ("legacy", "prefect"):
        connection.execute(f"CREATE TYPE {schema}.pair AS (a int, b text)")
    kinds = ("legacy.pair", "prefect.pair")
    diff, _ = two(connection, kinds, ("(1,x)", "(1,x)"))
    assert diff.rows.matched == 1
    diff, _ = two(connection, kinds, ("(1,x)", "(1,y)"))
    assert diff.rows.mismatched == 1


@pytest.mark.parametrize(
    ("types", "message"),
    [
        (("integer", "date"), "column v is integer in legacy and date in candidate, which have no"),
        (("text", "numeric"), "no common meaning; convert one in a view or exclude it"),
        (("boolean", "integer"), "no common meaning"),
        (("json", "jsonb"), "no common meaning"),
        (("date", "text"), "no common meaning"),
        (("interval", "integer"), "no common meaning"),
        (("timestamptz", "timestamp"), r"candidate column v is a bare timestamp.*datasets\.t\.tim"),
        (("timestamp", "timestamp"), r"legacy column v is a bare timestamp.*datasets\.t\.timezone"),
        (("date", "timestamptz"), r"legacy column v is a date against a.*datasets\.t\.timezone"),
    ],
)
def test_what_has_no_common_meaning_is_an_error(
    connection: psycopg.Connection, types: tuple[str, str], message: str
) -> None:
    with pytest.raises(ComparisonError, match=rf"^dataset t: .*{message}"):
        two(connection, types, (None, None))


def test_a_number_too_large_for_a_double_is_an_error(connection: psycopg.Connection) -> None:
    """In double it would be an infinity, and equal to one."""
    with pytest.raises(ComparisonError, match=r"dataset t: the comparison failed: .*out of range"):
        two(connection, ("numeric", "float8"), (D("1e400"), float("inf")))


def test_loose_collations_still_compare_byte_by_byte() -> None:
    """The embedded server has no ICU, so no such collation; a note says what was done."""
    key = Column("k", "integer", "int4", True)
    loose, plain = (Column("v", "text", "text", True, loose) for loose in (True, False))
    noted = [
        plan(dataset(), (key, legacy), (key, candidate)).notes
        for legacy, candidate in ((loose, plain), (plain, loose), (plain, plain))
    ]
    assert noted[0] == noted[1]
    assert noted[0][0].startswith("Compared byte by byte: v;")
    assert noted[2] == ()
