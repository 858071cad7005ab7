"""A server that is lost in the middle of something is one clear line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from parity.database.complaint import first_line
from parity.model.errors import DatabaseError

__all__ = ["told_in_a_line"]


@contextmanager
def told_in_a_line(then: str) -> Iterator[None]:
    """What the database refuses within ends as one line that says what to do.

    Args:
        then: what to do when the server answers again.

    Raises:
        DatabaseError: for whatever the driver raised.
    """
    try:
        yield
    except psycopg.Error as error:
        raise DatabaseError(f"the database: {first_line(error)}; {then}") from None
