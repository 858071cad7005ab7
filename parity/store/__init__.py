"""The harness's memory: runs, discrepancies, jobs, phases."""

from __future__ import annotations

from parity.store.spool import Spool
from parity.store.store import Store

__all__ = ["Spool", "Store"]
