"""Files of runs that hold no longer."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from parity.store.pruning import delete_evidence, old_evidence

NOW = datetime(2005, 5, 1, tzinfo=UTC)


def made(folder: Path, name: str, days: float) -> Path:
    """A run's folder whose newest file is so many days old."""
    place = folder / name
    place.mkdir(parents=True)
    file = place / "bars.parquet"
    file.write_bytes(b"rows")
    stamp = (NOW - timedelta(days=days)).timestamp()
    for path in (file, place):
        os.utime(path, (stamp, stamp))
    return place


def test_only_old_runs_that_hold_no_longer_are_deleted(tmp_path: Path) -> None:
    old = made(tmp_path, "m.2005-02-28.1", 31)
    stay = [
        made(tmp_path, "m.2005-02-28.2", 31),  # holds
        made(tmp_path, "m.2005-03-01.1", 29),  # is not old yet
        made(tmp_path, "other.2005-02-28.1", 99),  # of another migration
        made(tmp_path, "mx2005-02-28.1", 99),
        made(tmp_path, "m.2005-02-28.1.kept", 99),  # of whoever put it there
    ]
    (tmp_path / "m.2005-02-25.1").symlink_to(stay[0], target_is_directory=True)
    (tmp_path / "m.2005-02-24.1").write_text("a file")
    found = old_evidence(tmp_path, "m", {"m.2005-02-28.2"}, NOW)
    assert found == ["m.2005-02-28.1"]
    assert old.exists()
    assert delete_evidence(tmp_path, [*found, "m.1999-01-01.1"]) == found
    assert not old.exists()
    assert all(path.exists() for path in stay)
    assert len(list(tmp_path.iterdir())) == len(stay) + 2


def test_a_file_that_was_written_again_keeps_its_folder(tmp_path: Path) -> None:
    place = made(tmp_path, "m.2005-02-28.1", 99)
    stamp = (NOW - timedelta(days=1)).timestamp()
    os.utime(place / "bars.parquet", (stamp, stamp))
    assert old_evidence(tmp_path, "m", (), NOW) == []


def test_no_folder_at_all(tmp_path: Path) -> None:
    assert old_evidence(tmp_path / "none", "m", (), NOW) == []
