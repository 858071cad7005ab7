"""The rows that a proof has something to say about: all of them in a file, the first by name."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

from parity.model.result import Discrepancy
from parity.model.verdict import Side

__all__ = ["SHOWN", "Listing", "list_keys"]

SHOWN = 5  # rows that are named


@dataclass(slots=True)
class Listing:
    """Takes rows that differ: writes all of them into a file if it can, and keeps the first."""

    path: Path
    key: tuple[str, ...]
    examples: list[str] = field(default_factory=list)
    trouble: str = ""
    _file: TextIO | None = None

    def add(self, found: Discrepancy) -> None:
        """Adds one. A file that cannot be written costs the list, not the proof."""
        if len(self.examples) < SHOWN:
            self.examples.append(_named(found))
        if self.trouble:
            return
        try:
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self.path.open("w", encoding="utf-8", newline="")
                csv.writer(self._file).writerow(["state", *self.key, "column", *Side])
            csv.writer(self._file).writerows(_lines(found))
        except OSError as error:
            self.trouble = f"the list {self.path} cannot be written: {error.strerror}"

    def close(self) -> None:
        """Ends the file."""
        if self._file is None:
            return
        try:
            self._file.close()
        except OSError as error:
            self.trouble = f"the list {self.path} cannot be written: {error.strerror}"

    @property
    def listed(self) -> tuple[str, ...]:
        """Where the whole list is, or why it is not."""
        if self.trouble:
            return (self.trouble,)
        return (str(self.path),) if self._file is not None else ()


def list_keys(
    path: Path, names: Sequence[str], keys: Iterable[Sequence[Any]]
) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    """Writes keys of rows into a file: how many, the first by name, where or why not.

    Where there is none, a file of before is left as it was.
    """
    number, trouble = 0, ""
    first: list[str] = []
    file: TextIO | None = None
    for key in keys:
        number += 1
        if len(first) < SHOWN:
            first.append(" ".join(map(str, key)))
        if trouble:
            continue
        try:
            if file is None:
                path.parent.mkdir(parents=True, exist_ok=True)
                file = path.open("w", encoding="utf-8", newline="")
                csv.writer(file).writerow(names)
            csv.writer(file).writerow(key)
        except OSError as error:
            trouble = f"the list {path} cannot be written: {error.strerror}"
    try:
        if file is not None:
            file.close()
    except OSError as error:
        trouble = f"the list {path} cannot be written: {error.strerror}"
    listed = (trouble,) if trouble else (str(path),) if number else ()
    return number, tuple(first), listed


def _named(found: Discrepancy) -> str:
    """A row by its key, and what differs in it."""
    name = " ".join(str(part) for part in found.key)
    if found.legacy is None or found.candidate is None:
        return name
    return f"{name}: " + ", ".join(
        f"{column} legacy {_told(found.legacy[column])}, served {_told(found.candidate[column])}"
        for column in found.columns
    )


def _told(value: Any) -> str:
    """Large numbers can be read at a glance."""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def _lines(found: Discrepancy) -> Iterator[list[Any]]:
    """A line for each column that differs; one for a row that one side has not."""
    head = [found.state.value, *found.key]
    if found.legacy is None or found.candidate is None:
        yield [*head, "", "", ""]
        return
    for column in found.columns:
        yield [*head, column, found.legacy[column], found.candidate[column]]
