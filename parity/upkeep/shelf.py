"""The folder of a migration's backups: what is in it, what is unfinished, what is too old."""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from parity.model.errors import ParityError

__all__ = ["Record", "Shelf"]

RECORD = ".scratch.json"
_SCRATCH = re.compile(r"parity_backup_[0-9a-f]{24}")


@dataclass(frozen=True, slots=True)
class Record:
    """Remembers, on disk, the scratch databases that are there for a backup.

    A name is written down before its database is made and has 96 random bits, so that a database
    of a name that stands here is ours, whatever killed the process that made it.
    """

    path: Path

    def names(self) -> tuple[str, ...]:
        """The names that were not crossed out."""
        try:
            found = json.loads(self.path.read_bytes())
        except (OSError, ValueError):
            return ()
        names = found if isinstance(found, list) else []
        return tuple(one for one in names if isinstance(one, str) and _SCRATCH.fullmatch(one))

    def new(self) -> str:
        """A new name, which is written down.

        Raises:
            OSError: it cannot be.
        """
        name = f"parity_backup_{secrets.token_hex(12)}"
        self._write([*self.names(), name])
        return name

    def cross_out(self, name: str) -> None:
        """Forgets a name whose database is gone.

        Raises:
            OSError: the file cannot be written.
        """
        left = [one for one in self.names() if one != name]
        if left:
            self._write(left)
        else:
            self.path.unlink(missing_ok=True)

    def _write(self, names: Sequence[str]) -> None:
        part = self.path.with_name(f"{self.path.name}.part")
        with part.open("w", encoding="utf-8") as file:
            json.dump(list(names), file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.path)
        _sync(self.path.parent)


@dataclass(frozen=True, slots=True)
class Shelf:
    """The folder, of which only files of this migration's backups are ours.

    `<migration>-<time in UTC>.dump`, and `….dump.json` with what is in it.
    """

    folder: Path
    migration: str

    @property
    def record(self) -> Record:
        """Which scratch databases there are."""
        return Record(self.folder / RECORD)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Makes the folder; one backup at a time. The lock goes when the process does.

        Raises:
            ParityError: another process makes one.
            OSError: the folder cannot be made.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ParityError(
                    f"another backup into {self.folder} is running; wait for its end"
                ) from None
            yield
        finally:
            os.close(descriptor)

    def name(self, now: datetime) -> str:
        """What a backup made now is called."""
        return f"{self.migration}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.dump"

    def part(self, name: str) -> Path:
        """Where it stands until it is known to restore."""
        return self.folder / f".{name}.part"

    def put(self, name: str, content: Mapping[str, Any]) -> Path:
        """Gives the part its name; what is in it is told beside it before.

        Raises:
            OSError: the disk refuses.
        """
        beside = self.folder / f"{name}.json"
        with beside.open("w", encoding="utf-8") as file:
            file.write(json.dumps(content, indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        path = self.folder / name
        self.part(name).replace(path)
        _sync(self.folder)
        return path

    def remove_unfinished(self) -> None:
        """Deletes parts that a killed backup has left.

        Raises:
            OSError: the disk refuses.
        """
        for entry in self.folder.iterdir():
            name = entry.name.removeprefix(".").removesuffix(".list").removesuffix(".part")
            begun = (self.part(name).name, f"{self.part(name).name}.list")
            if entry.name in begun and self._ours(name):
                entry.unlink()

    def prune(self, kept: int) -> int:
        """Deletes the oldest backups beyond the number kept; returns how many.

        Raises:
            OSError: the disk refuses.
        """
        entries = sorted(self.folder.iterdir())
        dumps = [one for one in entries if self._ours(one.name) and not one.is_symlink()]
        gone = dumps[: max(0, len(dumps) - kept)]
        for path in gone:
            path.unlink()
        left = {path.name for path in dumps if path not in gone}
        for entry in entries:
            name = entry.name.removesuffix(".json")
            if entry.name == f"{name}.json" and self._ours(name) and name not in left:
                entry.unlink()
        return len(gone)

    def _ours(self, name: str) -> bool:
        return bool(re.fullmatch(re.escape(self.migration) + r"-\d{8}T\d{6}Z\.dump", name))


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
