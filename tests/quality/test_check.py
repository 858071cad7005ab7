"""Every expectation passes on good rows and fails on rows spoilt for it."""

from __future__ import annotations

import math
import threading
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from parity.model.errors import ComparisonError
from parity.model.result import QualityCheck
from parity.model.suite import Kind
from parity.model.verdict import Side
from parity.quality import check, engine, expectations
from parity.quality.suites import Expectation
from tests.quality.rows import dataset, good

pytestmark = pytest.mark.usefixtures("imported")

NAN, INF = math.nan, math.inf


def failures(kind: Kind, frame: pd.DataFrame, **changes: Any) -> list[QualityCheck]:
    found = check(dataset(kind, **changes), Side.CANDIDATE, frame)
    return [item for item in found if not item.success]


def spoilt(kind: Kind, *changes: tuple[int, str, Any]) -> pd.DataFrame:
    frame = good(kind)
    for row, column, value in changes:
        frame.at[row, column] = value
    return frame


@pytest.mark.parametrize("kind", list(Kind))
def test_good_rows_pass_every_check(kind: Kind) -> None:
    wanted = dataset(kind)
    found = check(wanted, Side.LEGACY, good(kind))
    assert [(item.expectation, item.column) for item in found] == [
        (item.label, item.column) for item in expectations(wanted)
    ]
    assert {item.success for item in found} == {True}
    assert {(item.dataset, item.side, item.unexpected) for item in found} == {
        ("daily", Side.LEGACY, 0)
    }


# What is spoilt -> the checks that fail: expectation, column, rows unexpected, rows looked at.
Failure = tuple[str, str | None, int, int]
SPOILT: list[tuple[Kind, list[tuple[int, str, Any]], list[Failure]]] = [
    (Kind.BARS, [(0, "symbol", None)], [("not null", "symbol", 1, 3)]),
    (Kind.BARS, [(1, "day", None)], [("not null", "day", 1, 3)]),
    (Kind.BARS, [(0, "open", None)], [("not null", "open", 1, 3)]),
    (Kind.BARS, [(0, "high", None)], [("not null", "high", 1, 3)]),
    (Kind.BARS, [(0, "low", None)], [("not null", "low", 1, 3)]),
    (Kind.BARS, [(0, "close", None), (1, "close", None)], [("not null", "close", 2, 3)]),
    (Kind.BARS, [(0, "volume", None)], [("not null", "volume", 1, 3)]),
    (Kind.BARS, [(0, "day", date(2005, 2, 28))], [("unique key", "symbol, day", 2, 3)]),
    (
        Kind.BARS,
        [(2, name, Decimal(0)) for name in ("open", "high", "low", "close")],
        [("> 0", name, 1, 3) for name in ("open", "high", "low", "close")],
    ),
    (Kind.BARS, [(2, "low", Decimal("-0.0001"))], [("> 0", "low", 1, 3)]),
    (Kind.BARS, [(1, "volume", -1)], [(">= 0", "volume", 1, 3)]),
    # one tick above the high, one tick below the low
    (Kind.BARS, [(0, "open", Decimal("92.9001"))], [("high >= open", "high", 1, 3)]),
    (Kind.BARS, [(0, "close", Decimal("92.9001"))], [("high >= close", "high", 1, 3)]),
    (Kind.BARS, [(0, "open", Decimal("91.8199"))], [("open >= low", "open", 1, 3)]),
    (Kind.BARS, [(0, "close", Decimal("91.8199"))], [("close >= low", "close", 1, 3)]),
    (
        Kind.BARS,
        [(0, "low", Decimal("93.0000"))],
        [(f"{name} >= low", name, 1, 3) for name in ("high", "open", "close")],
    ),
    # NaN is no NULL: it fails as not finite and is passed over elsewhere.
    (Kind.BARS, [(0, "open", NAN)], [("finite", None, 1, 3)]),
    (Kind.BARS, [(0, "open", Decimal("NaN"))], [("finite", None, 1, 3)]),
    (Kind.BARS, [(1, "high", Decimal("Infinity"))], [("finite", None, 1, 3)]),
    (Kind.INDICATORS, [(0, "symbol", None)], [("not null", "symbol", 1, 3)]),
    (Kind.INDICATORS, [(0, "day", date(2005, 2, 28))], [("unique key", "symbol, day", 2, 3)]),
    (Kind.INDICATORS, [(1, "rsi_14", -0.001)], [("0 to 100", "rsi_14", 1, 2)]),
    (Kind.INDICATORS, [(1, "rsi_14", 100.001)], [("0 to 100", "rsi_14", 1, 2)]),
    (Kind.INDICATORS, [(1, "bb_upper", 92.9)], [("bb_upper >= bb_middle", "bb_upper", 1, 2)]),
    (Kind.INDICATORS, [(1, "bb_lower", 93.1)], [("bb_middle >= bb_lower", "bb_middle", 1, 2)]),
    (Kind.INDICATORS, [(2, "volatility_20", -0.1)], [(">= 0", "volatility_20", 1, 2)]),
    (Kind.INDICATORS, [(2, "avg_volume_20", -1.0)], [(">= 0", "avg_volume_20", 1, 2)]),
    (Kind.INDICATORS, [(0, "sma_200", NAN)], [("finite", None, 1, 3)]),
    (Kind.INDICATORS, [(0, "volatility_20", INF)], [("finite", None, 1, 3)]),
    (Kind.TABLE, [(0, "symbol", None)], [("not null", "symbol", 1, 3)]),
    (Kind.TABLE, [(1, "day", date(2005, 2, 25))], [("unique key", "symbol, day", 2, 3)]),
]


@pytest.mark.parametrize(("kind", "changes", "expected"), SPOILT)
def test_spoilt_rows_fail_just_the_checks_that_concern_them(
    kind: Kind, changes: list[tuple[int, str, Any]], expected: list[Failure]
) -> None:
    found = failures(kind, spoilt(kind, *changes))
    assert [(i.expectation, i.column, i.unexpected, i.total) for i in found] == expected


def test_every_expectation_of_every_kind_is_made_to_fail_above() -> None:
    failed = {(kind, entry[0], entry[1]) for kind, _, found in SPOILT for entry in found}
    wanted = {
        (kind, item.label, item.column) for kind in Kind for item in expectations(dataset(kind))
    }
    # Without rows everything fails, which has its own test; keys are the same in every kind.
    assert {entry for entry in wanted - failed if entry[1:] not in {f[1:] for f in failed}} == {
        (kind, "has rows", None) for kind in Kind
    }


def test_a_failed_check_names_rows_and_values() -> None:
    frame = spoilt(Kind.BARS, (0, "open", Decimal("93")), (1, "volume", -1), (2, "low", NAN))
    assert {item.expectation: item.detail for item in failures(Kind.BARS, frame)} == {
        "high >= open": "IBM 2005-02-25: high 92.9, open 93.0",
        ">= 0": "IBM 2005-02-28: volume -1.0",
        "finite": "GE 2005-02-28: low is nan",
    }


def test_no_more_than_three_rows_are_named() -> None:
    rows = pd.concat([good(Kind.TABLE)] * 2, ignore_index=True)
    (found,) = failures(Kind.TABLE, rows)
    assert (found.expectation, found.unexpected) == ("unique key", 6)
    assert found.detail == "IBM 2005-02-25; IBM 2005-02-28; GE 2005-02-28"


@pytest.mark.parametrize("kind", list(Kind))
def test_without_rows_nothing_passes(kind: Kind) -> None:
    found = check(dataset(kind), Side.LEGACY, good(kind).iloc[:0])
    assert len(found) == len(expectations(dataset(kind)))
    assert {(item.success, item.total, item.detail) for item in found} == {(False, 0, "no rows")}


def test_a_check_that_saw_no_value_says_so() -> None:
    frame = good(Kind.INDICATORS).iloc[:1]
    found = {item.expectation: item for item in check(dataset(Kind.INDICATORS), Side.LEGACY, frame)}
    rsi = found["0 to 100"]
    assert (rsi.success, rsi.total, rsi.detail) == (True, 0, "no values: every row is NULL here")


@pytest.mark.parametrize(
    ("kind", "column"),
    [(Kind.BARS, "volume"), (Kind.INDICATORS, "bb_middle"), (Kind.TABLE, "day")],
)
def test_a_missing_column_is_one_failed_check(kind: Kind, column: str) -> None:
    whole = check(dataset(kind), Side.LEGACY, good(kind))
    found = check(dataset(kind), Side.LEGACY, good(kind).drop(columns=column))
    first, *others = found
    assert (first.expectation, first.column, first.success) == ("exists", column, False)
    assert first.detail == f"there is no column {column}"
    assert all(item.success for item in others)
    # Two or more checks need the column; the rest are still made.
    assert 0 < len(others) <= len(whole) - 2


def test_a_single_column_key() -> None:
    frame = good(Kind.TABLE).drop(columns="day")
    (found,) = failures(Kind.TABLE, frame, key=("symbol",))
    assert (found.expectation, found.column, found.unexpected) == ("unique key", "symbol", 2)


def test_typed_columns_as_pandas_reads_them() -> None:
    frame = good(Kind.BARS)
    frame["day"] = pd.Series([datetime(2005, 2, day, tzinfo=UTC) for day in (24, 25, 28)])
    for name in ("open", "high", "low", "close"):
        frame[name] = frame[name].astype("float64")
    frame["volume"] = frame["volume"].astype("int64")
    assert failures(Kind.BARS, frame) == []
    # In a float64 column NaN is how pandas says NULL.
    frame.loc[0, "open"] = NAN
    frame.loc[1, "close"] = INF
    assert [(item.expectation, item.column) for item in failures(Kind.BARS, frame)] == [
        ("not null", "open"),
        ("high >= close", "high"),
        ("finite", None),
    ]


@pytest.mark.parametrize("value", ["12.5", True, date(2005, 2, 28)])
def test_a_price_that_is_no_number_is_an_error(value: Any) -> None:
    frame = spoilt(Kind.BARS, (0, "open", value))
    with pytest.raises(ComparisonError, match=r"daily, candidate: column open holds .* no number"):
        failures(Kind.BARS, frame)


def test_what_great_expectations_cannot_check_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Expectation(
        label="0 to 100",
        type="expect_column_values_to_be_between",
        kwargs={"column": "note", "min_value": 0},
        column="note",
    )
    monkeypatch.setattr("parity.quality.runner.expectations", lambda _: (broken,))
    with pytest.raises(
        ComparisonError, match=r"daily, candidate: expectation '0 to 100 \(note\)' could not be"
    ):
        failures(Kind.TABLE, good(Kind.TABLE))


def test_an_expectation_that_cannot_be_built_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Expectation(label="odd", type="expect_nothing_of_the_kind")
    monkeypatch.setattr("parity.quality.runner.expectations", lambda _: (broken,))
    with pytest.raises(ComparisonError, match="daily, candidate: the expectations could not be"):
        failures(Kind.TABLE, good(Kind.TABLE))


def test_checks_in_threads_do_not_mix_their_rows() -> None:
    bad = spoilt(Kind.TABLE, (0, "symbol", None))
    found: dict[int, int] = {}

    def run(number: int) -> None:
        frame = bad if number % 2 else good(Kind.TABLE)
        found[number] = len(failures(Kind.TABLE, frame))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: number % 2 for number in range(6)}


def test_nothing_is_printed_or_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.mkdtemp", None)  # it would leave no trace when cleaned up
    engine._great_expectations.cache_clear()
    assert failures(Kind.BARS, good(Kind.BARS)) == []
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


def test_the_rows_are_left_as_they_were() -> None:
    frame = spoilt(Kind.BARS, (0, "open", None), (1, "high", NAN))
    before = frame.copy()
    check(dataset(Kind.BARS), Side.LEGACY, frame)
    pd.testing.assert_frame_equal(frame, before)
