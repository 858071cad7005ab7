"""What a long comparison has finished, on disk, so that it can go on after a kill.

A folder for each dataset: `layout.json`, then for each finished task its counts (`NAME.json`) and,
where rows differ, a spool of them (`NAME.rows`). The counts are written last, whole or not at all:
a task without them is done again. All of it is about one snapshot, whose token is in
`snapshot.json`.
"""

from __future__ import annotations

import json
import os
import shutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity.database.spool import Spool
from parity.diff.layout import Layout
from parity.diff.tally import Tally
from parity.diff.work import Outcome, Task
from parity.model.errors import StoreError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

__all__ = ["DatasetJournal", "Journal"]

SNAPSHOT = "snapshot.json"


class Journal:
    """The journal of one comparison of several datasets.

    Args:
        folder: of this journal alone.
        fingerprint: stands for everything that the comparison depends on but the data: another
            one's journal is of no use.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self.folder = folder
        self._fingerprint = fingerprint

    def token(self) -> str | None:
        """The token of the interrupted comparison's snapshot; None where there is none."""
        found = _read(self.folder / SNAPSHOT)
        if not found or found.get("fingerprint") != self._fingerprint:
            return None
        return str(found["token"])

    def begin(self, token: str) -> None:
        """From now on the journal is about this snapshot."""
        self.clear()
        self.folder.mkdir(parents=True, mode=0o700)
        self.keep(token)

    def keep(self, token: str) -> None:
        """The same snapshot under another token."""
        _write(self.folder / SNAPSHOT, {"token": token, "fingerprint": self._fingerprint})

    def clear(self) -> bool:
        """Forgets everything; True where there was something."""
        found = self.folder.exists()
        shutil.rmtree(self.folder, ignore_errors=True)
        return found

    def of(self, dataset: str) -> DatasetJournal:
        """The part of one dataset."""
        return DatasetJournal(self.folder / dataset)


class DatasetJournal:
    """What is finished of one dataset."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def layout(self) -> Layout | None:
        """How the dataset was cut up; None where it has not been begun."""
        path = self._folder / "layout.json"
        try:
            return _adapter().validate_json(path.read_bytes())
        except (OSError, ValueError):
            return None

    def begin(self, layout: Layout) -> None:
        """Keeps how the dataset is cut up."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(self._folder / "layout.json", _adapter().dump_python(layout, mode="json"))

    def place(self, task: Task) -> Path:
        """Where a task's discrepancies go."""
        return self._folder / f"{task.name}.rows"

    def finish(self, task: Task, outcome: Outcome) -> None:
        """A task is done and its discrepancies are on disk."""
        plain = {"tally": outcome.tally.to_plain(), "differs": outcome.spool is not None}
        _write(self._folder / f"{task.name}.json", plain)

    def outcome(self, task: Task) -> Outcome | None:
        """What a finished task found; None where it has to be done."""
        found = _read(self._folder / f"{task.name}.json")
        if found is None:
            return None
        try:
            spool = Spool.open(self.place(task)) if found["differs"] else None
            return Outcome(Tally.of_plain(found["tally"]), spool)
        except (StoreError, KeyError, ValueError):
            return None  # a task that cannot be read back is done again


@cache
def _adapter() -> TypeAdapter[Layout]:
    from pydantic import TypeAdapter  # takes a while, and few comparisons are long

    return TypeAdapter(Layout)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _write(path: Path, content: Any) -> None:
    """Whole or not at all, and on disk before anything that relies on it."""
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
