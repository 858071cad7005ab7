"""Keys that occur more than once."""

from __future__ import annotations

import pandas as pd
import pytest

from parity.model.suite import Kind
from parity.model.verdict import Side
from tests.causes.moved import by_cause, sides
from tests.causes.toy import compared, dataset, incidents, real_bars


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("copies", [2, 3, 5])
def test_identical_copies_of_a_row_that_the_other_side_has(side: Side, copies: int) -> None:
    good = real_bars()
    faulty = pd.concat([good, *[good.iloc[[10, 40, 200]]] * (copies - 1)], ignore_index=True)

    found = incidents(*compared(*sides(side, faulty, good)))

    # Row 200 is IBM's; each key has `copies` rows on one side and 1 on the other.
    assert {one.scope.symbols: one.rows for one in found} == {
        ("AAPL",): 2 * (copies + 1),
        ("IBM",): copies + 1,
    }
    for one in found:
        assert (one.cause, one.proved) == ("duplicate_key", True)
        assert one.evidence["copies"] == copies
        assert one.evidence["doubles"] == one.evidence["side"] == side.value
        assert one.evidence["identical"] is True
        assert "identical copies" in one.evidence["says"]


@pytest.mark.parametrize("kind", list(Kind))
def test_one_of_two_differing_copies_is_the_other_sides_row(kind: Kind) -> None:
    good = real_bars(["IBM"])
    copy = good.iloc[[7]].assign(close=1.0)
    faulty = pd.concat([good, copy], ignore_index=True)

    (found,) = incidents(*compared(faulty, good, of=dataset(kind)))

    assert (found.cause, found.rows) == ("duplicate_key", 3)
    assert found.evidence["identical"] is False
    assert found.evidence["undo"] == "keep the copy that candidate has, drop the rest"


def test_copies_that_differ_and_none_of_which_matches_stay_unexplained() -> None:
    good = real_bars(["IBM"])
    faulty = good.copy()
    faulty.loc[7, "close"] = 2.0
    faulty = pd.concat([faulty, good.iloc[[7]].assign(close=1.0)], ignore_index=True)

    (found,) = incidents(*compared(faulty, good))

    assert (found.cause, found.rows, found.proved) == ("unexplained", 3, False)


def test_identical_copies_that_do_not_match_stay_unexplained() -> None:
    good = real_bars(["IBM"])
    faulty = good.copy()
    faulty.loc[7, "close"] = 2.0
    faulty = pd.concat([faulty, faulty.iloc[[7]]], ignore_index=True)

    (found,) = incidents(*compared(faulty, good))

    assert (found.cause, found.rows) == ("unexplained", 3)


def test_copies_without_a_row_on_the_other_side_must_equal_one_another() -> None:
    good = real_bars(["IBM"])
    same = good.iloc[[3]]
    other = good.iloc[[9]].assign(volume=1.0)
    legacy = pd.concat([good, same, other], ignore_index=True)
    candidate = good.drop(index=[3, 9])

    found = incidents(*compared(legacy, candidate))

    assert by_cause(found) == {"duplicate_key": 2, "unexplained": 2}


def test_both_sides_may_double_a_key() -> None:
    good = real_bars(["IBM"])
    double = pd.concat([good, good.iloc[[3]]], ignore_index=True)
    triple = pd.concat([good, good.iloc[[3, 3]]], ignore_index=True)

    (found,) = incidents(*compared(double, triple))

    assert (found.cause, found.rows) == ("duplicate_key", 5)
    assert (found.evidence["doubles"], found.evidence["copies"]) == ("both", 3)
    assert "side" not in found.evidence

    other = double.assign(close=double["close"].where(double.index != len(good), 1.0))
    (found,) = incidents(*compared(double, other))
    assert (found.cause, found.rows) == ("unexplained", 4)
