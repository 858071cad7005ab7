"""One file with all evidence of a phase, the same bytes for the same evidence."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

from parity.evidence import disk
from parity.evidence.finding import Verification
from parity.evidence.manifest import sha256_of
from parity.evidence.names import MANIFEST
from parity.evidence.readable import decisions, lines_of_trail, readme, runs_text
from parity.evidence.seals import Seal, seals_of
from parity.evidence.verifying import Known, read_manifest

__all__ = ["bundle_name", "runs_of_phase", "write_bundle"]

_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip file knows
_READABLE = 0o100644 << 16
_UNIX = 3

Entry = bytes | Path


def bundle_name(migration: str, phase: str) -> str:
    """The name of the file where none is given."""
    return f"{migration}-{phase}-evidence.zip"


def runs_of_phase(known: Known, phase: str) -> list[str]:
    """The sealed runs of a phase, by session, as the trail names them."""
    holding = seals_of(known.trail, known.migration).holding.values()
    return sorted(seal.run_id for seal in holding if seal.phase == phase)


def write_bundle(
    path: Path, known: Known, verification: Verification, phase: str, runs: Sequence[str]
) -> int:
    """Writes the file at once: the old one or the new, never a part. Returns how many are in it.

    Args:
        path: the file.
        known: what there is.
        verification: what was found of it; README.txt says so.
        phase: whose evidence.
        runs: the sealed runs of the phase.

    Raises:
        OSError: the disk refuses.
    """
    entries = _entries(known, verification, phase, runs)
    sums = "".join(f"{_sum(entry)}  {name}\n" for name, entry in sorted(entries.items()))
    entries["SHA256SUMS"] = sums.encode()
    disk.write(path, lambda file: _pack(zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED), entries))
    disk.sync(path.absolute().parent)
    return len(entries)


def _entries(
    known: Known, verification: Verification, phase: str, runs: Sequence[str]
) -> dict[str, Entry]:
    script = resources.files("parity.evidence").joinpath("standalone.py").read_bytes()
    entries: dict[str, Entry] = {
        "runs.txt": runs_text(phase, runs).encode(),
        "README.txt": readme(verification, phase, len(runs)).encode(),
        "decisions.txt": decisions(known.trail).encode(),
        "trail.jsonl": lines_of_trail(known.trail).encode(),
        "verify.py": script,
    }
    holding = seals_of(known.trail, known.migration).holding
    for run_id in runs:
        place = known.folder / run_id
        for name in _names(known.folder, holding[run_id]):
            if disk.is_plain(place / name):
                entries[f"runs/{run_id}/{name}"] = place / name
    return entries


def _names(folder: Path, seal: Seal) -> list[str]:
    """The manifest and what it names; without the one that was sealed nothing else is known."""
    try:
        return [MANIFEST, *(one["name"] for one in read_manifest(folder, seal)["files"])]
    except (OSError, ValueError, KeyError, TypeError):
        return [MANIFEST]


def _sum(entry: Entry) -> str:
    return disk.checksum(entry) if isinstance(entry, Path) else sha256_of(entry)


def _pack(archive: zipfile.ZipFile, entries: Mapping[str, Entry]) -> None:
    with archive:
        for name, entry in sorted(entries.items()):
            info = zipfile.ZipInfo(name, _LONG_AGO)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system, info.external_attr = _UNIX, _READABLE
            info.file_size = entry.stat().st_size if isinstance(entry, Path) else len(entry)
            with archive.open(info, "w") as target:
                if isinstance(entry, bytes):
                    target.write(entry)
                else:
                    with entry.open("rb") as source:
                        shutil.copyfileobj(source, target, disk.BLOCK)
