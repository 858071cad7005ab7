"""The engine with a rule of the test's own."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from parity.causes import Changed, Context, Differences, Hypothesis, Role, Rule, Shown
from parity.causes.frame import Ints
from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side
from tests.causes.toy import compared, incidents, real_bars

PRICES = (Role.OPEN, Role.HIGH, Role.LOW, Role.CLOSE)


def _halve(found: Differences, rows: Ints, context: Context) -> Iterator[Hypothesis]:
    del context
    mine = rows[found.both[rows]]
    values = found.values[Side.LEGACY].take(mine)
    numbers = values.numbers.copy()
    numbers[:, found.places(*PRICES)] /= 2
    yield Hypothesis(
        rows=mine,
        proof=Changed(Side.LEGACY, values.with_numbers(numbers)),
        identity=("2",),
        says="{symbols}: legacy's prices are doubled ({rows} rows, {first} to {last})",
        undo="divide by 2",
        side=Side.LEGACY,
    )


HALVE = Rule(cause=Cause.SPLIT_ADJUSTMENT, kinds=frozenset({Kind.BARS}), order=1, propose=_halve)


def test_only_rows_that_match_after_the_undo_are_attributed() -> None:
    candidate = real_bars(["IBM"])
    legacy = candidate.copy()
    prices = ["open", "high", "low", "close"]
    legacy.loc[:9, prices] = (legacy.loc[:9, prices] * 2).round(4)
    legacy.loc[5, "close"] = 1.0
    found, context = compared(legacy, candidate)

    unproved, proved = incidents(found, context, [HALVE])

    assert (proved.cause, proved.rows, proved.proved) == ("split_adjustment", 9, True)
    assert proved.evidence["says"] == (
        "IBM: legacy's prices are doubled (9 rows, 2004-09-01 to 2004-09-15)"
    )
    assert (unproved.cause, unproved.rows, unproved.proved) == ("unexplained", 1, False)
    assert "split_adjustment comes nearest but leaves close" in unproved.evidence["why_not"]
    example = proved.evidence["examples"][0]
    assert float(example["legacy"]["close"]) == 2 * float(example["candidate"]["close"])
    assert example["undone"] == example["candidate"]


def test_nothing_left_over_is_lost() -> None:
    bars = real_bars(["IBM", "AAPL"])
    found, context = compared(bars.iloc[3:], bars.iloc[:-2])
    assert [one.rows for one in incidents(found, context, [])] == [3, 2]
    assert np.all(found.both == False)  # noqa: E712


def test_what_shares_a_column_with_another_cause_is_found_on_a_second_look() -> None:
    """A rule that asks for nine of ten of a column's rows sees them once the others are known."""

    def most(found: Differences, rows: Ints, context: Context) -> Iterator[Hypothesis]:
        if len(rows) > 10:
            return
        yield from _halve(found, rows, context)

    def some(found: Differences, rows: Ints, context: Context) -> Iterator[Hypothesis]:
        del context
        mine = rows[found.code[rows] == found.code.max()]
        yield Hypothesis(rows=mine, proof=Shown(), identity=(), says="shown", undo="none")

    candidate = real_bars(["AAPL", "IBM"])
    legacy = candidate.copy()
    prices = ["open", "high", "low", "close"]
    rows = [*range(10), *range(len(legacy) - 20, len(legacy))]
    legacy.loc[rows, prices] = (legacy.loc[rows, prices] * 2).round(4)
    found, context = compared(legacy, candidate)
    kinds = frozenset({Kind.BARS})
    rules = [
        Rule(cause=Cause.SPLIT_ADJUSTMENT, kinds=kinds, order=1, propose=most),
        Rule(cause=Cause.LATE_EDGE, kinds=kinds, order=2, propose=some),
    ]
    out = incidents(found, context, rules)
    assert {(one.cause, one.rows) for one in out} == {("late_edge", 20), ("split_adjustment", 10)}


def test_a_row_alone_beside_one_of_the_other_side_proves_no_absence() -> None:
    bars = real_bars(["IBM"])
    legacy, candidate = bars.drop(index=20), bars.drop(index=21)
    found, context = compared(legacy, candidate)

    def shown(found: Differences, rows: Ints, context: Context) -> Iterator[Hypothesis]:
        del found, context
        yield Hypothesis(rows=rows, proof=Shown(), identity=(), says="shown", undo="none")

    rule = Rule(cause=Cause.MISSING_SESSION, kinds=frozenset({Kind.BARS}), order=1, propose=shown)
    (only,) = incidents(found, context, [rule])
    assert (only.cause, only.rows) == ("unexplained", 2)


def test_a_pair_shows_the_values_with_both_undone() -> None:
    candidate = real_bars(["IBM"])
    legacy = candidate.copy()
    prices = ["open", "high", "low", "close"]
    legacy.loc[:40, prices] = (legacy.loc[:40, prices] * 2).round(1)
    found, context = compared(legacy, candidate)
    pairs = [one for one in incidents(found, context) if "rounding" in one.cause]
    assert pairs
    for example in (example for one in pairs for example in one.evidence["examples"]):
        for name, text in example["undone"].items():
            # Either legacy's own value, or that and what candidate's has become.
            values = {float(part.removeprefix("candidate's ")) for part in text.split(" = ")}
            assert len(values) == 1 or float(example["candidate"][name]) in values
