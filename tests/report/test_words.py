from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from parity.report.words import (
    day,
    decimals_for,
    delta_of,
    delta_text,
    ratio_text,
    share,
    sort_number,
    utc_text,
    value_text,
    visible,
)


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (2016, 2016, "100 %"),
        (1_999_999, 2_000_000, "99.99 %"),
        (1, 2_000_000, "<0.01 %"),
        (0, 7, "0 %"),
        (1500, 1800, "83.33 %"),
        (0, 0, "—"),
    ],
)
def test_a_share_is_100_or_0_only_when_exact(part: int, whole: int, text: str) -> None:
    assert share(part, whole) == text


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(1.0, "100 %"), (0.99999, "<100 %"), (1.0001, ">100 %"), (0.5, "50 %"), (2.0, "200 %"),
     (1e-9, "1.00e-07 %"), (None, "—"), (0.0, "0 %")],
)  # fmt: skip
def test_a_ratio_is_100_only_when_exact(ratio: float | None, text: str) -> None:
    assert ratio_text(ratio) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "NULL"),
        (math.nan, "NaN"),
        (Decimal("NaN"), "NaN"),
        (-math.inf, "-Infinity"),
        (True, "true"),
        (1234567, "1,234,567"),
        (Decimal("1234.5000"), "1,234.5000"),
        (0.1, "0.1"),
        (1e-9, "1e-09"),
        ("", '""'),
        ("AAPL ", '"AAPL "'),
        ("A\u00a0B", "A\\xa0B"),
        ("x" * 300, "x" * 200 + "… (300 characters)"),
        (date(2005, 2, 28), "2005-02-28"),
        (datetime(2005, 2, 28, 14, 30, tzinfo=UTC), "2005-02-28 09:30"),
        (datetime(2005, 7, 1, 13, 30, 5, tzinfo=UTC), "2005-07-01 09:30:05"),
        (datetime(2005, 2, 28, 14, 30), "2005-02-28 14:30"),  # noqa: DTZ001 - bare stays bare
    ],
)
def test_a_value_as_people_read_it(value: Any, text: str) -> None:
    assert value_text(value) == text


def test_two_close_floats_stay_apart() -> None:
    legacy, candidate = 45.23, 45.23 + 3e-9
    places = decimals_for(delta_of(legacy, candidate))
    texts = {value_text(number, decimals=places) for number in (legacy, candidate)}
    assert texts == {"45.23", "45.2300000030"}


@pytest.mark.parametrize(
    ("legacy", "candidate", "text"),
    [
        (Decimal("89.7200"), Decimal("44.8600"), "-44.8600"),
        (1_000_000, 2_500_000, "+1,500,000"),
        (1.0, 1.0 + 5e-10, "+5.00e-10"),
        (100.0, 100.123456, "+0.1235"),
        (Decimal("1.5"), 2.0, "+0.5000"),
        (None, 1.0, "—"),
        (math.nan, 1.0, "—"),
        (Decimal("Infinity"), Decimal("Infinity"), "—"),
        ("a", "b", "—"),
        (True, False, "—"),
    ],
)
def test_delta_is_candidate_minus_legacy(legacy: Any, candidate: Any, text: str) -> None:
    assert delta_text(delta_of(legacy, candidate)) == text


def test_delta_of_times() -> None:
    legacy = datetime(2005, 2, 28, 5, tzinfo=UTC)
    assert delta_text(delta_of(legacy, legacy + timedelta(hours=1))) == "+1:00:00"
    assert delta_text(delta_of(legacy, legacy - timedelta(hours=1))) == "-1:00:00"
    assert delta_of(legacy, legacy.replace(tzinfo=None)) is None


def test_wide_decimals_subtract_exactly() -> None:
    wide = Decimal("123456789012345678901234567890.0001")
    assert delta_of(wide, wide + 1 - Decimal("0.0001")) is not None
    assert delta_of(Decimal("0.0001"), wide) == Decimal("123456789012345678901234567890")


def test_text_cannot_steer_the_screen() -> None:
    assert visible("A\x1b[31m\u202eB\nC") == "A\\x1b[31m\\u202eB\\nC"
    assert visible("Müller & Söhne ✓") == "Müller & Söhne ✓"


def test_utc_and_day() -> None:
    assert utc_text(datetime(2005, 2, 28, 14, 30, tzinfo=UTC)) == "2005-02-28 14:30 UTC"
    assert utc_text(date(2005, 2, 28)) == ""
    assert day(date(2005, 2, 28)) == "Monday 28 February 2005"


def test_sort_numbers() -> None:
    assert sort_number(Decimal("-1.50")) == "-1.50"
    assert sort_number(timedelta(hours=-1)) == "-3600.0"
    assert sort_number(math.nan) is None
    assert sort_number("12") is None


def test_integers_beyond_the_range_of_a_double() -> None:
    """10^400 is none: integers subtract exactly, and from a double nothing is said."""
    large = 10**400
    assert delta_of(large, large + 1) == 1
    assert delta_of(1.5, large) is None
    assert delta_text(delta_of(0, large)) == f"{large:+,}"
    assert decimals_for(delta_of(0, large)) == 4
    assert sort_number(large) == str(large)
