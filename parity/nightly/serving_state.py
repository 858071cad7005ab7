"""Where serving stands by the trail: the phase, who is primary, and when consumers were moved."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from parity.database import Role
from parity.database.complaint import first_line
from parity.gates.queries import COMPARED_BEFORE
from parity.model.errors import DatabaseError
from parity.model.trail import TrailEntry, TrailKind
from parity.model.verdict import Side
from parity.nightly.harness import Harness
from parity.report.serving import ServingView, SwitchRow

__all__ = ["serving_view"]


def serving_view(harness: Harness) -> ServingView:
    """What the index of nights says of serving.

    Raises:
        DatabaseError: the database does not answer.
        StoreError: the trail cannot be read.
    """
    store, migration = harness.store, harness.suite.migration
    return ServingView(
        phase=store.phase(migration).value,
        primary=store.primary(migration),
        switches=_switches(harness, store.trail(migration, TrailKind.SWITCH)),
    )


def _switches(harness: Harness, entries: Sequence[TrailEntry]) -> tuple[SwitchRow, ...]:
    if not entries:
        return ()
    operations = ["", *(str(entry.content.get("operation", "")) for entry in entries)]
    try:
        with harness.database.connect_as(Role.PARITY_HARNESS, autocommit=True) as connection:
            return tuple(
                _switch(connection, entry, own=bool(before) and before == operation)
                for entry, before, operation in zip(
                    entries, operations, operations[1:], strict=False
                )
            )
    except psycopg.Error as error:
        raise DatabaseError(f"the switches cannot be placed: {first_line(error)}") from None


def _switch(connection: psycopg.Connection, entry: TrailEntry, *, own: bool) -> SwitchRow:
    """The switch of a row; `own` is True where it takes back what its own cutover did."""
    rows = connection.execute(COMPARED_BEFORE, [entry.migration, entry.at]).fetchall()
    return SwitchRow(
        at=entry.at,
        by=entry.by,
        to=Side(entry.content["to"]),
        after=max((session for (session,) in rows), default=None),
        forced=bool(entry.content.get("forced")),
        taken_back=own,
    )
