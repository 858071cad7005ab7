"""The audit trail: what was decided, by whom, in an order that nobody can change unseen.

Every row holds the hash of the one before it. `parity.append_trail` in the database makes the
hash, `chain_hash` here makes it again, so that an edited, removed or moved row is found.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

__all__ = ["TrailEntry", "TrailKind", "chain_hash", "content_text"]


class TrailKind(StrEnum):
    """What a row of the trail is about. What each holds in `content` stands in docs/trail.md."""

    PHASE = "phase"
    SIGNATURE = "signature"
    WAIVERS = "waivers"
    CONFIG = "config"
    SWITCH = "switch"
    STEP = "step"
    OVERRIDE = "override"
    SCHEDULES = "schedules"
    DRILL = "drill"
    CATCH_UP = "catch_up"
    CLEANUP = "cleanup"
    EVIDENCE = "evidence"
    PRUNED = "pruned"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailEntry:
    """One row of the trail.

    `number` counts from 1 within a migration, without gaps. `text` is the content as it was
    written, of which the hash was made; `content` is what it says.
    """

    number: int
    migration: str
    at: datetime
    kind: str
    by: str
    content: dict[str, Any]
    text: str
    previous: str
    hash: str


def content_text(content: Mapping[str, Any]) -> str:
    """A row's content as it is written: the hash is made of this text."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, allow_nan=False)


def chain_hash(entry: TrailEntry) -> str:
    """The SHA-256 (64 hex digits) that a row must have: of the one before and of all it says."""
    parts = (
        entry.previous,
        entry.migration,
        str(entry.number),
        entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        entry.kind,
        entry.by,
        entry.text,
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
