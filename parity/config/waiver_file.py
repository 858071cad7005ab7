"""Adds waivers to waivers.yaml: all that was there stays, and the file is whole at any moment."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from parity.config.waiver_text import HEAD, appended, entry_text
from parity.config.waivers import waivers_of
from parity.model.errors import ConfigError, UsageError
from parity.model.waiver import Waiver

__all__ = ["add_waivers"]

_MARK = b"\xef\xbb\xbf"  # a byte order mark


def add_waivers(path: Path, waivers: Sequence[Waiver], datasets: Collection[str]) -> None:
    """Adds entries behind the last one, or makes the file.

    The new text is read back before it takes the file's place: it holds the old waivers and then
    the new ones, or nothing is changed.

    Raises:
        ConfigError: the file is wrong already.
        UsageError: no place for the entries can be found, or the file cannot be written.
    """
    target = path.resolve()  # a link stays a link
    try:
        with _alone(target.parent):
            before = target.read_bytes() if target.exists() else None
            text = _with(before, path, waivers, datasets)
            _replace(target, before, text)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}; nothing is changed"
        ) from None


def _with(
    before: bytes | None, path: Path, waivers: Sequence[Waiver], datasets: Collection[str]
) -> bytes:
    if before is None:
        return (HEAD + "".join(map(entry_text, waivers))).encode()
    mark = _MARK if before.startswith(_MARK) else b""
    old = _decoded(before, path)
    wanted = (*waivers_of(old, path, datasets), *waivers)
    for text in appended(old, waivers):
        try:
            found = waivers_of(text, path, datasets)
        except ConfigError:
            continue
        if found == wanted:
            return mark + text.encode()
    raise UsageError(
        f"{path} is written in a way that entries cannot be added to; nothing is changed. "
        "Run this without --write, and paste what it prints"
    )


def _decoded(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text; save it as UTF-8") from None


def _replace(target: Path, before: bytes | None, content: bytes) -> None:
    new = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        with new.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if before is not None:
            shutil.copymode(target, new)
        if (target.read_bytes() if target.exists() else None) != before:
            raise UsageError(f"{target} was changed at the same moment; run this again")
        new.replace(target)
    finally:
        new.unlink(missing_ok=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One at a time in a folder; the lock goes when the process does."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
