"""Brings the rows of the second run back to where the comparison can see them."""

from __future__ import annotations

import psycopg

from parity.model.suite import Relation
from parity.noise import queries

__all__ = ["bring"]


def bring(
    scratch: psycopg.Connection, main: psycopg.Connection, relation: Relation, copy: Relation
) -> tuple[str, ...]:
    """Copies a relation of the scratch database into a new table of the main one.

    The table is like the main database's relation of that name, with its indexes.

    Args:
        scratch: reads the relation.
        main: in the transaction in which the table is wanted.
        relation: its name in both databases.
        copy: the table to make.

    Returns:
        The relation's columns.

    Raises:
        psycopg.Error: the relation is missing, is of another form in the scratch database, or may
            not be read.
    """
    main.execute(queries.create_like(copy, relation))
    columns = tuple(row[0] for row in main.execute(queries.COLUMNS, [copy.schema, copy.table]))
    main.execute(queries.COPY_SETTINGS)
    with scratch.transaction():
        scratch.execute(queries.COPY_SETTINGS)
        with (
            scratch.cursor().copy(queries.copy_out(relation, columns)) as rows,
            main.cursor().copy(queries.copy_in(copy, columns)) as table,
        ):
            for block in rows:
                table.write(block)
    main.execute(queries.analyze(copy))
    return columns
