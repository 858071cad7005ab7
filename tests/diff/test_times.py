"""Dates and times: tolerances, infinities, and years that Python does not know."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from parity.model.errors import ComparisonError
from parity.model.suite import Tolerance
from tests.diff.toy import both, tolerance, two

NOON = datetime(2024, 7, 1, 12, tzinfo=UTC)
DAY = date(2024, 7, 1)
SECOND, MICROSECOND = timedelta(seconds=1), timedelta(microseconds=1)
NEW_YORK = {"timezone": "America/New_York"}


@pytest.mark.parametrize(
    ("types", "values", "within", "equal"),
    [
        (("timestamptz",) * 2, (NOON, NOON + SECOND), SECOND, True),
        (("timestamptz",) * 2, (NOON, NOON + SECOND + MICROSECOND), SECOND, False),
        (("timestamptz",) * 2, (NOON, NOON + timedelta(days=40)), timedelta(days=40), True),
        (("timestamptz",) * 2, (NOON, None), timedelta(days=999), False),
        (("timestamptz",) * 2, (None, None), SECOND, True),
        (("timestamptz",) * 2, ("infinity", "infinity"), SECOND, True),
        (("timestamptz",) * 2, ("infinity", "-infinity"), timedelta(days=9**8), False),
        (("timestamptz",) * 2, ("infinity", NOON), timedelta(days=9**8), False),
        (("timestamptz",) * 2, ("4713-01-01 BC", "294276-01-01"), SECOND, False),
        (("timestamptz",) * 2, ("12000-01-01", "12000-01-01"), SECOND, True),
        # Far years equal only themselves.
        (("timestamptz",) * 2, ("12000-01-01 00:00:00", "12000-01-01 00:00:01"), SECOND, False),
        (("date", "date"), (DAY, DAY + timedelta(days=1)), timedelta(days=1), True),
        (("date", "date"), (DAY, DAY + timedelta(days=1)), timedelta(hours=23), False),
        (("date", "date"), (DAY, DAY + timedelta(days=1)), timedelta(hours=36), True),
        (("date", "date"), ("infinity", DAY), timedelta(days=9**8), False),
        (("date", "timestamp"), (DAY, datetime(2024, 7, 1, 0, 0, 1)), SECOND, True),  # noqa: DTZ001
        (("date", "timestamp"), (DAY, datetime(2024, 7, 1, 0, 0, 2)), SECOND, False),  # noqa: DTZ001
        (("timestamp", "timestamptz"), (datetime(2024, 7, 1, 8, 0, 1), NOON), SECOND, True),  # noqa: DTZ001
        (("timestamp", "timestamptz"), (datetime(2024, 7, 1, 8, 0, 2), NOON), SECOND, False),  # noqa: DTZ001
    ],
)
def test_times_within_the_tolerance_are_equal(
    connection: psycopg.Connection,
    types: tuple[str, str],
    values: tuple[Any, Any],
    within: timedelta,
    equal: bool,
) -> None:
    for order in (1, -1):
        allowed = tolerance("v", within=within)
        diff, _ = two(connection, types[::order], values[::order], **allowed, **NEW_YORK)  # type: ignore[arg-type]
        assert diff.rows.matched == (1 if equal else 0)
        assert diff.columns[0].tolerance == str(Tolerance(within=within))


def test_an_hour_that_occurs_twice_is_two_hours(connection: psycopg.Connection) -> None:
    """In a row that differs elsewhere Python decides; it compares clocks within one zone."""
    connection.execute("SET TIME ZONE 'America/New_York'")
    first, second = (datetime(2024, 11, 3, hour, 30, tzinfo=UTC) for hour in (5, 6))
    columns = "k int PRIMARY KEY, v timestamptz, other int"
    for allowed, wrong in ((timedelta(0), 1), (timedelta(minutes=59), 1), (timedelta(hours=1), 0)):
        diff, _ = both(
            connection, columns, [(1, first, 0)], [(1, second, 1)],
            **tolerance("v", within=allowed),
        )  # fmt: skip
        assert [column.mismatched for column in diff.columns] == [wrong, 1]


def test_the_default_tolerance_in_time_goes_to_times_only(connection: psycopg.Connection) -> None:
    columns = "k date PRIMARY KEY, at timestamptz, n int, s text, t time, i interval"
    row = (DAY, NOON, 1, "a", "09:30", "1 s")
    diff, _ = both(
        connection, columns, [row], [(DAY, NOON + SECOND, 1, "a", "09:30", "1 s")],
        default_tolerance=Tolerance(within=SECOND),
    )  # fmt: skip
    assert diff.rows.matched == 1
    told = {column.name: column.tolerance for column in diff.columns}
    assert told == {"at": "±0:00:01", "n": "exact", "s": "exact", "t": "exact", "i": "exact"}


@pytest.mark.parametrize(
    ("kind", "allowed", "message"),
    [
        ("date", {"abs": Decimal(1)}, "is date, a date or time: give abs as a duration such as 1s"),
        ("timestamptz", {"rel": Decimal(1)}, "a date or time: .* no rel"),
        ("numeric", {"within": SECOND}, "is numeric, a number: give abs or rel as numbers"),
        ("float8", {"within": SECOND}, "a number"),
        ("text", {"abs": Decimal(1)}, "is text, no number, date or time: leave it out"),
        ("text", {"within": SECOND}, "no number, date or time"),
        ("boolean", {"rel": Decimal(1)}, "no number, date or time"),
        ("interval", {"within": SECOND}, "no number, date or time"),
        ("time", {"within": SECOND}, "no number, date or time"),
    ],
)
def test_a_tolerance_that_has_no_meaning_is_an_error(
    connection: psycopg.Connection, kind: str, allowed: dict[str, Any], message: str
) -> None:
    with pytest.raises(
        ComparisonError, match=rf"^dataset t: column v .*{message}.*: datasets\.t\.tolerance\.v$"
    ):
        two(connection, (kind, kind), (None, None), tolerances=(("v", Tolerance(**allowed)),))


def test_exact_is_a_tolerance_of_anything(connection: psycopg.Connection) -> None:
    diff, _ = two(connection, ("text", "text"), ("a", "b"), tolerances=(("v", Tolerance()),))
    assert diff.rows.mismatched == 1


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("date", "infinity"),
        ("date", "0044-03-15 BC"),
        ("timestamptz", "-infinity"),
        ("timestamp", "12000-01-01"),
    ],
)
def test_dates_that_python_does_not_know_are_compared(
    connection: psycopg.Connection, kind: str, value: str
) -> None:
    diff, found = both(
        connection, f"k int PRIMARY KEY, v {kind}", [(1, value), (2, value)],
        [(1, value), (2, "2024-01-01")], timezone="UTC",
    )  # fmt: skip
    assert (diff.rows.matched, diff.rows.mismatched) == (1, 1)
    assert isinstance((found[0].legacy or {})["v"], str)
    assert diff.columns[0].max_abs_delta is None
