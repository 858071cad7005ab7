"""Two symbols of real bars on both sides."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from parity.database import Database, Role
from parity.store import Store
from tests.selftest import toy


@pytest.fixture
def bars(database: Database) -> Database:
    """A database whose both sides hold the same bars and indicators of AAPL and IBM."""
    toy.fill(database, ("AAPL", "IBM"))
    Store(database.engine_as(Role.PARITY_HARNESS)).migrate()
    return database


@pytest.fixture
def connection(bars: Database) -> Iterator[psycopg.Connection]:
    """As the harness connects."""
    with bars.connect_as(Role.PARITY_HARNESS) as connection:
        yield connection
