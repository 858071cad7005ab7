"""Pages, logs and evidence of nights on disk: which are the harness's own, and how they go.

A file goes only if its name and its place are those that the harness gives. What else lies in a
folder stays, and its folder with it; a symbolic link is never followed and never deleted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from parity.model.errors import ParityError
from parity.model.verdict import Phase

__all__ = ["Page", "evidence_folders", "log_folders", "pages", "remove"]

RESULT = "result.json"
_PARTS = re.compile(r"discrepancies-.+\.(csv|parquet)|quality-.+\.html")  # beside a page


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The published page of a night: its folder and what its `result.json` says."""

    phase: str
    session: date
    folder: Path
    result: Mapping[str, Any]

    @property
    def files(self) -> tuple[Path, ...]:
        """Its own files; the last one is that by which it is known, should the others be gone."""
        own = [
            entry
            for entry in _plain(self.folder)
            if entry.name == "index.html" or _PARTS.fullmatch(entry.name)
        ]
        return (*own, self.folder / RESULT)


def pages(reports: Path, migration: str) -> list[Page]:
    """The pages of a migration below the reports folder, the oldest session first."""
    found = [
        Page(phase=phase.value, session=session, folder=folder, result=result)
        for phase in Phase
        for session, folder in _dated(reports / phase.value)
        if (result := _result(folder, migration)) is not None
    ]
    return sorted(found, key=lambda page: (page.session, list(Phase).index(Phase(page.phase))))


def log_folders(
    logs: Path, names: Mapping[date, frozenset[str]], also: Collection[str]
) -> list[tuple[date, tuple[Path, ...]]]:
    """The logs of jobs by session, those of measurements of noise below among them.

    Args:
        logs: the folder of the sessions' folders.
        names: the names of jobs that ran for a session.
        also: names of jobs that may have run for any.
    """
    found = []
    for session, folder in _dated(logs):
        own = {f"{name}.log" for name in (*names.get(session, ()), *also)}
        files = [entry for entry in _plain(folder) if entry.name in own]
        second = folder / "noise"
        if second.is_dir() and not second.is_symlink():
            files += [entry for entry in _plain(second) if entry.name in own]
        if files:
            found.append((session, tuple(files)))
    return found


def evidence_folders(
    evidence: Path, migration: str, own: Callable[[str], bool]
) -> list[tuple[str, date, tuple[Path, ...]]]:
    """Run, session and files of each run's folder of evidence.

    Args:
        evidence: the folder of the runs' folders.
        migration: whose runs.
        own: whether the harness gives files this name.
    """
    ours = re.compile(re.escape(migration) + r"\.(\d{4}-\d\d-\d\d)\.\d+")
    found = []
    for folder in _folders(evidence):
        match = ours.fullmatch(folder.name)
        session = _date(match[1]) if match else None
        if session is not None:
            files = [entry for entry in _plain(folder) if own(entry.name)]
            found.append((folder.name, session, tuple(files)))
    return found


def remove(files: Collection[Path], upto: Path) -> None:
    """Deletes files in their order, then the folders below `upto` that are empty.

    Args:
        files: all somewhere below `upto`.
        upto: a folder that stays.

    Raises:
        ParityError: the disk refuses; some may be gone, and running again goes on from there.
    """
    try:
        for file in files:
            file.unlink(missing_ok=True)
        above = {parent for file in files for parent in file.parents if upto in parent.parents}
        for folder in sorted(above, key=lambda path: -len(path.parts)):
            if not any(folder.iterdir()):
                folder.rmdir()
    except OSError as error:
        raise ParityError(f"{error.filename} cannot be deleted: {error.strerror}") from None


def _result(folder: Path, migration: str) -> Mapping[str, Any] | None:
    """What a night's result.json says; None where it is no such file of this migration."""
    path = folder / RESULT
    if path.is_symlink() or not path.is_file():
        return None
    try:
        result = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    ours = isinstance(result, dict) and result.get("migration") == migration
    return result if ours else None


def _dated(folder: Path) -> Iterator[tuple[date, Path]]:
    for entry in _folders(folder):
        session = _date(entry.name)
        if session is not None:
            yield session, entry


def _date(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.isoformat() == text else None


def _folders(folder: Path) -> list[Path]:
    """The folders in a folder, links left out; none where it is one itself, or is missing."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    return sorted(one for one in folder.iterdir() if one.is_dir() and not one.is_symlink())


def _plain(folder: Path) -> list[Path]:
    return sorted(one for one in folder.iterdir() if one.is_file() and not one.is_symlink())
