"""Values that do not fit a type."""

from __future__ import annotations

import numpy as np
import pytest

from parity.causes.rules.overflow import RULE
from tests.causes.toy import compared, fields, incidents
from tests.causes.values_toy import explained, only, real_bars

BIG = 5_000_000_123.0


def wrapped32(value: float) -> float:
    """As C does it."""
    return float(np.array([int(value)], dtype=np.int64).astype(np.int32)[0])


@pytest.mark.parametrize("faulty", ["legacy", "candidate"])
@pytest.mark.parametrize(
    ("kind", "value", "stored", "how"),
    [
        ("integer", BIG, np.nan, "null"),
        ("integer", BIG, 2.0**31 - 1, "clipped"),
        ("integer", BIG, wrapped32(BIG), "wrapped"),
        ("integer", -BIG, -(2.0**31), "clipped"),
        ("bigint", BIG, wrapped32(BIG), "wrapped"),  # it wrapped before it was stored
        ("bigint", BIG, BIG - 2.0**32, "wrapped"),  # unsigned
        ("bigint", 3e9, 2.0**31 - 1, "clipped"),
        ("smallint", 70_000.0, 70_000 - 2.0**16, "wrapped"),
        ("numeric(8,2)", 1_000_000.0, 999_999.99, "clipped"),
        ("numeric(8,2)", 999_999.996, np.nan, "null"),  # rounds to what does not fit
        ("real", 1e39, np.inf, "infinite"),
        ("real", 1e39, float(np.finfo(np.float32).max), "clipped"),
    ],
)
def test_each_way(kind: str, value: float, stored: float, how: str, faulty: str) -> None:
    bars = real_bars(["IBM", "AAPL"])
    candidate = bars.astype({"volume": float})
    candidate.loc[4, "volume"] = value
    legacy = candidate.copy()
    legacy.loc[4, "volume"] = stored
    kinds = (kind, "double precision") if faulty == "legacy" else ("double precision", kind)
    found = only(explained(legacy, candidate, faulty, wanted=fields(types={"volume": kinds})))
    assert (found.cause, found.rows, found.evidence["overflow"]) == ("overflow", 1, how)
    assert found.evidence["columns"] == ["volume"]
    assert found.evidence["types"] == {"volume": kind}
    assert f"{faulty}'s volume does not fit" in found.evidence["says"]


@pytest.mark.parametrize(
    ("value", "stored", "cause"),
    [
        (2.0**31 - 1, np.nan, "null_mismatch"),  # it fits
        (BIG, 2.0**31 - 2, "unexplained"),
        (BIG, wrapped32(BIG) + 1, "unexplained"),
        (BIG, 0.0, "unexplained"),
        (1000.0, 1001.0, "unexplained"),
    ],
)
def test_what_is_none(value: float, stored: float, cause: str) -> None:
    bars = real_bars(["IBM"]).astype({"volume": float})
    bars.loc[4, "volume"] = value
    legacy = bars.copy()
    legacy.loc[4, "volume"] = stored
    wanted = fields(types={"volume": ("integer", "bigint")})
    assert only(explained(legacy, bars, wanted=wanted)).cause == cause


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize(
    ("value", "stored", "cause"),
    [
        (1.5e308, 1.2e308, "unexplained"),
        (1.5e308, -1.2e308, "unexplained"),
        (1e308, 0.0, "unexplained"),
        (float(np.finfo(np.float64).max), np.inf, "overflow"),
        (float(np.finfo(np.float64).max), -np.inf, "unexplained"),
    ],
)
def test_values_near_the_largest_double(
    value: float, stored: float, cause: str, sign: float
) -> None:
    """Warnings are errors here."""
    bars = real_bars(["IBM"]).astype({"volume": float})
    bars.loc[4, "volume"] = sign * value
    legacy = bars.copy()
    legacy.loc[4, "volume"] = sign * stored
    found, context = compared(legacy, bars, wanted=fields(types={"volume": "double precision"}))
    assert only(incidents(found, context, [RULE])).cause == cause
