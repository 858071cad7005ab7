"""Reading one column of one side along the time axis, where all other key columns are fixed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from parity.diff.columns import Compared
from parity.diff.queries.part import Part, conjoin, words
from parity.diff.queries.sides import Reader

__all__ = ["PATIENT", "Axis", "Limit", "course", "extent"]

# Local to the transaction. Whoever reads for a picture only gives up before anybody waits for it.
PATIENT = words("SET LOCAL statement_timeout = '10s'")

Limit = tuple[str, Any]
"""A bound of the time: the operator, the value."""


@dataclass(frozen=True, slots=True)
class Axis:
    """The rows of one symbol in the order of their time.

    `time`: its place in the key. `fixed`: the places of all other key columns, with their values.
    `types`: of all columns of `columns_of`.
    """

    time: int
    fixed: tuple[tuple[int, Any], ...]
    types: Sequence[str]

    def tests(self, reader: Reader, limits: Sequence[Limit]) -> Part:
        """What holds for rows of the axis within some bounds."""
        held = [(place, "=", value) for place, value in self.fixed]
        held += [(self.time, operator, value) for operator, value in limits]
        return conjoin(
            [
                reader.filters(),
                reader.settled(),
                *(
                    Part(
                        sql.SQL("{} {} {}::{}").format(
                            reader.value(reader.key[place]),
                            words(operator),
                            sql.Placeholder(),
                            words(self.types[place].replace("%", "%%")),
                        ),
                        (value,),
                    )
                    for place, operator, value in held
                ),
            ]
        )


def course(
    reader: Reader,
    axis: Axis,
    column: Compared,
    limits: Sequence[Limit],
    *,
    back: bool,
    limit: int,
) -> Part:
    """Time and value of neighbouring rows of one side, from one end of the bounds on.

    Args:
        reader: the side.
        axis: whose rows.
        column: whose values, in the form in which they compare.
        limits: bounds of the time.
        back: from the newest backwards.
        limit: how many rows at most.
    """
    wanted = axis.tests(reader, limits)
    time = reader.value(reader.key[axis.time])
    text = sql.SQL("SELECT {time}, {value} FROM {t} WHERE {w} ORDER BY {time} {way} LIMIT {p}")
    return Part(
        text.format(
            time=time,
            value=reader.value(column),
            t=reader.relation(),
            w=wanted.text,
            way=words("DESC" if back else "ASC"),
            p=sql.Placeholder(),
        ),
        (*wanted.values, limit),
    )


def extent(reader: Reader, axis: Axis, limits: Sequence[Limit], most: int) -> Part:
    """How many rows of one side lie within the bounds; they are counted up to `most`."""
    wanted = axis.tests(reader, limits)
    text = sql.SQL("SELECT count(*) FROM (SELECT FROM {t} WHERE {w} LIMIT {p}) r").format(
        t=reader.relation(), w=wanted.text, p=sql.Placeholder()
    )
    return Part(text, (*wanted.values, most))
