"""What an earlier rollback has listed for people to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parity.model.trail import TrailEntry, TrailKind
from parity.model.verdict import Side
from parity.nightly.harness import Harness
from parity.report.words import count

__all__ = ["ListedBefore", "listed_before"]


@dataclass(frozen=True, slots=True)
class ListedBefore:
    """The rows that a rollback has listed: how many, and the files with all of them."""

    operation: str
    rows: int
    files: tuple[str, ...]

    @property
    def told(self) -> str:
        """The same in words."""
        verb = "differs" if self.rows == 1 else "differ"
        where = f": {', '.join(self.files)}" if self.files else ""
        return (
            f"{self.operation} has listed {count(self.rows, 'row')} that {verb} from what was "
            f"served{where}"
        )


def listed_before(harness: Harness, last: TrailEntry | None) -> ListedBefore | None:
    """What the rollback that made consumers read legacy has listed; None: nothing.

    Args:
        harness: whose trail.
        last: the row of the last switch.

    Raises:
        StoreError: the trail cannot be read.
    """
    if last is None or last.content.get("to") != Side.LEGACY:
        return None
    operation = str(last.content.get("operation", ""))
    found: dict[str, dict[str, Any]] = {}  # the newest of each relation
    for entry in harness.store.trail(harness.suite.migration, TrailKind.CATCH_UP):
        if entry.content.get("operation") == operation:
            found[str(entry.content.get("relation"))] = entry.content
    rows = sum(
        int(one.get("beyond_tolerance", 0)) + int(one.get("still_missing", 0))
        for one in found.values()
    )
    files = [name for one in found.values() for name in one.get("listed", ())]
    return ListedBefore(operation, rows, tuple(files)) if rows else None
