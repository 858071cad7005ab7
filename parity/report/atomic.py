"""Put a file or a whole folder in place at once: readers see the old one or the new one.

A folder is written beside its place as `.NAME.new`, flushed to disk, then exchanged with the
old one in one system call where the kernel can (`renameat2`), else by two renames. What an
interrupted publication left behind is mended by the next one.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["link_or_copy", "replace_file", "replaced_folder"]

_RENAME_EXCHANGE = 2
_AT_FDCWD = -100


@contextmanager
def replaced_folder(folder: Path, *, ours: Callable[[str], bool]) -> Iterator[Path]:
    """Yield an empty folder to fill; on a clean exit it takes the place of `folder`.

    Entries of the old folder for which `ours(name)` is false (job logs) are kept: they are
    linked into the new one. When the body raises, the old folder stays as it was.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.parent):
        new, old = _siblings(folder)
        _mend(folder, new, old)
        new.mkdir()
        try:
            yield new
            if folder.exists():
                _keep_foreign(folder, new, ours)
            _sync_tree(new)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
        _swap(folder, new, old)


def replace_file(path: Path, content: bytes) -> None:
    """Write a file at once: the old content or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path.parent):
        new = path.with_name(f".{path.name}.new")
        new.write_bytes(content)
        _sync(new)
        new.replace(path)
        _sync(path.parent)


def _siblings(folder: Path) -> tuple[Path, Path]:
    return folder.with_name(f".{folder.name}.new"), folder.with_name(f".{folder.name}.old")


def _mend(folder: Path, new: Path, old: Path) -> None:
    if old.exists() and not folder.exists():
        old.rename(folder)  # stopped between the two renames: the old one is the truth
    for leftover in (new, old):
        if leftover.exists():
            shutil.rmtree(leftover)


def _swap(folder: Path, new: Path, old: Path) -> None:
    if not folder.exists():
        new.rename(folder)
    elif _exchange(new, folder):
        new.rename(old)
    else:
        folder.rename(old)
        new.rename(folder)
    _sync(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two paths in one step; False where the system or file system cannot."""
    if not sys.platform.startswith("linux"):
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    rename.argtypes = (
        ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint,
    )  # fmt: skip
    paths = (os.fsencode(one), os.fsencode(other))
    return bool(rename(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_EXCHANGE) == 0)


def _keep_foreign(old: Path, new: Path, ours: Callable[[str], bool]) -> None:
    for entry in sorted(old.iterdir()):
        target = new / entry.name
        if ours(entry.name) or target.exists():
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.copytree(entry, target, symlinks=True, copy_function=link_or_copy)
        else:
            link_or_copy(str(entry), str(target))


def link_or_copy(source: str, target: str) -> object:
    """The file under a second name, or a copy where the file system has no hard links."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:  # none here, or not across file systems
        shutil.copy2(source, target, follow_symlinks=False)
    return target


def _sync_tree(folder: Path) -> None:
    for where, _, files in os.walk(folder, topdown=False):
        for name in files:
            path = Path(where, name)
            if path.is_file() and not path.is_symlink():
                _sync(path)
        _sync(Path(where))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One publication at a time in a folder; the lock goes when the process does."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
