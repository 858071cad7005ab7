"""Single nights, with answers by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from parity.model.audit import Audit, Coverage
from parity.model.suite import Window
from parity.windows import EVERYTHING, Range, Scope, choose, coverage, next_audit
from parity.windows.scope import merged

AT = datetime(2024, 3, 1, 1, tzinfo=UTC)
DAYS = [date(2024, 2, 1) + timedelta(days=number) for number in range(29)]
TONIGHT = DAYS[-1]
RECENT = date(2024, 2, 25)
OPEN = Range(RECENT, None)
FOUR = Window(sessions=5, audit_cycle=4)


def audit(verified: Mapping[str, date], differing: Sequence[str] = (), digest: str = "d") -> Audit:
    return Audit(
        digest=digest, snapshot="1:1:", at=AT,
        verified=dict(verified), differing=frozenset(differing),
    )  # fmt: skip


def night(previous: Audit | None, symbols: str, **other: Any) -> Scope:
    arguments: dict[str, Any] = {
        "window": FOUR, "symbols": list(symbols), "previous": previous, "digest": "d",
        "session": TONIGHT, "sessions": DAYS, "touched": {}, "recent_from": RECENT,
    }  # fmt: skip
    return choose(**(arguments | other))


def test_a_first_night_and_another_digest_are_whole() -> None:
    for previous in (None, audit({"A": DAYS[-2], "B": DAYS[-2]}, digest="old")):
        assert night(previous, "BA") == Scope(("A", "B"), ())


def test_without_symbols_there_is_nothing_to_do() -> None:
    assert night(audit({}), "") == Scope((), ())


def test_the_oldest_come_first_and_neighbours_stay_together() -> None:
    verified = dict.fromkeys("ABCDEFGH", DAYS[-2]) | dict.fromkeys("CDH", DAYS[-3])
    found = night(audit(verified), "HGFEDCBA")
    assert found.whole == ("C", "D")  # a quarter of eight
    assert found.ranges == tuple((symbol, OPEN) for symbol in "ABEFGH")


def test_new_and_differing_symbols_come_on_top_of_the_round() -> None:
    verified = dict.fromkeys("ABCDE", DAYS[-2]) | {"GONE": DAYS[0]}
    found = night(audit(verified, ["E", "GONE"]), "ABCDEN")
    assert found.whole == ("A", "E", "N")  # the round's share of A to D is one
    assert [symbol for symbol, _ in found.ranges] == ["B", "C", "D"]


def test_what_would_be_overdue_does_not_wait_for_its_turn() -> None:
    # Verified four sessions ago: after tonight it would not be within the last four.
    verified = dict.fromkeys("ABC", DAYS[-5]) | dict.fromkeys("DEFGH", DAYS[-4])
    assert night(audit(verified), "ABCDEFGH").whole == ("A", "B", "C")


def test_touched_ranges_are_merged_with_the_recent_one() -> None:
    touched = {
        "B": [
            Range(date(2024, 1, 10), date(2024, 1, 20)),
            Range(date(2024, 1, 1), date(2024, 1, 5)),
            Range(date(2024, 1, 5), date(2024, 1, 8)),
            Range(date(2024, 2, 20), date(2024, 2, 26)),
            Range(date(2024, 1, 12), date(2024, 1, 12)),
        ],
        "GONE": [Range(date(2024, 1, 1), None)],
    }
    found = night(audit({"A": DAYS[-3], "B": DAYS[-2]}), "AB", touched=touched)
    assert found.whole == ("A",)
    assert found.ranges == (
        ("B", Range(date(2024, 1, 1), date(2024, 1, 8))),
        ("B", Range(date(2024, 1, 10), date(2024, 1, 20))),
        ("B", Range(date(2024, 2, 20), None)),
    )


def test_a_truncate_makes_all_whole_and_a_row_without_time_its_symbol() -> None:
    before = audit(dict.fromkeys("ABCD", DAYS[-2]))
    never = Range(date.min, None)
    assert night(before, "ABCD", touched={EVERYTHING: [never]}).whole == tuple("ABCD")
    assert night(before, "ABCD", touched={"D": [never]}).whole == ("A", "D")
    # A symbol may have the name; that it makes all whole is only more than is needed.
    assert night(before, "ABCD", touched={EVERYTHING: []}).whole == tuple("ABCD")


@pytest.mark.parametrize(
    "start",
    [datetime(1, 1, 1), datetime(1, 1, 1, tzinfo=UTC), date(1, 1, 1)],  # noqa: DTZ001
)
def test_the_beginning_of_time_is_known_in_every_type(start: date) -> None:
    assert Range(start, None).from_the_beginning
    assert not Range(start + timedelta(days=1), None).from_the_beginning


def test_ranges_that_hold_one_another_merge() -> None:
    day = [date(2024, 1, number) for number in range(1, 10)]
    inside = [Range(day[0], day[8]), Range(day[1], day[2]), Range(day[3], None)]
    assert merged(inside) == [Range(day[0], None)]
    assert merged([Range(day[0], None), Range(day[1], day[2])]) == [Range(day[0], None)]
    assert merged([Range(day[3], day[1])]) == []


def test_an_audit_forgets_the_gone_and_keeps_what_was_not_compared() -> None:
    before = audit({"A": DAYS[0], "B": DAYS[1], "GONE": DAYS[1]}, ["A", "B", "GONE"])
    after = next_audit(before, Scope(("A", "N"), ()), "ABNX", ["N"], "d", TONIGHT, "9:9:", AT)
    assert after == Audit(
        digest="d", snapshot="9:9:", at=AT,
        verified={"A": TONIGHT, "B": DAYS[1], "N": TONIGHT}, differing=frozenset("BN"),
    )  # fmt: skip
    other = next_audit(before, Scope(("A",), ()), "AB", [], "e", TONIGHT, "9:9:", AT)
    assert (other.verified, other.differing) == ({"A": TONIGHT}, frozenset())


def test_coverage_counts_months() -> None:
    left = audit({"A": TONIGHT, "B": DAYS[-4], "C": DAYS[-5], "GONE": DAYS[0]})
    months = {"A": 10, "B": 20, "C": 30, "NEVER": 5}
    found = coverage(left, Scope(("A", "GONE"), ()), months, TONIGHT, DAYS, 4)
    assert found == Coverage(segments=65, compared=10, overdue=35, cycle=4, oldest=DAYS[-5])
    empty = coverage(left, Scope((), ()), {}, TONIGHT, DAYS, 4)
    assert empty == Coverage(segments=0, compared=0, overdue=0, cycle=4, oldest=None)
