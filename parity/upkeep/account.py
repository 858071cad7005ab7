"""What an upkeep did, or would do, in counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Account", "Line"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One count: `what` as a plural, how many, and a remark that may be empty."""

    what: str
    number: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What was done.

    Attributes:
        title: one sentence without a full stop.
        lines: counts, in the order in which things were done.
        notes: sentences that a reader should know, such as what was left alone.
        path: the file or folder that was made; empty where none was.
    """

    title: str
    lines: tuple[Line, ...] = ()
    notes: tuple[str, ...] = ()
    path: str = ""

    @property
    def message(self) -> str:
        """All of it in one line, for the state of a flow run."""
        counts = ", ".join(f"{line.number:,} {line.what}" for line in self.lines if line.number)
        return f"{self.title}: {counts or 'nothing'}"

    def to_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "schema_version": 1,
            "title": self.title,
            "counts": {line.what: line.number for line in self.lines},
            "notes": list(self.notes),
            "path": self.path or None,
        }

    def markdown(self) -> str:
        """The same as a Markdown table."""
        rows = [f"| {line.what} | {line.number:,} | {line.note} |" for line in self.lines]
        table = ["| what | number | |", "|---|---:|---|", *rows] if rows else []
        parts = [f"**{self.title}**", "\n".join(table), *self.notes]
        if self.path:
            parts.append(f"`{self.path}`")
        return "\n\n".join(part for part in parts if part) + "\n"
