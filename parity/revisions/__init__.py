"""The journal of revisions: what each side said of a row, and from which night on.

A later night proves with it that one side still holds what the other said before it was revised.
Only changes are kept: a revision holds from its session until the row's next one.
"""

from __future__ import annotations

from parity.revisions.journal import MOST, Rows, find, keep, newest, prune

__all__ = ["MOST", "Rows", "find", "keep", "newest", "prune"]
