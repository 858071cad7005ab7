"""What an auditor reads in a bundle: how to verify it, and the decisions as text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC

from parity.evidence.finding import Verification
from parity.model.trail import TrailEntry, TrailKind

__all__ = ["decisions", "lines_of_trail", "readme"]

_README = """\
Evidence of migration {migration}, phase {phase}
{line}

What is here
  decisions.txt     who decided what and when: phases, signatures, waivers,
                    switches, overrides, drills, and other rows of the trail
  trail.jsonl       the whole audit trail as it was written, one row a line
  runs/RUN/         {runs} of this phase: manifest.json (size and
                    SHA-256 of each file), result.json, index.html (the report
                    as published), DATASET.parquet (all differing rows), the
                    configuration, the logs of the jobs, and the versions of
                    the software
  verify.py         verifies all of it; needs Python 3 and nothing else
  SHA256SUMS        the sums of all files of this bundle

How to verify
  1. Read verify.py: it is short on purpose. Then:
       python3 -I verify.py
     It makes the hash of every row of the trail again (SHA-256 over seven
     lines: hash of the row before, migration, number, time, kind, name,
     content), the sum of every manifest, and the sum of every file.
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
    return "".join(
        json.dumps(
            {
                "number": entry.number,
                "migration": entry.migration,
                "at": entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                "kind": entry.kind,
                "by": entry.by,
                "content": entry.text,
                "previous": entry.previous,
                "hash": entry.hash,
            }
        )
        + "\n"
        for entry in trail
    )


def decisions(trail: Sequence[TrailEntry]) -> str:
    """The rows of the trail as text, but those that only name a manifest or a step."""
    passed_over = (TrailKind.EVIDENCE, TrailKind.STEP)
    told = [entry for entry in trail if entry.kind not in passed_over]
    return "\n".join("\n".join(_lines(entry)) + "\n" for entry in told)


def _lines(entry: TrailEntry) -> Iterator[str]:
    at = entry.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    yield f"{entry.number}. {at}  {_plain(entry.kind)}  by {_plain(entry.by)}"
    for key, value in entry.content.items():
        if key == "text":  # a whole file
            yield f"   text: {len(str(value).splitlines())} lines, see trail.jsonl"
        else:
            yield f"   {_plain(key)}: {_plain(value)}"


def _plain(value: object) -> str:
    """A value in one line; what would move a terminal's cursor is written out."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(text)
