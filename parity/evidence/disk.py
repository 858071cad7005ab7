"""Files that take their name when they are whole and on disk, and the sums of files."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from parity.evidence.names import is_sealed_anew

__all__ = ["checksum", "clear", "copy", "is_plain", "plain_files", "put", "sync", "write"]

BLOCK = 1 << 20


def write(path: Path, fill: Callable[[BinaryIO], None]) -> None:
    """Writes a file by another name and puts it in place: the old one or the new, never a part.

    Raises:
        OSError: the disk refuses.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def put(path: Path, content: bytes) -> None:
    """Writes a file with this content.

    Raises:
        OSError: the disk refuses.
    """
    write(path, lambda file: _nothing(file.write(content)))


def copy(source: Path, path: Path) -> bool:
    """Copies a file, not its name only: what is written to the source later is not the copy's.

    Returns:
        False where there is no such file.

    Raises:
        OSError: the disk refuses.
    """
    if not source.is_file():
        return False
    with source.open("rb") as file:
        write(path, lambda target: shutil.copyfileobj(file, target, BLOCK))
    return True


def _nothing(_: object) -> None:
    return None


def sync(folder: Path) -> None:
    """Has the names in a folder on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def clear(place: Path) -> None:
    """Removes what an earlier seal wrote, its manifest first; the rows of datasets stay.

    Raises:
        OSError: the disk refuses.
    """
    old = [entry for entry in place.iterdir() if is_sealed_anew(entry.name)]
    for entry in sorted(old, key=lambda entry: entry.name != "manifest.json"):
        entry.unlink()


def plain_files(place: Path) -> list[Path]:
    """The files of a folder by name, without hidden ones and links.

    Raises:
        OSError: the folder cannot be read.
    """
    return sorted(entry for entry in place.iterdir() if is_plain(entry))


def is_plain(path: Path) -> bool:
    """True of a file that is there itself and is not hidden."""
    return path.is_file() and not path.is_symlink() and not path.name.startswith(".")


def checksum(path: Path) -> str:
    """The SHA-256 of a file.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
