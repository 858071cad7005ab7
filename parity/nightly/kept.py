"""What is written down of an interrupted comparison's snapshot, to know it again."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["Kept", "read_kept", "write_kept"]

NAME = "keeper.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A snapshot and what it was of.

    `snapshot` is its pg_current_snapshot, `server` when the server started, `storage` which files
    stood behind the compared relations, `backends` the server processes of its keepers.
    """

    snapshot: str
    server: str
    storage: dict[str, str]
    backends: tuple[int, ...] = ()


def read_kept(folder: Path) -> Kept | None:
    """What the folder of a journal holds; None where it holds nothing, or not all of it."""
    try:
        found = json.loads((folder / NAME).read_bytes())
        return Kept(**{**found, "backends": tuple(map(int, found["backends"]))})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_kept(folder: Path, kept: Kept) -> None:
    """Whole or not at all."""
    part = folder / f".{NAME}.part"
    with part.open("w", encoding="utf-8") as file:
        json.dump(asdict(kept), file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / NAME)
