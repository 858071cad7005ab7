"""The store in a fresh database."""

from __future__ import annotations

import pytest

from parity.database import Database
from parity.store import Store


@pytest.fixture
def store(database: Database) -> Store:
    store = Store(database.engine_as("parity_harness"))
    store.migrate()
    return store
