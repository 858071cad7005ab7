"""Databases beside the main one, made for a while: the second run of jobs, a backup's trial."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import psycopg

from parity.database.scratch import queries

__all__ = ["bring_extensions", "create_like_main", "drop_scratch"]


def create_like_main(admin: psycopg.Connection, name: str) -> None:
    """Makes an empty database with the encoding and the locale of the one connected to.

    Raises:
        psycopg.Error: it cannot be made; InsufficientPrivilege where the role lacks CREATEDB.
    """
    row = admin.execute(queries.DATABASE).fetchone()
    assert row is not None
    admin.execute(queries.create_database(name, row[0]))


def bring_extensions(
    admin: psycopg.Connection, scratch: psycopg.Connection, schemas: Sequence[str]
) -> None:
    """Makes the main database's extensions, but for those in schemas that are copied.

    One that cannot be made is left out: where a copied table needs it, the copy fails and is told.
    """
    for name, schema in admin.execute(queries.EXTENSIONS, [list(schemas)]).fetchall():
        with suppress(psycopg.Error):
            scratch.execute(queries.create_extension(name, schema))


def drop_scratch(admin: psycopg.Connection, name: str) -> None:
    """Drops it where it is there, whoever is still in it.

    Raises:
        psycopg.Error: it cannot be dropped.
    """
    admin.execute(queries.drop_database(name))
