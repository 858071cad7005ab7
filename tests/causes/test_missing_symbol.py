"""Series that a side has not at all."""

from __future__ import annotations

import pytest

from parity.model.suite import Kind
from parity.model.verdict import Side
from tests.causes.moved import by_cause, hourly, sides
from tests.causes.toy import compared, dataset, incidents, real_bars


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("kind", [Kind.BARS, Kind.INDICATORS])
def test_each_missing_symbol_is_an_incident(side: Side, kind: Kind) -> None:
    good = real_bars(["AAPL", "IBM", "MSFT"])
    found = incidents(
        *compared(*sides(side, good[good["symbol"] == "IBM"], good), of=dataset(kind))
    )

    rows = len(good) // 3
    assert {(one.cause, one.scope.symbols, one.rows, one.proved) for one in found} == {
        ("missing_symbol", ("AAPL",), rows, True),
        ("missing_symbol", ("MSFT",), rows, True),
    }
    assert {one.evidence["side"] for one in found} == {side.value}
    assert len({one.id for one in found}) == 2


def test_a_missing_symbol_of_one_row() -> None:
    good = real_bars(["AAPL", "IBM"])
    short = good[(good["symbol"] == "IBM") | (good.index == 0)]
    (found,) = incidents(*compared(good[good["symbol"] == "IBM"], short))
    assert (found.cause, found.rows) == ("missing_symbol", 1)


def test_bars_inside_the_day() -> None:
    good = hourly()
    (found,) = incidents(*compared(good, good[good["symbol"] == "AAPL"]))
    assert (found.cause, found.scope.symbols) == ("missing_symbol", ("IBM",))
    assert "candidate has no row at all of IBM" in found.evidence["says"]


def test_a_symbol_of_which_a_row_is_left_is_not_missing() -> None:
    good = real_bars(["AAPL", "IBM"])
    rest = good[(good["symbol"] == "IBM") | (good.index == 50)]
    assert "missing_symbol" not in by_cause(incidents(*compared(rest, good)))
