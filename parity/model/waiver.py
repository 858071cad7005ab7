"""Waivers: owned, reasoned, expiring acceptances of differences, each with a cap.

A waiver is no tolerance: the rows it covers still differ, and are counted as what they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

__all__ = ["Waiver", "WaiverState", "WaiverUse"]


class WaiverState(StrEnum):
    """What became of a waiver on a night. The gate fails on `expired` and `over_cap`."""

    USED = "used"
    UNUSED = "unused"
    EXPIRED = "expired"
    OVER_CAP = "over_cap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One entry of waivers.yaml.

    Attributes:
        id: names it in results and reports.
        dataset: whose incidents.
        cause: that of the incidents, as they name it; a pair as `split_adjustment + rounding`.
        owner: who answers for it.
        reason: why the differences are accepted.
        expires: the last session on which it holds.
        max_rows: how many rows it may cover on a night; of more it covers none.
        symbols: none: all of them, and rows without a symbol too.
        columns: none: all of them, and rows that one side lacks.
        first: the first session it is about; None: no bound.
        last: the last one.
    """

    id: str
    dataset: str
    cause: str
    owner: str
    reason: str
    expires: date
    max_rows: int
    symbols: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    first: date | None = None
    last: date | None = None

    def expired(self, session: date) -> bool:
        """True when it does not hold on that session any more."""
        return session > self.expires


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverUse:
    """What became of a waiver on a night.

    `rows` are those of its `incidents`: the ones it waives, or would waive if it had not expired or
    were not over its cap.
    """

    waiver: Waiver
    state: WaiverState
    rows: int = 0
    incidents: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """One entry of `waivers` in result.json."""
        return {
            "id": self.waiver.id,
            "dataset": self.waiver.dataset,
            "cause": self.waiver.cause,
            "owner": self.waiver.owner,
            "reason": self.waiver.reason,
            "expires": self.waiver.expires.isoformat(),
            "max_rows": self.waiver.max_rows,
            "state": self.state.value,
            "rows": self.rows,
        }
