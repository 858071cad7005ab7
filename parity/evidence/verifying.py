"""Holds the trail, the manifests, the files and the stored runs against each other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from parity.evidence import disk
from parity.evidence.chain import check_chain, check_head
from parity.evidence.finding import Finding, Verification
from parity.evidence.manifest import sha256_of
from parity.evidence.names import MANIFEST
from parity.evidence.seals import Seal, Seals, seals_of
from parity.evidence.stored import Stored
from parity.model.trail import TrailEntry

__all__ = ["Known", "read_manifest", "verify"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What there is: the trail and the stored runs of a migration, and the folder of evidence."""

    migration: str
    trail: Sequence[TrailEntry]
    stored: Mapping[str, Stored]
    folder: Path


def verify(known: Known, head: str | None = None) -> Verification:
    """Finds every edit.

    Args:
        known: the trail and the stored runs, as of one moment.
        head: the hash of a row that the trail had before.
    """
    seals = seals_of(known.trail, known.migration)
    findings = [*check_chain(known.trail)]
    findings += [
        Finding(where=f"trail row {number}", what="is evidence of no run of this migration")
        for number in seals.odd
    ]
    if head is not None:
        findings += check_head(known.trail, head)
    if not known.trail:
        findings.append(
            Finding(where="trail", what="has no row: there is nothing to verify", told=False)
        )
    files = 0
    for seal in _with_folder(known, seals, findings):
        manifest = _manifest(known.folder, seal, findings)
        if manifest is not None:
            checked, lines = _night(known, seal, manifest)
            files += checked
            findings += lines
    waiting, unsealed = _unsealed(known, seals)
    last = known.trail[-1] if known.trail else None
    return Verification(
        migration=known.migration,
        rows=len(known.trail),
        head=(last.number, last.hash) if last else (0, ""),
        sealed=len(seals.holding),
        files=files,
        pruned=len(set(seals.pruned) - set(seals.holding)),
        waiting=waiting,
        findings=[*findings, *unsealed],
    )


def _with_folder(known: Known, seals: Seals, findings: list[Finding]) -> Iterator[Seal]:
    """The seals to look at; one line, not one each, where the folder of them all has gone."""
    if seals.holding and not known.folder.is_dir():
        what = f"gone, with the evidence of {len(seals.holding)} sealed runs"
        findings.append(Finding(where=str(known.folder), what=what))
        return
    yield from seals.holding.values()


def read_manifest(folder: Path, seal: Seal) -> dict[str, Any]:
    """The manifest that a seal names.

    Raises:
        ValueError: it is another one.
        OSError: it is gone, or cannot be read.
    """
    content = (folder / seal.run_id / MANIFEST).read_bytes()
    if sha256_of(content) != seal.manifest:
        raise ValueError(f"is not the one that trail row {seal.number} names")
    found: dict[str, Any] = json.loads(content)
    return found


def _manifest(folder: Path, seal: Seal, findings: list[Finding]) -> dict[str, Any] | None:
    where = f"{folder.name}/{seal.run_id}/{MANIFEST}"
    try:
        return read_manifest(folder, seal)
    except FileNotFoundError:
        findings.append(Finding(where=where, what=f"gone; trail row {seal.number} seals it"))
    except ValueError as error:
        findings.append(Finding(where=where, what=str(error)))
    except OSError as error:
        findings.append(_unreadable(where, error))
    return None


def _unreadable(where: str, error: OSError) -> Finding:
    return Finding(where=where, what=f"cannot be read: {error.strerror}", told=False)


def _night(known: Known, seal: Seal, manifest: Mapping[str, Any]) -> tuple[int, list[Finding]]:
    """All that a manifest says, held against what there is; and how many files it names."""
    try:
        findings = [
            *_manifest_in_chain(known.trail, seal, manifest),
            *_files(known.folder / seal.run_id, manifest),
            *_run(known, seal, manifest),
        ]
        return len(manifest["files"]), findings
    except (AttributeError, KeyError, TypeError):
        what = "is none that this version of parity makes"
        return 0, [Finding(where=f"manifest of {seal.run_id}", what=what, told=False)]


def _manifest_in_chain(
    trail: Sequence[TrailEntry], seal: Seal, manifest: Mapping[str, Any]
) -> Iterator[Finding]:
    """Whether a manifest follows on the one before, and on a row that the trail still has."""
    where = f"manifest of {seal.run_id}"
    if manifest["run_id"] != seal.run_id:
        yield Finding(where=where, what=f"is of run {manifest['run_id']}")
    if manifest["phase"] != seal.phase:
        what = f"is of phase {manifest['phase']}, and trail row {seal.number} says {seal.phase}"
        yield Finding(where=where, what=what)
    if manifest["previous"] != seal.previous:
        yield Finding(where=where, what="does not follow on the manifest that was sealed before")
    number, noted = manifest["trail_head"]["number"], manifest["trail_head"]["hash"]
    found = next((entry.hash for entry in trail if entry.number == number), "")
    if found != noted or number >= seal.number:
        yield Finding(
            where=where,
            what=f"was made when trail row {number} had another hash: the trail was made anew",
        )


def _files(place: Path, manifest: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether every file is there with its bytes, and no other one."""
    where = f"{place.parent.name}/{place.name}"
    named = {one["name"]: one for one in manifest["files"]}
    for name, one in named.items():
        yield from _file(place / name, f"{where}/{name}", one)
    known, missing = {MANIFEST, *named}, set(manifest["missing"])
    try:
        there = [path.name for path in disk.plain_files(place)]
    except OSError as error:
        yield _unreadable(where, error)
        return
    for name in there:
        if name not in known:
            noted = ": its manifest names it as missing" if name in missing else ""
            what = f"was not there when the run was sealed{noted}"
            yield Finding(where=f"{where}/{name}", what=what)


def _file(path: Path, where: str, one: Mapping[str, Any]) -> Iterator[Finding]:
    try:
        if path.is_symlink() or not path.exists():
            yield Finding(where=where, what="is a link now" if path.is_symlink() else "gone")
        elif path.stat().st_size != one["size"]:
            size = path.stat().st_size
            yield Finding(where=where, what=f"has {size:,} bytes, not {one['size']:,}")
        elif disk.checksum(path) != one["sha256"]:
            yield Finding(where=where, what="does not hold what was sealed: its sum is another")
    except OSError as error:
        yield _unreadable(where, error)


def _run(known: Known, seal: Seal, manifest: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether schema `parity` still holds what was sealed."""
    where = f"run {seal.run_id} in the database"
    run = known.stored.get(seal.run_id)
    if run is None:
        yield Finding(where=where, what=f"gone, though no row says so; trail row {seal.number}")
        return
    sums = run.sums()
    if manifest["content"] != run.content or manifest["stored"]["run"] != sums["run"]:
        yield Finding(where=where, what="its row or its result is not what was sealed")
    for part, rows in (("discrepancies", "differing rows"), ("quality_checks", "quality checks")):
        sealed, there = manifest["stored"][part], sums[part]
        if sealed != there:
            counts = f"{there['rows']:,} there, {sealed['rows']:,} sealed"
            yield Finding(where=where, what=f"its {rows} are not what was sealed ({counts})")


def _unsealed(known: Known, seals: Seals) -> tuple[int, list[Finding]]:
    """How many runs wait for their seal, and those that should have been sealed before.

    Runs are sealed in the order in which they were stored: whoever is interrupted, or looked at
    while at work, leaves the newest ones.
    """
    waiting = [run for run in known.stored.values() if seals.waits(run.run_id, run.at)]
    sealed = [_order(run) for run in known.stored.values() if run.run_id in seals.holding]
    late = [run for run in waiting if sealed and _order(run) < max(sealed)]
    what = "was never sealed, though later runs are"
    findings = [
        Finding(where=f"run {run.run_id} in the database", what=what)
        for run in sorted(late, key=lambda run: run.run_id)
    ]
    return len(waiting) - len(late), findings


def _order(run: Stored) -> tuple[datetime, str]:
    """The order in which runs are sealed."""
    return run.at, run.run_id
