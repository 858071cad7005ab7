"""Ends what is kept of runs that no longer hold for any session."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

__all__ = ["KEPT", "delete_evidence", "old_evidence"]

KEPT = timedelta(days=30)


def old_evidence(folder: Path, migration: str, kept: Collection[str], now: datetime) -> list[str]:
    """The runs whose files may go.

    Args:
        folder: of the runs' folders, `<folder>/<run_id>/`.
        migration: whose runs.
        kept: ids of the runs that hold for a session, or that a decision rests on. Theirs stay,
            however old.
        now: folders written less than 30 days before stay.

    Returns:
        The ids of the runs. A folder that cannot be read is left alone.
    """
    ours = re.compile(re.escape(migration) + r"\.\d{4}-\d\d-\d\d\.\d+")
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return []
    return [
        entry.name
        for entry in entries
        if ours.fullmatch(entry.name)
        and entry.name not in kept
        and entry.is_dir()
        and not entry.is_symlink()
        and _is_old(entry, now)
    ]


def _is_old(folder: Path, now: datetime) -> bool:
    """True when the newest of the folder's files was written long ago."""
    try:
        newest = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
    except OSError:
        return False
    return now - datetime.fromtimestamp(newest, UTC) > KEPT


def delete_evidence(folder: Path, run_ids: Iterable[str]) -> list[str]:
    """Deletes the files of runs; what else is in the folder is left alone.

    Returns:
        The ids of the runs whose files are gone. What cannot be deleted stays, for the next time.
    """
    gone = []
    for run_id in run_ids:
        try:
            shutil.rmtree(folder / run_id)
        except OSError:
            continue
        gone.append(run_id)
    return gone
