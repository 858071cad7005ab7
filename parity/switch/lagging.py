"""How far each side has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import psycopg

from parity.database.complaint import first_line
from parity.model.errors import DatabaseError
from parity.model.suite import Dataset
from parity.model.verdict import Side
from parity.switch import queries
from parity.switch.resolving import PATIENCE

__all__ = ["Reached", "config_of_run", "reached"]


@dataclass(frozen=True, slots=True)
class Reached:
    """The newest moment of a side's rows of a dataset, None without a time column or rows."""

    newest: datetime | None
    rows: bool


def reached(connection: psycopg.Connection, dataset: Dataset, side: Side, zone: str) -> Reached:
    """How far a side has come in a dataset.

    Args:
        connection: of a role that reads the side.
        dataset: whose `where` counts.
        side: the side.
        zone: in which dates and bare timestamps are, unless the dataset says.

    Raises:
        DatabaseError: it cannot be read.
    """
    text, values = queries.newest(dataset, side)
    try:
        with connection.transaction():
            connection.execute(queries.lock_timeout(PATIENCE))
            connection.execute(queries.IN_ZONE, [dataset.timezone or zone])
            row = connection.execute(text, values).fetchone()
    except psycopg.Error as error:
        raise DatabaseError(
            f"dataset {dataset.name}: {dataset.relation(side)} of the {side} side cannot be "
            f"read: {first_line(error)}"
        ) from None
    assert row is not None
    return Reached(row[0], row[1])


def config_of_run(connection: psycopg.Connection, run_id: str) -> tuple[str, datetime]:
    """The config's hash under which a stored run was first found, and when it was found last."""
    row = connection.execute(queries.RUN_CONFIG, [run_id]).fetchone()
    assert row is not None
    return row[0], row[1]
