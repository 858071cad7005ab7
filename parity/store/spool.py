"""Discrepancies on disk between finding and storing them, so that memory stays constant."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import BinaryIO, cast

from parity.model.result import Discrepancy

__all__ = ["Spool"]


class Spool:
    """A temporary file of discrepancies, written once and read as often as wanted.

    The file has no name, so it is gone with the process however that ends; pickle is safe here
    because nobody else can write to it.
    """

    def __init__(self) -> None:
        self._file = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115
        self._size = 0

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def append(self, found: Discrepancy) -> None:
        """Adds one discrepancy at the end."""
        self._file.seek(0, 2)
        pickle.dump(found, self._file, pickle.HIGHEST_PROTOCOL)
        self._size += 1

    def clear(self) -> None:
        """Forgets everything."""
        self._file.truncate(0)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Discrepancy]:
        position = 0
        for _ in range(self._size):
            # Two readers may take turns on the one file.
            self._file.seek(position)
            found = pickle.load(self._file)  # noqa: S301
            position = self._file.tell()
            yield found
