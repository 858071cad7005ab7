"""Discrepancies on disk between finding and storing them, so that memory stays constant.

A spool's file is a head, then frames (length, checksum, a pickled batch of rows), then an end
that counts the rows. A file without its end was not finished and is refused.
"""

from __future__ import annotations

import os
import pickle
import struct
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

from parity.database.batches import ROWS, Batch, pack
from parity.database.unpickling import load_plain
from parity.model.errors import StoreError
from parity.model.result import Discrepancy

__all__ = ["Spool"]

_HEAD = b"parity spool 2\n"
_FRAME = struct.Struct("<QI")  # bytes of the batch, its CRC-32
_END = struct.Struct("<QQ8s")  # zero where a frame has its length, rows, mark
_MARK = b"complete"
_FEW = 16  # rows of the first batch
_SMALL, _LARGE = 1 << 18, 1 << 20  # bytes of a batch: rows may be wide


class Spool:
    """A file of discrepancies, written once and read as often as wanted, by several in turn.

    `Spool()` has no name, so it is gone with the process however that ends. `Spool.at(path)`
    stands at its path from `finish()` on, whole and on disk; `Spool.open(path)` reads it back.
    """

    def __init__(self) -> None:
        self._file = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115
        self._path: Path | None = None
        self._begin()

    def _begin(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._file.write(_HEAD)
        self._position = len(_HEAD)  # where the next frame goes
        self._stored = 0  # rows in frames
        self._batch: list[Discrepancy] = []
        self._most = _FEW
        self._finished = False

    @classmethod
    def at(cls, path: Path) -> Spool:
        """A spool whose file outlives the process once `finish()` has been called.

        Raises:
            StoreError: the file cannot be made.
        """
        spool = cls.__new__(cls)
        spool._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Only its owner may write it: what is in it is read back as Python values.
            part = os.open(_part(path), os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        except OSError as error:
            raise StoreError(f"{path} cannot be written: {error.strerror}") from error
        spool._file = os.fdopen(part, "r+b")
        spool._begin()
        return spool

    @classmethod
    def open(cls, path: Path) -> Spool:
        """Reads a finished spool back.

        Raises:
            StoreError: there is none, or it is no complete spool.
        """
        spool = cls.__new__(cls)
        spool._path = path
        try:
            spool._file = path.open("rb")
        except OSError as error:
            raise StoreError(f"{path} cannot be read: {error.strerror}") from error
        size = os.fstat(spool._file.fileno()).st_size
        head = spool._at(0, len(_HEAD))
        end = spool._at(max(0, size - _END.size), _END.size)
        if head != _HEAD or size < len(_HEAD) + _END.size or end[16:] != _MARK:
            spool._file.close()
            raise StoreError(f"{path} is no complete spool of discrepancies; remove it")
        spool._position = size - _END.size
        spool._stored = _END.unpack(end)[1]
        spool._batch = []
        spool._finished = True
        return spool

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file; a named one that was not finished leaves nothing."""
        self._file.close()
        if self._path is not None and not self._finished:
            _part(self._path).unlink(missing_ok=True)

    def append(self, found: Discrepancy) -> None:
        """Adds one discrepancy at the end."""
        self._batch.append(found)
        if len(self._batch) >= self._most:
            self._flush()

    def extend(self, found: Iterable[Discrepancy]) -> None:
        """Adds discrepancies at the end."""
        for one in found:
            self.append(one)

    def clear(self) -> None:
        """Forgets everything."""
        self._must_be_open()
        self._begin()

    def finish(self) -> None:
        """Ends a named spool: from now on it stands at its path, flushed to disk.

        Raises:
            StoreError: the disk refused.
        """
        self._must_be_open()
        if self._path is None:
            raise StoreError("a spool without a name cannot be finished")
        try:
            self._flush()
            self._file.seek(self._position)
            self._file.write(_END.pack(0, self._stored, _MARK))
            self._file.flush()
            os.fsync(self._file.fileno())
            _part(self._path).replace(self._path)
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise StoreError(f"{self._path} cannot be written: {error.strerror}") from error
        self._finished = True

    def _must_be_open(self) -> None:
        if self._finished:
            raise StoreError(f"{self._path} is finished; nothing can be added to it")

    def _flush(self) -> None:
        self._must_be_open()
        if not self._batch:
            return
        batches, self._batch = list(pack(self._batch)), []
        for batch in batches:
            payload = pickle.dumps(batch.to_plain(), pickle.HIGHEST_PROTOCOL)
            self._file.seek(self._position)
            self._file.write(_FRAME.pack(len(payload), zlib.crc32(payload)))
            self._file.write(payload)
            self._position += _FRAME.size + len(payload)
            self._stored += len(batch)
            if len(payload) < _SMALL:
                self._most = min(ROWS, self._most * 2)
            elif len(payload) > _LARGE:
                self._most = max(1, self._most // 2)

    def __len__(self) -> int:
        return self._stored + len(self._batch)

    def __iter__(self) -> Iterator[Discrepancy]:
        for batch in self.batches():
            yield from batch.rows()

    def batches(self) -> Iterator[Batch]:
        """What is in now, by column, however much is added meanwhile.

        Raises:
            StoreError: the file is damaged.
        """
        position, end, rest = len(_HEAD), self._position, list(self._batch)
        if not self._finished:
            self._file.flush()
        while position < end:
            # By position: two readers may take turns on the one file.
            size, check = _FRAME.unpack(self._at(position, _FRAME.size))
            payload = self._at(position + _FRAME.size, size)
            if len(payload) != size or zlib.crc32(payload) != check:
                raise StoreError(f"{self._path or 'a temporary spool'} is damaged; remove it")
            yield Batch.from_plain(load_plain(payload))
            position += _FRAME.size + size
        yield from pack(rest)

    def _at(self, position: int, size: int) -> bytes:
        return os.pread(self._file.fileno(), size, position)


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")
