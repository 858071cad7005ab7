"""The harness's memory: runs, discrepancies, jobs, phases, audits."""

from __future__ import annotations

from parity.database.spool import Spool
from parity.store.store import Store

__all__ = ["Spool", "Store"]
