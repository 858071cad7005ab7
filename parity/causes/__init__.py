"""From discrepancies to incidents."""

from __future__ import annotations

from parity.causes.fold import Folder

__all__ = ["Folder"]
