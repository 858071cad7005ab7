"""The phase of a migration: where it is, how it got there, and its moves by hand.

From `validation` to `cutover` only the cutover moves, back only the rollback: the phase changes in
the transaction that switches the views.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from parity.database import Role
from parity.database.trail import note
from parity.gates.queries import NEWEST_PHASE, TRAIL_LOCK
from parity.model.checklist import Checklist, Move
from parity.model.errors import ParityError, StoreError, UsageError
from parity.model.trail import TrailKind
from parity.model.verdict import Phase, Side
from parity.nightly.checklist import checklist
from parity.nightly.harness import Harness
from parity.nightly.recording import record_config

__all__ = ["Advanced", "Standing", "advance", "retreat", "show"]

_ELSEWHERE = {
    Phase.VALIDATION: "only the cutover leads from validation on: run parity cutover",
    Phase.CLEANUP: "cleanup is the last phase: there is none to advance to",
}
_BACK = {Phase.VALIDATION: Phase.PARALLEL_RUN, Phase.CLEANUP: Phase.CUTOVER}
_NO_WAY_BACK = {
    Phase.PARALLEL_RUN: "parallel_run is the first phase: there is none to go back to",
    Phase.CUTOVER: "only the rollback leads back from cutover: run parity rollback",
}
_Row = tuple[TrailKind, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a migration is: `history` has all changes of its phase, the oldest first."""

    checklist: Checklist
    primary: Side
    history: tuple[Move, ...]

    def to_json(self) -> dict[str, Any]:
        """What `parity phase show --json` prints."""
        found = self.checklist
        return {
            "schema_version": 1,
            "migration": found.migration,
            "phase": found.phase.value,
            "primary": self.primary.value,
            "history": [move.to_json() for move in self.history],
            "checklist": found.to_json(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Advanced:
    """What came of an advance: `moved` is False where the gate was closed; nothing has changed."""

    checklist: Checklist
    moved: bool
    forced: bool = False

    def to_json(self) -> dict[str, Any]:
        """What `parity phase advance --json` prints."""
        return {
            "schema_version": 1,
            "moved": self.moved,
            "forced": self.forced,
            "checklist": self.checklist.to_json(),
        }


def show(
    harness: Harness,
    *,
    now: datetime,
    environ: Mapping[str, str],
    prefect_api: str | None = None,
) -> Standing:
    """Where the migration is, and what is missing to go on."""
    store, migration = harness.store, harness.suite.migration
    return Standing(
        checklist=checklist(harness, now=now, environ=environ, prefect_api=prefect_api),
        primary=store.primary(migration),
        history=tuple(map(Move.of, store.trail(migration, TrailKind.PHASE))),
    )


def advance(
    harness: Harness,
    *,
    by: str,
    why: str = "",
    force: str = "",
    now: datetime,
    environ: Mapping[str, str],
    prefect_api: str | None = None,
) -> Advanced:
    """Moves to the next phase if the gate is open, or if it is forced.

    Args:
        harness: whose migration.
        by: who decides.
        why: for the record; by default that the gate is open.
        force: a reason to move through a closed gate; it is recorded with what was red.
        now: the moment at which the gate is judged.
        environ: as for the checklist.
        prefect_api: as for the checklist.

    Raises:
        ParityError: a night is running, or the phase was changed meanwhile.
        UsageError: this phase is not left in this way, or not before its cutover is finished.
    """
    migration = harness.suite.migration
    with harness.alone():
        record_config(harness, by)
        seen = _newest(harness)
        phase = harness.store.phase(migration)
        if phase in _ELSEWHERE:
            raise UsageError(_ELSEWHERE[phase])
        if phase is Phase.CUTOVER:
            _require_finished(harness)
        found = checklist(harness, now=now, environ=environ, prefect_api=prefect_api)
        if not found.open and not force:
            return Advanced(checklist=found, moved=False)
        forced = not found.open
        rows: list[_Row] = [(TrailKind.OVERRIDE, _override(found, force))] if forced else []
        said = why or (f"forced: {force}" if forced else "the gate is open")
        moved = _phase(found, said, forced=forced) | {"as_of": now.isoformat()}
        _write(harness, seen, by, [*rows, (TrailKind.PHASE, moved)])
    return Advanced(checklist=found, moved=True, forced=forced)


def retreat(harness: Harness, *, by: str, why: str) -> Move:
    """Moves back to the phase before.

    Raises:
        ParityError: a night is running, or the phase was changed meanwhile.
        UsageError: this phase is not left in this way.
    """
    migration = harness.suite.migration
    with harness.alone():
        seen = _newest(harness)
        phase = harness.store.phase(migration)
        if phase in _NO_WAY_BACK:
            raise UsageError(_NO_WAY_BACK[phase])
        if phase is Phase.CLEANUP:
            _not_in_quarantine(harness)
        moved: dict[str, Any] = {
            "from": phase.value, "to": _BACK[phase].value, "why": why, "evidence": [],
            "forced": False,
        }  # fmt: skip
        _write(harness, seen, by, [(TrailKind.PHASE, moved)])
    return Move.of(harness.store.trail(migration, TrailKind.PHASE)[-1])


def _not_in_quarantine(harness: Harness) -> None:
    """Raises where a schema of the old side is not in its place."""
    steps: dict[str, dict[str, Any]] = {}
    for entry in harness.store.trail(harness.suite.migration, TrailKind.CLEANUP):
        if entry.content.get("step") in ("renamed", "restored", "dropped"):
            steps[str(entry.content.get("schema"))] = entry.content
    for schema, last in steps.items():
        if last["step"] == "dropped":
            raise UsageError(f"schema {schema} has been dropped: there is no way back")
        if last["step"] == "renamed":
            raise UsageError(
                f"schema {schema} is in quarantine as {last.get('renamed_to', '?')}: "
                "bring it back first with parity cleanup --undo --execute"
            )


def _require_finished(harness: Harness) -> None:
    """Raises where something of the last cutover is left to do; no reason overrides that."""
    migration = harness.suite.migration
    switches = harness.store.trail(migration, TrailKind.SWITCH)
    operation = switches[-1].content.get("operation") if switches else None
    if operation is None:
        return  # nobody has moved the views: there is nothing to finish
    steps = harness.store.trail(migration, TrailKind.STEP)
    done = {e.content.get("step") for e in steps if e.content.get("operation") == operation}
    if "finished" not in done:
        raise UsageError(
            f"{operation} is not finished: its own command does what is left, parity cutover "
            f"--execute --migration {migration}"
        )


def _phase(found: Checklist, why: str, *, forced: bool) -> dict[str, Any]:
    assert found.to is not None
    return {
        "from": found.phase.value,
        "to": found.to.value,
        "why": why,
        "evidence": list(found.runs),
        "forced": forced,
    }


def _override(found: Checklist, reason: str) -> dict[str, Any]:
    return {
        "operation": f"advance-{secrets.token_hex(4)}",
        "what": "phase advance",
        "reason": reason,
        "red": [item.id for item in found.red],
    }


def _newest(harness: Harness) -> int:
    """Number of the newest change of the phase; 0: none."""
    changes = harness.store.trail(harness.suite.migration, TrailKind.PHASE)
    return changes[-1].number if changes else 0


def _write(harness: Harness, seen: int, by: str, rows: Sequence[_Row]) -> None:
    """Adds the rows, all or none, unless the phase has changed since it was looked at.

    A rollback waits for nobody: it may have moved the phase since.
    """
    migration = harness.suite.migration
    try:
        with harness.database.connect_as(Role.PARITY_HARNESS) as connection:
            connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
            connection.execute(TRAIL_LOCK, [migration])
            newest = connection.execute(NEWEST_PHASE, [migration]).fetchone()
            if newest != (seen,):
                raise ParityError(
                    "the phase was changed meanwhile: look at it (parity phase show), then again"
                )
            for kind, content in rows:
                note(connection, migration, kind, by, content)
    except psycopg.Error as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise StoreError(f"the phase cannot be stored: {reason}") from error
