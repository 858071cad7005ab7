"""The second opinion on rows whose right answer is written down by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from parity.model.errors import ComparisonError
from parity.model.result import RowState, SecondOpinion
from parity.model.suite import EXACT, Dataset, Kind, Relation, Tolerance
from parity.opinion import Claim, second_opinion

NAN = float("nan")
INF = float("inf")
CLOSE = frozenset({"close"})
MATCHED = RowState.MATCHED


def dataset(**changes: Any) -> Dataset:
    settings: dict[str, Any] = {
        "name": "bars",
        "kind": Kind.BARS,
        "legacy": Relation("legacy", "market_data"),
        "candidate": Relation("prefect", "market_data"),
        "key": ("symbol",),
    }
    return Dataset(**(settings | changes))


def frame(*rows: tuple[Any, ...], columns: str = "symbol close") -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=columns.split(), dtype=object)


def opinion_on(
    legacy: Any, candidate: Any, claim: Claim, tolerance: Tolerance = EXACT
) -> SecondOpinion:
    """One row with the key IBM on both sides."""
    return second_opinion(
        dataset(tolerances=(("close", tolerance),)),
        frame(("IBM", legacy)),
        frame(("IBM", candidate)),
        {} if claim is MATCHED else {("IBM",): claim},
    )


def within(absolute: str = "0", relative: str = "0") -> Tolerance:
    return Tolerance(abs=Decimal(absolute), rel=Decimal(relative))


EQUAL = [
    (None, None, EXACT),
    (NAN, NAN, EXACT),
    (Decimal("NaN"), NAN, EXACT),
    (INF, INF, EXACT),
    (Decimal("Infinity"), Decimal("Infinity"), within("1")),
    (0.0, -0.0, EXACT),
    (Decimal("10.50"), Decimal("10.5"), EXACT),
    (Decimal("10.5"), 10.5, EXACT),
    (3, Decimal("3.000"), EXACT),
    # numeric against double is compared in double, where both are the same number
    (Decimal("0.1"), 0.1, EXACT),
    ("IBM ", "IBM ", EXACT),
    (True, True, EXACT),
    (date(2005, 2, 28), date(2005, 2, 28), EXACT),
    # the edge of a tolerance is inside: 0.01 apart in decimals
    (Decimal("1.00"), Decimal("1.01"), within("0.01")),
    # the larger magnitude counts, on whichever side: 1 % of 100 is 1, of 99 it is 0.99
    (Decimal("99"), Decimal("100"), within(relative="0.01")),
    (Decimal("100"), Decimal("99"), within(relative="0.01")),
    (99.0, 100.0, within(relative="0.01")),
    (100.0, 99.0, within(relative="0.01")),
    # the larger of the two tolerances counts, not their sum: 1.5 <= max(0.5, 2)
    (Decimal("100"), Decimal("98.5"), within("0.5", "0.02")),
    (1e300, 1.0000001e300, within(relative="0.000001")),
    (1e-300, 2e-300, within("0.000001")),
    (5e-324, 0.0, within("0.000001")),
    (10**30, 10**30 + 1, within("1")),
]

DIFFERENT = [
    (None, NAN, EXACT),
    (NAN, None, within("1000")),
    (None, 0.0, within("1")),
    (None, Decimal("0"), within("1")),
    (NAN, 0.0, within("1")),
    (INF, -INF, within("1", "1")),
    (INF, 1e308, within("1", "1")),
    (Decimal("Infinity"), Decimal("1"), within("1", "1")),
    (Decimal("10.5000"), Decimal("10.5001"), EXACT),
    # equal as doubles, different as decimals
    (Decimal("12345678901.23456789"), Decimal("12345678901.23456788"), EXACT),
    (10**30, 10**30 + 1, EXACT),
    ("IBM", "IBM ", EXACT),
    ("ibm", "IBM", EXACT),
    (True, False, EXACT),
    (date(2005, 2, 28), date(2005, 3, 1), EXACT),
    (Decimal("1.00"), Decimal("1.0101"), within("0.01")),
    # in doubles, 1.01 - 1.00 is 0.010000000000000009
    (1.00, 1.01, within("0.01")),
    # 1 % of 100 is 1 on either side
    (Decimal("98.9"), Decimal("100"), within(relative="0.01")),
    (Decimal("100"), Decimal("98.9"), within(relative="0.01")),
    # abs + rel * |candidate| would be 2.47, which a sum of tolerances would let pass
    (Decimal("100"), Decimal("97.6"), within("0.5", "0.02")),
    (1e300, 1.00001e300, within(relative="0.000001")),
    (1e308, -1e308, within("1", "0.5")),
    (1e-300, 2e-300, within(relative="0.1")),
]


@pytest.mark.parametrize(("legacy", "candidate", "tolerance"), EQUAL)
def test_equal_values_confirm_a_match_and_expose_a_false_mismatch(
    legacy: Any, candidate: Any, tolerance: Tolerance
) -> None:
    assert opinion_on(legacy, candidate, MATCHED, tolerance) == SecondOpinion(
        rows=1, disagreements=0
    )
    lie = opinion_on(legacy, candidate, CLOSE, tolerance)
    assert lie == SecondOpinion(
        rows=1,
        disagreements=1,
        examples=("symbol IBM: claimed mismatched in close, second opinion matched",),
    )


@pytest.mark.parametrize(("legacy", "candidate", "tolerance"), DIFFERENT)
def test_different_values_confirm_a_mismatch_and_expose_a_false_match(
    legacy: Any, candidate: Any, tolerance: Tolerance
) -> None:
    assert opinion_on(legacy, candidate, CLOSE, tolerance) == SecondOpinion(rows=1, disagreements=0)
    lie = opinion_on(legacy, candidate, MATCHED, tolerance)
    assert lie == SecondOpinion(
        rows=1,
        disagreements=1,
        examples=("symbol IBM: claimed matched, second opinion mismatched in close",),
    )


# One key of each state: AAPL matches, GOOG differs in close, IBM only legacy, MSFT only
# candidate, DUP twice on the legacy side, and a row without a symbol.
LEGACY = frame(
    ("AAPL", 1, 5), ("GOOG", 1, 5), ("IBM", 1, 5), ("DUP", 1, 5), ("DUP", 1, 5), (None, 1, 5),
    columns="symbol close volume",
)  # fmt: skip
CANDIDATE = frame(
    ("AAPL", 1, 5), ("GOOG", 2, 5), ("MSFT", 1, 5), ("DUP", 1, 5), columns="symbol close volume"
)
TRUTH: dict[tuple[Any, ...], Claim] = {
    ("GOOG",): CLOSE,
    ("IBM",): RowState.LEGACY_ONLY,
    ("MSFT",): RowState.CANDIDATE_ONLY,
    ("DUP",): RowState.DUPLICATE_KEY,
    (None,): RowState.NULL_KEY,
}


def test_the_truth_is_confirmed_for_every_state() -> None:
    assert second_opinion(dataset(), LEGACY, CANDIDATE, TRUTH) == SecondOpinion(
        rows=6, disagreements=0
    )


@pytest.mark.parametrize(
    ("key", "lie", "line"),
    [
        ("AAPL", CLOSE, "claimed mismatched in close, second opinion matched"),
        ("AAPL", RowState.LEGACY_ONLY, "claimed legacy_only, second opinion matched"),
        ("AAPL", frozenset[str](), "claimed mismatched in no column, second opinion matched"),
        ("GOOG", MATCHED, "claimed matched, second opinion mismatched in close"),
        (
            "GOOG",
            frozenset({"volume"}),
            "claimed mismatched in volume, second opinion mismatched in close",
        ),
        (
            "GOOG",
            frozenset({"close", "volume"}),
            "claimed mismatched in close, volume, second opinion mismatched in close",
        ),
        ("IBM", MATCHED, "claimed matched, second opinion legacy_only"),
        ("IBM", RowState.CANDIDATE_ONLY, "claimed candidate_only, second opinion legacy_only"),
        ("MSFT", RowState.LEGACY_ONLY, "claimed legacy_only, second opinion candidate_only"),
        ("DUP", MATCHED, "claimed matched, second opinion duplicate_key"),
        ("DUP", CLOSE, "claimed mismatched in close, second opinion duplicate_key"),
        (None, MATCHED, "claimed matched, second opinion null_key"),
        ("NONE", RowState.LEGACY_ONLY, "claimed legacy_only, second opinion found on neither side"),
    ],
)
def test_one_lie_is_one_disagreement(key: str | None, lie: Claim, line: str) -> None:
    found = second_opinion(dataset(), LEGACY, CANDIDATE, TRUTH | {(key,): lie})
    shown = "NULL" if key is None else key
    assert found.disagreements == 1
    assert found.examples == (f"symbol {shown}: {line}",)
    assert found.rows == (7 if key == "NONE" else 6)


def test_a_silent_claim_is_a_claim_of_matching() -> None:
    assert second_opinion(dataset(), LEGACY, CANDIDATE, {}).disagreements == 5


def test_at_most_five_examples_of_all_disagreements() -> None:
    rows = [(f"S{number}", number) for number in range(8)]
    found = second_opinion(dataset(), frame(*rows), frame(), {})
    assert (found.rows, found.disagreements, len(found.examples)) == (8, 8, 5)


def test_a_duplicate_on_either_side_takes_the_key_out() -> None:
    once, twice = frame(("IBM", 1)), frame(("IBM", 1), ("IBM", 1))
    claim = {("IBM",): RowState.DUPLICATE_KEY}
    assert second_opinion(dataset(), once, twice, claim).disagreements == 0
    assert second_opinion(dataset(), twice, once, claim).disagreements == 0
    assert second_opinion(dataset(), twice, twice, {}).disagreements == 1


def test_no_rows_confirm_nothing() -> None:
    assert second_opinion(dataset(), frame(), frame(), {}) == SecondOpinion(rows=0, disagreements=0)


def test_a_table_of_keys_alone() -> None:
    left, right = frame(("IBM",), ("GE",), columns="symbol"), frame(("IBM",), columns="symbol")
    claim = {("GE",): RowState.LEGACY_ONLY}
    assert second_opinion(dataset(), left, right, claim).disagreements == 0
    assert second_opinion(dataset(), left, right, {}).disagreements == 1


def test_one_instant_in_two_zones_is_one_key_and_one_value() -> None:
    # Midnight in New York on 2005-02-28 is 05:00 UTC.
    legacy = pd.DataFrame(
        {"timestamp": [pd.Timestamp("2005-02-28", tz="America/New_York")], "close": [1.5]}
    )
    candidate = pd.DataFrame(
        {"timestamp": [pd.Timestamp("2005-02-28T05:00", tz="UTC")], "close": [2.5]}
    )
    by_time = dataset(key=("timestamp",))
    claim = {(datetime(2005, 2, 28, 5, tzinfo=UTC),): CLOSE}
    assert second_opinion(by_time, legacy, candidate, claim).disagreements == 0
    found = second_opinion(by_time, legacy, candidate, {})
    assert found.examples == (
        "timestamp 2005-02-28 05:00:00+00:00: claimed matched, second opinion mismatched in close",
    )


@pytest.mark.parametrize(
    ("bare", "utc"),
    [
        (datetime.fromisoformat("2005-02-28T09:30"), datetime.fromisoformat("2005-02-28T14:30")),
        # 01:30 occurs twice on this night; PostgreSQL takes the second, in standard time.
        (datetime.fromisoformat("2024-11-03T01:30"), datetime.fromisoformat("2024-11-03T06:30")),
        # 02:30 does not occur on this night; read in standard time.
        (datetime.fromisoformat("2024-03-10T02:30"), datetime.fromisoformat("2024-03-10T07:30")),
    ],
)
def test_bare_timestamps_are_read_in_the_zone_of_the_dataset(bare: datetime, utc: datetime) -> None:
    legacy, candidate = frame(("IBM", bare)), frame(("IBM", utc.replace(tzinfo=UTC)))
    zoned = dataset(timezone="America/New_York")
    assert second_opinion(zoned, legacy, candidate, {}).disagreements == 0


def test_bare_timestamps_without_a_zone_compare_as_clocks_and_never_with_an_instant() -> None:
    rows = frame(("IBM", datetime.fromisoformat("2005-02-28T09:30")))
    assert second_opinion(dataset(), rows, rows, {}).disagreements == 0
    instants = frame(("IBM", datetime.fromisoformat("2005-02-28T09:30+00:00")))
    assert second_opinion(dataset(), rows, instants, {}).disagreements == 1


def test_nan_in_a_float64_column_may_have_been_null() -> None:
    rows = pd.DataFrame({"symbol": ["IBM", "GE"], "close": [1.5, NAN]})
    assert rows["close"].dtype == "float64"
    with pytest.raises(ComparisonError, match=r"bars, legacy: column close is float64.*objects"):
        second_opinion(dataset(), rows, rows, {})
    whole = rows.iloc[:1]
    assert second_opinion(dataset(), whole, frame(("IBM", 1.5)), {}).disagreements == 0


def test_a_missing_string_is_null() -> None:
    text = pd.DataFrame({"symbol": ["IBM"], "close": pd.Series([None], dtype="str")})
    assert second_opinion(dataset(), text, frame(("IBM", None)), {}).disagreements == 0
    assert second_opinion(dataset(), text, frame(("IBM", "")), {}).disagreements == 1


def test_a_missing_key_column_is_an_error() -> None:
    with pytest.raises(ComparisonError, match=r"bars, candidate: .* no column symbol"):
        second_opinion(dataset(), frame(("IBM", 1)), frame((1,), columns="close"), {})


def test_excluded_and_one_sided_columns_are_not_compared() -> None:
    legacy = frame(("IBM", 1, 1, 1), columns="symbol close created_at only_here")
    candidate = frame(("IBM", 1, 2), columns="symbol close created_at")
    excluding = dataset(exclude=("created_at",))
    assert second_opinion(excluding, legacy, candidate, {}).disagreements == 0
    assert second_opinion(dataset(), legacy, candidate, {}).disagreements == 1


def test_column_names_that_datacompy_would_mix_up() -> None:
    names = "key close close_match close_legacy Close _merge"
    legacy = frame(("IBM", 1, 1, 1, 1, 1), columns=names)
    candidate = frame(("IBM", 1, 2, 1, 3, 1), columns=names)
    claim = {("IBM",): frozenset({"close_match", "Close"})}
    found = second_opinion(dataset(key=("key",)), legacy, candidate, claim)
    assert found == SecondOpinion(rows=1, disagreements=0)


def test_tolerances_belong_to_their_own_column() -> None:
    legacy = frame(("IBM", 1.0, 1.0, 1.0), columns="symbol open high close")
    candidate = frame(("IBM", 1.4, 1.4, 1.4), columns="symbol open high close")
    mixed = dataset(
        tolerances=(("open", within("0.5")), ("close", within("0.1"))),
        default_tolerance=within("0.45"),
    )
    assert second_opinion(mixed, legacy, candidate, {("IBM",): CLOSE}).disagreements == 0


def test_the_frames_are_left_as_they_were() -> None:
    legacy, candidate = LEGACY.copy(), CANDIDATE.copy()
    second_opinion(dataset(), legacy, candidate, TRUTH)
    pd.testing.assert_frame_equal(legacy, LEGACY)
    pd.testing.assert_frame_equal(candidate, CANDIDATE)
