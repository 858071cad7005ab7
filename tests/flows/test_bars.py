from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from prefect_flows.bars import Bar, Window, differs, oldest_common, price, session_of, to_daily

NEW_YORK = ZoneInfo("America/New_York")


def bar(moment: datetime, close: str = "10", volume: int | None = 100, **prices: str) -> Bar:
    names = ("open", "high", "low")
    opening, high, low = (Decimal(prices.get(name, close)) for name in names)
    return Bar(moment, opening, high, low, Decimal(close), volume)


def test_prices_round_half_up_from_their_shortest_decimal() -> None:
    # 44.49505 is stored in binary as 44.49504999…: its shortest decimal form decides.
    assert price(44.49505) == Decimal("44.4951")
    assert price(88.99) == Decimal("88.9900")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0, -1.0])
def test_what_is_no_price_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="not a price"):
        price(value)


def test_a_window_starts_at_midnight_in_new_york_and_excludes_its_end() -> None:
    as_of = datetime(2005, 2, 25, 1, 0, tzinfo=UTC)  # still 24 February in New York

    window = Window.days(7, as_of)

    assert window.start == datetime(2005, 2, 17, tzinfo=NEW_YORK)
    assert window.covers(window.start)
    assert not window.covers(as_of)


def test_a_window_is_widened_to_an_earlier_bar_only() -> None:
    window = Window.days(7, datetime(2005, 2, 25, 20, tzinfo=NEW_YORK))

    assert window.reaching(None) == window
    assert window.reaching(datetime(2005, 2, 24, tzinfo=NEW_YORK)) == window
    earlier = window.reaching(datetime(2005, 2, 1, 15, 30, tzinfo=NEW_YORK))
    assert earlier.start == datetime(2005, 2, 1, tzinfo=NEW_YORK)


def test_a_late_bar_belongs_to_the_exchanges_day() -> None:
    assert session_of(datetime(2005, 2, 25, 1, 0, tzinfo=UTC)) == date(2005, 2, 24)


@pytest.mark.parametrize(
    ("fetched", "stored", "expected"),
    [
        ("44.495", "88.99", True),  # a split
        ("99.9900", "100", True),  # a dividend of one cent on a share of 100
        ("100.0001", "100", False),  # a vendor's rounding
        ("1.0002", "1", False),
        ("1.0003", "1", True),
    ],
)
def test_only_another_price_scale_counts_as_restated(
    fetched: str, stored: str, expected: bool
) -> None:
    moment = datetime(2005, 2, 25, tzinfo=NEW_YORK)

    assert differs(bar(moment, fetched), bar(moment, stored)) is expected


def test_a_corrected_volume_restates_nothing() -> None:
    moment = datetime(2005, 2, 25, tzinfo=NEW_YORK)

    assert not differs(bar(moment, volume=1), bar(moment, volume=2))


def test_the_oldest_bar_in_common_is_compared() -> None:
    days = [datetime(2005, 2, day, tzinfo=NEW_YORK) for day in (22, 23, 24)]
    stored = {day: bar(day, "20") for day in days[1:]}

    pair = oldest_common([bar(day) for day in reversed(days)], stored)

    assert pair == (bar(days[1]), stored[days[1]])
    assert oldest_common([bar(days[0])], stored) is None


def test_hourly_bars_fold_into_the_exchanges_days() -> None:
    first = datetime(2005, 2, 24, 9, 30, tzinfo=NEW_YORK)
    last = datetime(2005, 2, 25, 0, 30, tzinfo=UTC)  # 19:30 on 24 February in New York

    folded = to_daily(
        [bar(last, "12", 5, low="9", high="12"), bar(first, "10", None, high="11", open="8")]
    )

    midnight = datetime(2005, 2, 24, tzinfo=NEW_YORK)
    assert folded == [bar(midnight, "12", 5, open="8", high="12", low="9")]


def test_a_daily_bar_wins_over_the_hourly_bars_of_its_day() -> None:
    midnight = datetime(2005, 2, 24, tzinfo=NEW_YORK)
    daily = bar(midnight, "12")

    assert to_daily([bar(midnight.replace(hour=10), "11"), daily]) == [daily]
