"""Ends what is kept of runs that no longer hold for any session."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

__all__ = ["KEPT", "prune_evidence"]

KEPT = timedelta(days=30)


def prune_evidence(
    folder: Path, migration: str, holding: Collection[str], now: datetime
) -> list[str]:
    """Deletes the files of old runs; what else is in the folder is left alone.

    Args:
        folder: of the runs' folders, `<folder>/<run_id>/`.
        migration: whose runs.
        holding: ids of the runs that hold for a session. Theirs stay, however old.
        now: folders written less than 30 days before stay.

    Returns:
        The ids of the runs whose files are gone. What cannot be deleted stays, for the next time.
    """
    ours = re.compile(re.escape(migration) + r"\.\d{4}-\d\d-\d\d\.\d+")
    gone: list[str] = []
    try:
        entries = sorted(folder.iterdir())
        for entry in entries:
            if not ours.fullmatch(entry.name) or entry.name in holding or entry.is_symlink():
                continue
            if entry.is_dir() and now - _written(entry) > KEPT:
                shutil.rmtree(entry)
                gone.append(entry.name)
    except OSError:
        pass
    return gone


def _written(folder: Path) -> datetime:
    """When the newest of the folder's files was written."""
    newest = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
    return datetime.fromtimestamp(newest, UTC)
