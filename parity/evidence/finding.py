"""What a verification says: what is not as it was, or could not be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Finding", "Verification"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing. `told` is False where it may be as it was and could not be read."""

    where: str
    what: str
    told: bool = True

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """All that was verified, and what was found.

    Attributes:
        migration: whose.
        rows: of the trail.
        head: number and hash of its newest row; 0 and empty where it has none.
        sealed: runs with a seal, of which all was verified.
        files: of these runs.
        pruned: runs whose evidence was deleted, as the trail says.
        waiting: runs that the next night seals.
        findings: in the order in which things were looked at.
    """

    migration: str
    rows: int
    head: tuple[int, str]
    sealed: int
    files: int
    pruned: int
    waiting: int
    findings: Sequence[Finding]

    @property
    def changed(self) -> bool:
        """True where something is not as it was."""
        return any(finding.told for finding in self.findings)

    @property
    def exit_code(self) -> int:
        """0 all as it was, 1 something was changed, 2 it could not be told."""
        if self.changed:
            return 1
        return 2 if self.findings else 0

    def to_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "schema_version": 1,
            "migration": self.migration,
            "as_it_was": {0: True, 1: False, 2: None}[self.exit_code],
            "trail": {"rows": self.rows, "number": self.head[0], "head": self.head[1]},
            "runs": {"sealed": self.sealed, "pruned": self.pruned, "waiting": self.waiting},
            "files": self.files,
            "findings": [
                {"where": one.where, "what": one.what, "told": one.told} for one in self.findings
            ],
        }
