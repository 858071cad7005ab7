"""What an archive says of itself, and whether it is still whole."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from parity.upkeep.archiving import checksum
from parity.upkeep.contents import Digest
from parity.upkeep.forms import Form

__all__ = ["MANIFEST", "entry", "read_manifest", "whole", "write_manifest"]

MANIFEST = "manifest.json"


def entry(path: Path, relation: str, forms: Sequence[Form], digest: Digest) -> dict[str, Any]:
    """What the manifest says of one file.

    Raises:
        OSError: it cannot be read.
    """
    return {
        "relation": relation,
        "file": path.name,
        "rows": digest.rows,
        "bytes": path.stat().st_size,
        "sha256": checksum(path),
        "digest": str(digest),
        "columns": [
            {"name": one.name, "type": one.type, "stored_as": str(one.stored)} for one in forms
        ],
    }


def write_manifest(folder: Path, content: Mapping[str, Any]) -> None:
    """Writes it; the folder is put in place afterwards.

    Raises:
        OSError: it cannot be written.
    """
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def read_manifest(folder: Path) -> Mapping[str, Any] | None:
    """What a folder's manifest says; None where there is none that can be read."""
    try:
        found = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("schema_version") == 1 else None


def whole(folder: Path, manifest: Mapping[str, Any]) -> bool:
    """True when every file is there and has the bytes that were written."""
    try:
        return all(checksum(folder / one["file"]) == one["sha256"] for one in manifest["relations"])
    except (OSError, KeyError, TypeError):
        return False
