"""Transactions on schema `parity`, and what goes wrong in them as one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from pydantic import ValidationError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from parity.model.errors import StoreError
from parity.store.queries import LOCK

__all__ = ["driver", "lock", "reading", "reason", "writing"]


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection to read with.

    Raises:
        StoreError: the schema cannot be read, or holds what this version does not know.
    """
    try:
        with engine.connect() as connection:
            yield connection
    except (SQLAlchemyError, psycopg.Error) as error:
        raise StoreError(f"schema parity cannot be read: {reason(error)}") from error
    except ValidationError as error:
        raise StoreError(
            "schema parity holds a run that this version cannot read: "
            f"{error.error_count()} fields are not as expected"
        ) from error


@contextmanager
def writing(engine: Engine, what: str) -> Iterator[Connection]:
    """One transaction: all of it, or nothing.

    Whatever the database has as its default, each statement sees what others have committed by
    then: who has waited for a lock must not go by what there was before.

    Raises:
        StoreError: `what` cannot be stored.
    """
    try:
        with engine.execution_options(isolation_level="READ COMMITTED").begin() as connection:
            yield connection
    except (SQLAlchemyError, psycopg.Error) as error:
        raise StoreError(f"{what} cannot be stored: {reason(error)}") from error


def driver(connection: Connection) -> psycopg.Connection:
    """The psycopg connection below."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    return raw


def lock(connection: Connection, what: str) -> None:
    """Waits until no other transaction holds `what`; held until this one ends."""
    driver(connection).execute(LOCK, [what])


def reason(error: Exception) -> str:
    """The first line of what the database said."""
    cause = getattr(error, "orig", None) or error
    return (str(cause).splitlines() or [type(cause).__name__])[0]
