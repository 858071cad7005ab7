"""The second opinion against an oracle in plain Python, on generated rows."""

from __future__ import annotations

import math
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.model.result import RowState
from parity.model.suite import Dataset, Kind, Relation, Tolerance
from parity.opinion import Claim, second_opinion

COLUMNS = ["symbol", "day", "price", "value"]
Row = tuple[Any, ...]

keys = st.tuples(st.sampled_from(["A", "B", "C", None]), st.integers(1, 3))
decimals = st.one_of(
    st.none(),
    st.decimals(min_value=-3, max_value=3, places=1),
    st.sampled_from([Decimal("NaN"), Decimal("Infinity"), Decimal("-Infinity"), Decimal("1e30")]),
)
doubles = st.one_of(
    st.none(),
    st.sampled_from([0.0, -0.0, 1.0, 1.1, 1.2, 100.0, 101.0, 1e-320, 1e308]),
    st.floats(),
)
rows = st.lists(st.tuples(keys, decimals, doubles).map(lambda r: (*r[0], r[1], r[2])), max_size=12)
tolerances = st.builds(
    Tolerance,
    abs=st.sampled_from([Decimal(0), Decimal("0.1"), Decimal("1e-9")]),
    rel=st.sampled_from([Decimal(0), Decimal("0.01"), Decimal("0.1"), Decimal("0.9")]),
)


def oracle_equal(left: Any, right: Any, tolerance: Tolerance) -> bool:
    if left is None or right is None:
        return left is right
    if math.isnan(left) or math.isnan(right):
        return math.isnan(left) and math.isnan(right)
    if isinstance(left, float):
        return math.isclose(left, right, abs_tol=float(tolerance.abs), rel_tol=float(tolerance.rel))
    if not (left.is_finite() and right.is_finite()):
        return bool(left == right)
    a, b = Fraction(left), Fraction(right)
    allowed = max(Fraction(tolerance.abs), Fraction(tolerance.rel) * max(abs(a), abs(b)))
    return abs(a - b) <= allowed


def oracle(left: list[Row], right: list[Row], tolerance: Tolerance) -> dict[Row, Claim]:
    """Every discrepancy by key."""
    found: dict[Row, Claim] = {}
    here, there = Counter(row[:2] for row in left), Counter(row[:2] for row in right)
    for key in here | there:
        if None in key:
            found[key] = RowState.NULL_KEY
        elif here[key] > 1 or there[key] > 1:
            found[key] = RowState.DUPLICATE_KEY
        elif not there[key]:
            found[key] = RowState.LEGACY_ONLY
        elif not here[key]:
            found[key] = RowState.CANDIDATE_ONLY
        else:
            ours = next(row for row in left if row[:2] == key)
            theirs = next(row for row in right if row[:2] == key)
            wrong = frozenset(
                name
                for name, a, b in zip(COLUMNS[2:], ours[2:], theirs[2:], strict=True)
                if not oracle_equal(a, b, tolerance)
            )
            if wrong:
                found[key] = wrong
    return found


def dataset(tolerance: Tolerance) -> Dataset:
    return Dataset(
        name="t",
        kind=Kind.TABLE,
        legacy=Relation("legacy", "t"),
        candidate=Relation("prefect", "t"),
        key=("symbol", "day"),
        default_tolerance=tolerance,
    )


def frame(data: list[Row]) -> pd.DataFrame:
    return pd.DataFrame(data, columns=COLUMNS, dtype=object)


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(left=rows, right=rows, tolerance=tolerances)
def test_agrees_with_the_oracle(left: list[Row], right: list[Row], tolerance: Tolerance) -> None:
    truth = oracle(left, right, tolerance)
    found = second_opinion(dataset(tolerance), frame(left), frame(right), truth)
    assert found.examples == ()
    assert found.disagreements == 0
    assert found.rows == len({row[:2] for row in left + right})


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(left=rows.filter(bool), right=rows, tolerance=tolerances, data=st.data())
def test_catches_any_one_lie(
    left: list[Row], right: list[Row], tolerance: Tolerance, data: st.DataObject
) -> None:
    truth = oracle(left, right, tolerance)
    key = data.draw(st.sampled_from([row[:2] for row in left + right]))
    claims: list[Claim] = [*RowState, frozenset({"price"}), frozenset({"price", "value"})]
    true_claim = truth.get(key, RowState.MATCHED)
    lie = data.draw(st.sampled_from([claim for claim in claims if claim != true_claim]))
    found = second_opinion(dataset(tolerance), frame(left), frame(right), truth | {key: lie})
    assert found.disagreements == 1
