"""Schemas that were renamed to be kept for a while: which they are, as the catalog tells.

A schema's comment says that it is in quarantine; where somebody has written over the comment, its
name still does, as long as nothing has taken its old name.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from parity.database import queries

__all__ = ["Quarantined", "dropped", "not_to_be_made", "quarantine_name", "quarantined"]

LONGEST = 63  # bytes of a name in PostgreSQL
_NAME = re.compile(r"(.+)_quarantined_\d{8}(?:_\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """One schema in quarantine.

    Attributes:
        schema: its name now.
        of: its name before and, after an undo, again.
        until: the first day on which it may be dropped; None: nobody knows.
        migration: whose old side it is; empty: nobody knows.
        comment: what the schema's comment was; None: it had none.
    """

    schema: str
    of: str
    until: date | None = None
    migration: str = ""
    comment: str | None = None

    def to_comment(self) -> str:
        """What the schema's comment says meanwhile."""
        said: dict[str, Any] = {
            "parity": "quarantine",
            "of": self.of,
            "until": self.until.isoformat() if self.until else None,
            "migration": self.migration,
            "comment": self.comment,
        }
        return json.dumps(said, ensure_ascii=False)


def quarantined(connection: psycopg.Connection) -> tuple[Quarantined, ...]:
    """All schemas in quarantine, by name.

    Raises:
        psycopg.Error: the database refuses.
    """
    there = {row[0]: row[1] for row in connection.execute(queries.SCHEMAS_SAID).fetchall()}
    found = [_held(schema, comment, there) for schema, comment in sorted(there.items())]
    return tuple(one for one in found if one is not None)


def dropped(connection: psycopg.Connection) -> frozenset[str]:
    """Schemas that were dropped after their quarantine, as the trail says, and are not there.

    Raises:
        psycopg.Error: the database refuses.
    """
    row = connection.execute(queries.TRAIL_READABLE).fetchone()
    if not (row and row[0]):
        return frozenset()
    last: dict[str, str] = {}
    for (text,) in connection.execute(queries.CLEANUPS).fetchall():
        said = _object(text)
        if said.get("step") in ("renamed", "restored", "dropped"):
            last[str(said.get("schema"))] = said["step"]
    there = {row[0] for row in connection.execute(queries.SCHEMAS_SAID).fetchall()}
    return frozenset(name for name, step in last.items() if step == "dropped") - there


def not_to_be_made(connection: psycopg.Connection) -> frozenset[str]:
    """Names under which no schema is made, as it stands under another one or is gone for good.

    Raises:
        psycopg.Error: the database refuses.
    """
    return dropped(connection) | {one.of for one in quarantined(connection)}


def quarantine_name(schema: str, day: date, taken: frozenset[str]) -> str:
    """What a schema is called in quarantine: a name that is not taken and that fits."""
    number = 1
    while True:
        end = f"_quarantined_{day:%Y%m%d}" + (f"_{number}" if number > 1 else "")
        name = schema.encode()[: LONGEST - len(end)].decode(errors="ignore") + end
        if name not in taken:
            return name
        number += 1


def _held(schema: str, comment: str | None, there: dict[str, str | None]) -> Quarantined | None:
    said = _object(comment or "")
    if said.get("parity") == "quarantine" and isinstance(said.get("of"), str):
        before = said.get("comment")
        return Quarantined(
            schema=schema,
            of=said["of"],
            until=_day(said.get("until")),
            migration=str(said.get("migration") or ""),
            comment=None if before is None else str(before),
        )
    match = _NAME.fullmatch(schema)
    if match and match[1] not in there:
        return Quarantined(schema=schema, of=match[1], comment=comment)
    return None


def _object(text: str) -> dict[str, Any]:
    """What a text says, if it is a JSON object; anybody may have written it."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None
