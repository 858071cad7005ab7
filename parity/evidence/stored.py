"""What schema `parity` holds of a run, as digests that any edit of it changes.

The run's own `content` says what was found, whichever version stored it under which names; these
say what the rows of the database are, so that they need no version to be made again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from parity.evidence import queries

__all__ = ["Part", "Stored", "head_of", "stored_run", "stored_runs", "times_of_runs"]


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of a run: how many there are, and their digest."""

    rows: int
    sha256: str

    def to_json(self) -> dict[str, Any]:
        """The same as it stands in a manifest."""
        return {"rows": self.rows, "sha256": self.sha256}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A stored run. `row` is the digest of its row, `at` when it was stored."""

    run_id: str
    phase: str
    session: str
    verdict: str
    at: datetime
    content: str
    config: str
    row: str
    discrepancies: Part
    quality_checks: Part

    def sums(self) -> dict[str, Any]:
        """The digests as they stand in a manifest."""
        return {
            "run": self.row,
            "discrepancies": self.discrepancies.to_json(),
            "quality_checks": self.quality_checks.to_json(),
        }


def stored_runs(connection: psycopg.Connection, migration: str) -> dict[str, Stored]:
    """All stored runs of a migration by id.

    Raises:
        psycopg.Error: schema `parity` cannot be read.
    """
    rows = connection.execute(queries.STORED, {"migration": migration, "run_id": None})
    return {row[0]: _stored(row) for row in rows}


def stored_run(connection: psycopg.Connection, migration: str, run_id: str) -> Stored | None:
    """One of them; None where it has gone.

    Raises:
        psycopg.Error: schema `parity` cannot be read.
    """
    values = {"migration": migration, "run_id": run_id}
    row = connection.execute(queries.STORED, values).fetchone()
    return _stored(row) if row else None


def times_of_runs(connection: psycopg.Connection, migration: str) -> dict[str, datetime]:
    """When each run was stored, the oldest first.

    Raises:
        psycopg.Error: schema `parity` cannot be read.
    """
    return dict(connection.execute(queries.RUNS, [migration]).fetchall())


def head_of(connection: psycopg.Connection, migration: str) -> tuple[int, str]:
    """Number and hash of the newest row of the trail; 0 and empty where it has none.

    Raises:
        psycopg.Error: schema `parity` cannot be read.
    """
    row = connection.execute(queries.HEAD, [migration]).fetchone()
    return (row[0], row[1]) if row else (0, "")


def _stored(row: tuple[Any, ...]) -> Stored:
    run_id, phase, session, verdict, at, content, config, own, rows, found, checks, checked = row
    return Stored(
        run_id=run_id,
        phase=phase,
        session=session,
        verdict=verdict,
        at=at,
        content=content,
        config=config,
        row=own,
        discrepancies=Part(rows, found),
        quality_checks=Part(checks, checked),
    )
