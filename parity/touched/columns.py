"""The columns that the log and the change column are about, as the catalogue has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from parity.model.errors import DatabaseError
from parity.model.suite import Relation
from parity.touched import queries

__all__ = ["TIMES", "Column", "Place", "columns_of", "locate", "require_time"]

TIMES = ("date", "timestamp", "timestamptz")


@dataclass(frozen=True, slots=True)
class Place:
    """A relation's number in the catalogue, and its kind: r, p, v, m or f."""

    oid: int
    kind: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its type as declared, with its schema, and the type beneath domains."""

    name: str
    generated: str
    declared: str
    schema: str
    type: str

    @property
    def computed(self) -> bool:
        """True for a virtual column, which a trigger's rows do not hold."""
        return self.generated == "v"


def locate(connection: psycopg.Connection, relation: Relation) -> Place | None:
    """Where the relation is; None where there is no such table or view."""
    row = connection.execute(
        queries.RELATION_KIND, [relation.schema, relation.table]
    ).fetchone()  # fmt: skip
    return Place(*row) if row else None


def columns_of(
    connection: psycopg.Connection, relation: Relation, place: Place, names: Sequence[str]
) -> list[Column]:
    """The named columns, in that order.

    Raises:
        DatabaseError: one of them is missing.
    """
    rows = connection.execute(queries.COLUMN_TYPES, [place.oid, list(names)]).fetchall()
    found = {row[0]: Column(*row) for row in rows}
    for name in names:
        if name not in found:
            raise DatabaseError(f"{relation} has no column {name}; name one of its columns")
    return [found[name] for name in names]


def require_time(relation: Relation, column: Column) -> str:
    """The type of a column of dates or times.

    Raises:
        DatabaseError: it holds something else.
    """
    if column.schema != "pg_catalog" or column.type not in TIMES:
        raise DatabaseError(
            f"{relation}: column {column.name} is {column.type}, no date or timestamp; "
            "name one that is as the dataset's time or changed"
        )
    return column.type
