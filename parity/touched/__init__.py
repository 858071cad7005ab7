"""What was written since an earlier night: by a log that triggers keep, or by a change column.

The log (`parity.touched`) has one row for each symbol and month that a statement touched, with
the first and last moment. It is written in the writer's transaction, so it is there exactly when
the rows are. What it cannot tell makes everything count as touched, never nothing:

- a TRUNCATE, a row without a symbol, the moment at which the log was switched on,
- triggers missing, disabled or made for other columns, on the table or any of its partitions,
- triggers that were disabled and enabled again, or made, since the earlier snapshot,
- an earlier snapshot that has been pruned from the log or comes from another server.

It does not see partitions that are detached, rows changed by ALTER TABLE, and writers that
switch triggers off (`session_replication_role`); the rotating audit finds those.
"""

from __future__ import annotations

from parity.touched.changed import Changed, changed_since
from parity.touched.install import install, installed, remove
from parity.touched.log import entries, gap, prune, touched_since
from parity.touched.spans import EVERYTHING, Span

__all__ = [
    "EVERYTHING",
    "Changed",
    "Span",
    "changed_since",
    "entries",
    "gap",
    "install",
    "installed",
    "prune",
    "remove",
    "touched_since",
]
