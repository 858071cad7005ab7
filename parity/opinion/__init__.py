"""The second opinion: an independent re-compare of sampled rows with datacompy.

Independent means that nothing here is shared with `parity.diff`: the rows are fetched separately,
the equality of the design is written a second time, and datacompy does the joining and comparing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity.opinion.keys import Claim, key_of

if TYPE_CHECKING:
    from parity.opinion.second import second_opinion

__all__ = ["Claim", "key_of", "second_opinion"]


def __getattr__(name: str) -> Any:
    """Pandas comes with it, which is slow to import; `apart` leaves that to a child."""
    if name != "second_opinion":
        raise AttributeError(f"module {__name__} has no attribute {name}")
    from parity.opinion import second

    return second.second_opinion
