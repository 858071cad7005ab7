"""Moved keys and a second cause on the values."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from parity.causes.rule import Rule
from parity.causes.rules import label_shift, null_mismatch, rounding, session_date, timezone_shift
from parity.model.verdict import Side
from tests.causes.moved import by_cause, hourly, reread, sides, stepped
from tests.causes.toy import BARS, compared, fields, incidents, real_bars

PRICES = list(BARS[:4])
MOVES: list[Rule] = [timezone_shift.RULE, label_shift.RULE, session_date.RULE]
COARSE = "numeric(15,1)"
FINE = "numeric(15,4)"


def _types(side: Side) -> dict[str, tuple[str, str]]:
    pair = (COARSE, FINE) if side is Side.LEGACY else (FINE, COARSE)
    return dict.fromkeys(PRICES, pair)


@pytest.mark.parametrize("side", list(Side))
def test_another_clock_and_rounding(side: Side) -> None:
    good = hourly()
    faulty = good.assign(timestamp=reread(good["timestamp"], "America/New_York", "UTC"))
    faulty[PRICES] = faulty[PRICES].round(1)
    differences, context = compared(*sides(side, faulty, good), wanted=fields(types=_types(side)))

    found = incidents(differences, context, [*MOVES, rounding.RULE])

    causes = by_cause(found)
    # Rows whose prices have one decimal anyway need the move alone.
    assert set(causes) <= {"timezone_shift + rounding", "timezone_shift"}
    assert causes["timezone_shift + rounding"] > 0.9 * len(differences)
    for one in found:
        assert one.proved
        assert one.evidence["offset"] == "-5 h, -4 h from 2005-04-03"


def test_another_label_and_missing_volumes() -> None:
    good = real_bars(["AAPL", "IBM"], last=date(2005, 4, 29))
    faulty = stepped(good, 1, 0, 1000)
    faulty["volume"] = faulty["volume"].where(faulty.index % 3 > 0)
    differences, context = compared(faulty, good)

    found = incidents(differences, context, [*MOVES, null_mismatch.RULE])

    assert set(by_cause(found)) == {"label_shift + null_mismatch", "label_shift"}
    assert all(one.proved for one in found)


def test_noise_on_moved_rows_stays_unexplained() -> None:
    good = hourly()
    faulty = good.assign(timestamp=reread(good["timestamp"], "America/New_York", "UTC"))
    faulty["close"] = (faulty["close"] * (1 + 2e-4 * pd.Series(range(len(faulty))) % 3e-4)).round(4)
    differences, context = compared(faulty, good)
    found = incidents(differences, context, MOVES)
    for one in found:
        if one.cause == "timezone_shift":
            assert one.rows < 0.4 * len(differences)
