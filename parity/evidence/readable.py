"""What an auditor reads in a bundle: how to verify it, and the decisions as text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC
from typing import Any

from parity.evidence import standalone
from parity.evidence.finding import Verification
from parity.model.trail import TrailEntry

__all__ = ["decisions", "lines_of_trail", "readme", "runs_text"]

_README = """\
Evidence of migration {migration}, phase {phase}
{line}

What is here
  decisions.txt     who decided what and when: phases, signatures, waivers,
                    switches, overrides, drills, and other rows of the trail
  runs.txt          the runs of this phase that the trail says were sealed
  trail.jsonl       the whole audit trail as it was written, one row a line
  runs/RUN/         {runs} of this phase: manifest.json (size and
                    SHA-256 of each file), result.json, index.html (the report
                    as published), DATASET.parquet (all differing rows), the
                    configuration, the logs of the jobs, and the versions of
                    the software
  verify.py         verifies all of it; needs Python 3 and nothing else
  SHA256SUMS        the sums of all files of this bundle

How to verify
  1. Unpack this into an empty folder. Read verify.py: it is short on purpose.
     Then:
       python3 -I verify.py
     It makes the hash of every row of the trail again (SHA-256 over seven
     lines: hash of the row before, migration, number, time, kind, name,
     content), the sum of every manifest, and the sum of every file; it makes
     decisions.txt and runs.txt again from the trail; and it says how many of
     the sealed runs are here, and which files nobody has sealed.
  2. Without Python:
       sha256sum -c SHA256SUMS
     and by hand: the "manifest" of each row of kind evidence in trail.jsonl is
       sha256sum runs/RUN/manifest.json
  3. Compare the head of the trail below with one that was noted earlier and
     kept elsewhere: whoever owns the database could have made the whole trail
     anew, but not with that hash in it. The trail must hold the noted hash:
       grep HASH trail.jsonl

Head of the trail: row {number}
  {head}
"""


def readme(verification: Verification, phase: str, runs: int) -> str:
    """The text of README.txt; says first of all what was found changed."""
    number, head = verification.head
    text = _README.format(
        migration=verification.migration,
        phase=phase,
        line="=" * 60,
        runs="1 sealed run" if runs == 1 else f"{runs} sealed runs",
        number=number,
        head=head,
    )
    if not verification.findings:
        return text
    findings = "\n".join(f"  - {finding}" for finding in verification.findings)
    return f"NOT AS IT WAS. When this bundle was made, it was found that:\n{findings}\n\n{text}"


def lines_of_trail(trail: Sequence[TrailEntry]) -> str:
    """One row of the trail a line, with all that its hash is made of."""
    return "".join(f"{json.dumps(_row(entry))}\n" for entry in trail)


def decisions(trail: Sequence[TrailEntry]) -> str:
    """The rows of the trail as text, as the bundle's script makes them again."""
    return standalone.decisions([_row(entry) for entry in trail])


def runs_text(phase: str, runs: Sequence[str]) -> str:
    """The sealed runs of a phase, as the bundle's script makes their list again."""
    return standalone.list_of(phase, list(runs))


def _row(entry: TrailEntry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "migration": entry.migration,
        "at": entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "kind": entry.kind,
        "by": entry.by,
        "content": entry.text,
        "previous": entry.previous,
        "hash": entry.hash,
    }
