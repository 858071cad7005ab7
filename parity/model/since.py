"""What has changed between two runs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

__all__ = ["Since"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """The discrepancies of one dataset in a run, against those of an earlier run.

    Two are the same when state and key are: `new` ones are only in the run, `gone` ones only in
    the earlier run, `persisting` ones in both; `changed` ones of these have other values or other
    columns that differ. `new_keys` and `gone_keys` are the first five of each. With `cut`, only
    the first discrepancies of one of the runs were kept, and no more than these were looked at.
    Where the two cannot be held against each other, `reason` says why and all counts are 0.
    """

    dataset: str
    new: int = 0
    gone: int = 0
    persisting: int = 0
    changed: int = 0
    new_keys: tuple[tuple[Any, ...], ...] = ()
    gone_keys: tuple[tuple[Any, ...], ...] = ()
    cut: bool = False
    reason: str = ""

    def __post_init__(self) -> None:
        if self.changed > self.persisting:
            raise ValueError(f"dataset {self.dataset}: more rows changed than persist")

    def to_json(self) -> dict[str, Any]:
        """One entry of `since` in the JSON of a comparison; keys hold numbers, text and null."""
        return {
            "dataset": self.dataset,
            "new": self.new,
            "gone": self.gone,
            "persisting": self.persisting,
            "changed": self.changed,
            "new_keys": [[_plain(part) for part in key] for key in self.new_keys],
            "gone_keys": [[_plain(part) for part in key] for key in self.gone_keys],
            "cut": self.cut,
            "reason": self.reason or None,
        }


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
