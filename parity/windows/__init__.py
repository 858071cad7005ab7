"""What a night compares of a long history, and what it leaves to the next one. Pure logic."""

from __future__ import annotations

from parity.windows.audit import coverage, next_audit
from parity.windows.choose import choose
from parity.windows.scope import EVERYTHING, Moment, Range, Scope

__all__ = ["EVERYTHING", "Moment", "Range", "Scope", "choose", "coverage", "next_audit"]
