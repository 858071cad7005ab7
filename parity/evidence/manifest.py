"""The manifest of a run: all of its files with their sums, and what it follows on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

from parity.evidence import disk
from parity.evidence.names import MANIFEST
from parity.evidence.stored import Stored

__all__ = ["canonical", "files_of", "manifest_of", "sha256_of"]

VERSION = 1


def canonical(content: Mapping[str, Any]) -> bytes:
    """JSON that is the same for the same content, whoever writes it, and can be read."""
    text = json.dumps(content, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def sha256_of(content: bytes) -> str:
    """The SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()


def files_of(place: Path) -> list[dict[str, Any]]:
    """Name, size (bytes) and sum of every file of a folder, but of the manifest itself.

    Raises:
        OSError: one cannot be read.
    """
    return [
        {"name": path.name, "size": path.stat().st_size, "sha256": disk.checksum(path)}
        for path in disk.plain_files(place)
        if path.name != MANIFEST
    ]


def manifest_of(
    run: Stored,
    migration: str,
    *,
    files: Sequence[Mapping[str, Any]],
    missing: Sequence[str],
    previous: str,
    head: tuple[int, str],
) -> dict[str, Any]:
    """What the manifest says. It holds no clock: sealing again says the same.

    Args:
        run: as it is stored.
        migration: its name.
        files: as `files_of` gives them.
        missing: names of files that a run like this has, and that were not there any more.
        previous: SHA-256 of the manifest of the evidence row before; empty for the first.
        head: number and hash of the newest row of the trail.
    """
    return {
        "schema_version": VERSION,
        "run_id": run.run_id,
        "migration": migration,
        "phase": run.phase,
        "session": run.session,
        "verdict": run.verdict,
        "content": run.content,
        "config": run.config,
        "made_at": run.at.astimezone(UTC).isoformat(),
        "stored": run.sums(),
        "files": list(files),
        "missing": sorted(missing),
        "previous": previous,
        "trail_head": {"number": head[0], "hash": head[1]},
    }
