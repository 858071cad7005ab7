"""How the columns of a relation are kept in Parquet, so that nothing of a value is lost.

Whole numbers, booleans, doubles, dates and times have a form of their own; `numeric(p, s)` of up
to 38 digits is a decimal of that form. What Parquet or Arrow has no form for (a numeric without
limits, a wider one or one with NaN in it, a date or time that is infinite, arrays, JSON, intervals
...) is kept as the text that PostgreSQL writes for it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg
import pyarrow as pa

from parity.model.errors import DatabaseError
from parity.model.suite import Relation
from parity.upkeep.queries import reading

__all__ = ["TEXTS", "Form", "forms_of"]

TEXTS = ("text", "as text")
_LIMITS = re.compile(r"numeric\((\d+),(\d+)\)")
_PLAIN: dict[str, tuple[str, pa.DataType]] = {
    "int2": ("plain", pa.int16()),
    "int4": ("plain", pa.int32()),
    "int8": ("plain", pa.int64()),
    "bool": ("as text", pa.bool_()),
    "text": ("text", pa.string()),
    "varchar": ("text", pa.string()),
    "float4": ("real", pa.float32()),
    "float8": ("double", pa.float64()),
    "date": ("days", pa.date32()),
    "timestamp": ("microseconds", pa.timestamp("us")),
    "timestamptz": ("microseconds", pa.timestamp("us", tz="UTC")),
}


@dataclass(frozen=True, slots=True)
class Form:
    """A column in the database and in the file.

    Attributes:
        name: of the column.
        type: in the database, below any domain.
        how: as which its values are read, one of those that `queries.reading` knows.
        stored: its type in the file.
        scale: decimal digits of a decimal.
    """

    name: str
    type: str
    how: str
    stored: pa.DataType
    scale: int = 0

    @property
    def read(self) -> pa.DataType:
        """The type as which a CSV reader takes it: times are whole numbers there."""
        if self.how == "days":
            return pa.int32()
        return pa.int64() if self.how == "microseconds" else self.stored

    @property
    def may_be_special(self) -> bool:
        """Whether a value could be one that the file's type has no word for."""
        return self.how in ("decimal", "days", "microseconds")


def forms_of(connection: psycopg.Connection, relation: Relation) -> tuple[Form, ...]:
    """The forms of a relation's columns, as its rows need them.

    Args:
        connection: in the snapshot in which the rows are read.
        relation: a table or view.

    Raises:
        DatabaseError: there is no such relation, or it has no columns.
        psycopg.Error: it may not be read.
    """
    rows = connection.execute(reading.COLUMNS, [relation.schema, relation.table]).fetchall()
    if not rows:
        raise DatabaseError(
            f"there is no relation {relation} with columns; run the job that makes it, or mend "
            "datasets in the config"
        )
    forms = [_form(*row) for row in rows]
    doubtful = [
        (form.name, "numeric" if form.how == "decimal" else form.type)
        for form in forms
        if form.may_be_special
    ]
    return tuple(_settled(connection, relation, forms, doubtful))


def _settled(
    connection: psycopg.Connection,
    relation: Relation,
    forms: Sequence[Form],
    doubtful: Sequence[tuple[str, str]],
) -> list[Form]:
    if not doubtful:
        return list(forms)
    found: Any = connection.execute(reading.special(relation, doubtful)).fetchone()
    texts = {name for (name, _), special in zip(doubtful, found, strict=True) if special}
    return [
        replace(form, how="as text", stored=pa.string(), scale=0) if form.name in texts else form
        for form in forms
    ]


def _form(name: str, base: str, full: str) -> Form:
    limits = _LIMITS.fullmatch(full)
    if limits is not None:
        precision, scale = int(limits[1]), int(limits[2])
        if scale <= precision <= 38:
            return Form(name, full, "decimal", pa.decimal128(precision, scale), scale)
    how, stored = _PLAIN.get(base, ("as text", pa.string()))
    return Form(name, full, how, stored)
