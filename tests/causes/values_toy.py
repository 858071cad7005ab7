"""What tests of value rules share: faults put on one side of real bars, and what all rules say."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from parity.model.result import Incident
from tests.causes import toy
from tests.causes.toy import compared, incidents

Frame = Any  # of pandas, whose stubs do not know what a cell holds
real_bars: Any = toy.real_bars

PRICES = ["open", "high", "low", "close"]


def explained(
    legacy: Frame, candidate: Frame, faulty: str = "legacy", **more: Any
) -> tuple[Incident, ...]:
    """The incidents with all rules; with `faulty="candidate"` the two frames change sides."""
    pair = (legacy, candidate) if faulty == "legacy" else (candidate, legacy)
    found, context = compared(*pair, **more)
    return incidents(found, context)


def only(found: Sequence[Incident]) -> Incident:
    """The one incident."""
    assert len(found) == 1, [(one.cause, one.rows, one.evidence) for one in found]
    return found[0]


def other(side: str) -> str:
    """The other side's name."""
    return "candidate" if side == "legacy" else "legacy"


def decimal(column: Any, decimals: int, mode: str) -> list[float]:
    """Rounded by the decimal module, by the digits that the numbers print with."""
    unit = Decimal(1).scaleb(-decimals)
    return [float(Decimal(repr(float(value))).quantize(unit, mode)) for value in column]
