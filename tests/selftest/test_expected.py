"""Whether two values differ, decided by hand."""

from __future__ import annotations

import math
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from parity.model.suite import EXACT, Tolerance
from parity.selftest.expected import beyond

TENTH = Tolerance(abs=Decimal("0.1"))
PERCENT = Tolerance(rel=Decimal("0.01"))


@pytest.mark.parametrize(
    ("tolerance", "left", "right", "differs"),
    [
        (EXACT, Decimal("1.10"), Decimal("1.1"), False),
        (EXACT, 2**60, 2**60 + 1, True),
        (EXACT, 0.1, 0.1 + 2**-56, True),
        (EXACT, None, None, False),
        (EXACT, None, 0, True),
        (EXACT, math.nan, math.nan, False),
        (EXACT, math.nan, None, True),
        (EXACT, math.inf, math.inf, False),
        (TENTH, math.inf, 1.0, True),
        (EXACT, "a", "A", True),
        (EXACT, True, True, False),
        (TENTH, Decimal("1.0"), Decimal("1.1"), False),
        (TENTH, Decimal("1.0"), Decimal("1.1000001"), True),
        (TENTH, 1.0, 1.1, None),  # in doubles the delta is 0.10000000000000009
        (TENTH, 1.0, 1.2, True),
        (PERCENT, Decimal(99), Decimal(100), False),
        (PERCENT, Decimal("98.9"), Decimal(100), True),
        (Tolerance(within=timedelta(seconds=1)), Decimal(1), Decimal(2), True),
    ],
)
def test_beyond_tolerance(
    tolerance: Tolerance, left: Any, right: Any, differs: bool | None
) -> None:
    assert beyond(tolerance, left, right) is differs
    assert beyond(tolerance, right, left) is differs
